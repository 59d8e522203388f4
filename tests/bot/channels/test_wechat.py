"""What an Official Account's callbacks become, and what its replies look like."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from bot.channels.crypto import sign
from bot.channels.envelope import write_xml
from bot.errors import ConfigurationFault, RefusedInput
from bot.messages import Kind
from console.platform.phone import Mode
from tests.bot.channels.conftest import KEY, OTHER_KEY, make_channel, make_phone

PERSON = "oPerson0000000000000000000001"


def parsed(channel, delivery):
    return channel.parse(delivery.query, delivery.body).inbound


def test_tencents_golden_vector_gives_its_signature():
    assert sign("AAAAA", "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"


@pytest.mark.parametrize("is_json", [False, True], ids=["XML", "JSON"])
@pytest.mark.parametrize(
    ("platform_type", "fields", "kind", "text", "media_id"),
    [
        ("text", {"Content": "等待期多久"}, Kind.TEXT, "等待期多久", ""),
        ("voice", {"MediaId": "m1", "Format": "amr", "Recognition": "怎么理赔"}, Kind.VOICE, "怎么理赔", "m1"),
        ("voice", {"MediaId": "m1", "Format": "amr"}, Kind.VOICE, "", "m1"),
        ("image", {"MediaId": "m2", "PicUrl": "http://a/b?c=1&d=2"}, Kind.IMAGE, "", "m2"),
        ("video", {"MediaId": "m3", "ThumbMediaId": "t"}, Kind.VIDEO, "", "m3"),
        ("shortvideo", {"MediaId": "m4", "ThumbMediaId": "t"}, Kind.VIDEO, "", "m4"),
        ("file", {"Title": "病历.pdf", "FileTotalLen": "12"}, Kind.FILE, "", ""),
        ("location", {"Location_X": "39.9", "Location_Y": "116.4", "Label": "北京"}, Kind.LOCATION, "", ""),
        ("link", {"Title": "题", "Url": "https://a.example/"}, Kind.LINK, "", ""),
        ("miniprogrampage", {"Title": "卡片"}, Kind.UNKNOWN, "", ""),
        ("something_new", {}, Kind.UNKNOWN, "", ""),
    ],
)
def test_each_type_of_message_becomes_its_kind(clock, is_json, platform_type, fields, kind, text, media_id):
    channel, phone = make_channel(clock), make_phone(clock, is_json=is_json)
    inbound = parsed(channel, phone.message(PERSON, platform_type, key="24001", **fields))
    assert (inbound.kind, inbound.text, inbound.media_id, inbound.key) == (kind, text, media_id, "24001")
    assert inbound.sent_at == datetime(2026, 9, 30, 8, 50, tzinfo=UTC)


def test_a_messages_other_fields_keep_their_names(channel, phone):
    location = phone.message(PERSON, "location", Location_X="39.9", Location_Y="116.4", Scale="15", Label="北京市")
    assert parsed(channel, location).fields == {
        "Location_X": "39.9",
        "Location_Y": "116.4",
        "Scale": "15",
        "Label": "北京市",
    }


def test_a_click_in_a_menu_message_tells_its_entry(channel, phone):
    inbound = parsed(channel, phone.text(PERSON, "满意", bizmsgmenuid="101"))
    assert (inbound.kind, inbound.text, inbound.event_key) == (Kind.TEXT, "满意", "101")


@pytest.mark.parametrize(
    ("event", "event_key", "name", "key"),
    [
        ("subscribe", "", "subscribe", ""),
        ("subscribe", "qrscene_clinic-7", "subscribe", "clinic-7"),
        ("unsubscribe", "", "unsubscribe", ""),
        ("SCAN", "clinic-7", "scan", "clinic-7"),
        ("CLICK", "my_policy", "click", "my_policy"),
        ("VIEW", "https://a.example/?x=1&y=2", "view", "https://a.example/?x=1&y=2"),
        ("LOCATION", "", "location", ""),
        ("TEMPLATESENDJOBFINISH", "", "templatesendjobfinish", ""),
        ("subscribe_msg_popup_event", "", "subscribe_msg_popup_event", ""),
        ("subscribe_msg_sent_event", "", "subscribe_msg_sent_event", ""),
        ("an_event_of_tomorrow", "", "an_event_of_tomorrow", ""),
    ],
)
def test_each_event_is_named_in_lower_case(channel, phone, event, event_key, name, key):
    inbound = parsed(channel, phone.event(PERSON, event, event_key))
    assert (inbound.kind, inbound.event, inbound.event_key) == (Kind.EVENT, name, key)


def test_an_events_key_is_the_digest_of_what_identifies_it(channel, phone, clock):
    parts = [PERSON, str(int(clock.now.timestamp())), "CLICK", "my_policy"]
    expected = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    assert parsed(channel, phone.event(PERSON, "CLICK", "my_policy")).key == expected


def test_two_delivery_reports_of_one_second_have_different_keys(channel, phone):
    reports = [phone.event(PERSON, "TEMPLATESENDJOBFINISH", MsgID=number, Status="success") for number in "12"]
    assert len({parsed(channel, report).key for report in reports}) == 2


@pytest.mark.parametrize("is_json", [False, True], ids=["XML", "JSON"])
def test_the_entries_of_a_subscription_event_are_all_kept(clock, is_json):
    entries = [{"TemplateId": "t1", "Status": "accept"}, {"TemplateId": "t2", "Status": "reject"}]
    if is_json:
        head = {"ToUserName": "gh_1", "FromUserName": PERSON, "CreateTime": 1790758200, "MsgType": "event"}
        event = {"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": entries}}
        body = json.dumps({**head, **event}).encode()
    else:
        lists = b"".join(write_xml(**entry).replace(b"xml>", b"List>") for entry in entries)
        flat = write_xml(
            ToUserName="gh_1",
            FromUserName=PERSON,
            CreateTime=1790758200,
            MsgType="event",
            Event="subscribe_msg_popup_event",
        )
        nested = b"<SubscribeMsgPopupEvent>" + lists + b"</SubscribeMsgPopupEvent></xml>"
        body = flat.replace(b"</xml>", nested)
    delivery = make_phone(clock, is_json=is_json).deliver(body)
    fields = parsed(make_channel(clock), delivery).fields
    assert fields["SubscribeMsgPopupEvent.List.TemplateId"] == "t1"
    assert fields["SubscribeMsgPopupEvent.List#2.Status"] == "reject"


def test_an_unknown_message_without_an_id_keeps_one_key_over_retries(channel, clock):
    body = write_xml(ToUserName="gh_1", FromUserName=PERSON, CreateTime=1790758200, MsgType="new", Thing="a")
    other = body.replace(b"<![CDATA[a]]>", b"<![CDATA[b]]>")
    keys = [parsed(channel, make_phone(clock).deliver(each)).key for each in (body, body, other)]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("key", [KEY, OTHER_KEY], ids=["current", "previous"])
def test_a_reply_is_encrypted_under_the_key_that_opened_the_message(channel, clock, key):
    phone = make_phone(clock, key=key)
    delivery = phone.text(PERSON, "你好")
    wrapped = channel.wrap(channel.parse(delivery.query, delivery.body), "您好")
    assert b"Content" not in wrapped.body
    assert phone.read(wrapped.body) == "您好"


def test_a_reply_to_json_is_json(clock):
    channel, phone = make_channel(clock), make_phone(clock, is_json=True)
    delivery = phone.text(PERSON, "你好")
    wrapped = channel.wrap(channel.parse(delivery.query, delivery.body), "您好")
    assert set(json.loads(wrapped.body)) == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
    assert wrapped.content_type.startswith("application/json")


def test_control_characters_never_reach_a_reply(channel, phone):
    delivery = phone.text(PERSON, "你好")
    envelope = channel.parse(delivery.query, delivery.body)
    assert phone.read(channel.wrap(envelope, "一\x00二\x0b三\x1b四\r\n五\ud800六\ufffe").body) == "一二三四\n五六"


@pytest.mark.parametrize("text", [None, "", " \n", "\x00"])
def test_nothing_to_say_is_success_in_clear(channel, phone, text):
    delivery = phone.text(PERSON, "你好")
    assert channel.wrap(channel.parse(delivery.query, delivery.body), text).body == b"success"


def test_in_compatible_mode_only_the_encrypted_part_is_trusted(channel, clock):
    delivery = make_phone(clock, mode=Mode.COMPATIBLE).text(PERSON, "真话")
    assert "真话".encode() in delivery.body
    forged = delivery.body.replace("真话".encode(), "假话".encode())
    assert channel.parse(delivery.query, forged).inbound.text == "真话"


def test_with_a_key_a_body_in_clear_is_refused(channel, clock):
    delivery = make_phone(clock, key="").text(PERSON, "你好")
    with pytest.raises(RefusedInput):
        channel.parse(delivery.query, delivery.body)


def test_a_retry_with_the_same_signature_timestamp_and_nonce_is_taken(channel, phone, clock):
    delivery = phone.text(PERSON, "你好", key="24001")
    keys = []
    for _ in range(3):
        keys.append(parsed(channel, delivery).key)
        clock.move(seconds=5)
    assert keys == ["24001"] * 3


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_callback_outside_the_window_is_refused(channel, phone, clock, seconds):
    delivery, check = phone.text(PERSON, "你好"), phone.challenge("123")
    clock.move(seconds=seconds)
    with pytest.raises(RefusedInput):
        channel.parse(delivery.query, delivery.body)
    with pytest.raises(RefusedInput):
        channel.challenge(check)


@pytest.mark.parametrize("seconds", [-299, 299])
def test_a_callback_inside_the_window_is_taken(channel, phone, clock, seconds):
    delivery = phone.text(PERSON, "你好")
    clock.move(seconds=seconds)
    assert parsed(channel, delivery).text == "你好"


@pytest.mark.parametrize("name", ["signature", "msg_signature", "timestamp", "nonce"])
def test_a_tampered_query_is_refused(channel, phone, name):
    delivery = phone.text(PERSON, "你好")
    for value in ("", "0" * 40, delivery.query[name][:-1], "签名", delivery.query[name] + "\ud800"):
        if value == "" and name == "signature":
            continue  # msg_signature alone covers everything
        with pytest.raises(RefusedInput):
            channel.parse({**delivery.query, name: value}, delivery.body)


def test_a_tampered_body_is_refused_wherever_a_byte_changes(channel, phone):
    delivery = phone.text(PERSON, "你好")
    start = delivery.body.index(b"<Encrypt>") + len(b"<Encrypt><![CDATA[")
    for position in range(start, delivery.body.index(b"]]></Encrypt>")):
        other = b"A" if delivery.body[position : position + 1] != b"A" else b"B"
        with pytest.raises(RefusedInput):
            channel.parse(delivery.query, delivery.body[:position] + other + delivery.body[position + 1 :])


def test_a_message_for_another_receiver_is_refused(channel, clock):
    delivery = make_phone(clock, app_id="wx0000000000000002").text(PERSON, "你好")
    with pytest.raises(RefusedInput, match="receiver"):
        channel.parse(delivery.query, delivery.body)


@pytest.mark.parametrize("key", ["short", "!" * 43, KEY + "="])
def test_a_key_that_is_none_is_a_fault_of_the_configuration(clock, key):
    with pytest.raises(ConfigurationFault, match="encoding_aes_key"):
        make_channel(clock, key=key)


@pytest.mark.parametrize("missing", ["FromUserName", "CreateTime", "MsgType", "MsgId"])
def test_a_message_without_its_envelope_fields_is_refused(channel, phone, missing):
    fields = {"ToUserName": "gh_1", "FromUserName": PERSON, "CreateTime": 1790758200, "MsgType": "text"}
    fields |= {"Content": "你好", "MsgId": "1"}
    del fields[missing]
    delivery = phone.deliver(write_xml(**fields))
    with pytest.raises(RefusedInput):
        channel.parse(delivery.query, delivery.body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FromUserName", "两个字"),
        ("FromUserName", "a" * 129),
        ("FromUserName", "a b"),
        ("CreateTime", "-1"),
        ("CreateTime", "1e9"),
        ("CreateTime", "999999999999"),
        ("CreateTime", "١٢٣"),
        ("MsgId", "1 2"),
        ("MsgId", "1" * 200),
        ("MsgType", "event"),
    ],
)
def test_an_envelope_field_that_cannot_be_is_refused(channel, phone, name, value):
    fields = {"ToUserName": "gh_1", "FromUserName": PERSON, "CreateTime": "1790758200", "MsgType": "text"}
    delivery = phone.deliver(write_xml(**{**fields, "Content": "你好", "MsgId": "1", name: value}))
    with pytest.raises(RefusedInput):
        channel.parse(delivery.query, delivery.body)
