"""What the callbacks of a WeCom application become, which are refused, and what its replies look like."""

import pytest

from bot.channels.envelope import read, write_xml
from bot.errors import ConfigurationFault, RefusedInput
from bot.messages import Kind
from tests.bot.channels.conftest import KEY, OTHER_KEY
from tests.bot.channels.corporation import CORP, MEMBER, make_wecom_channel, make_wecom_phone


@pytest.fixture
def channel(clock):
    return make_wecom_channel(clock)


@pytest.fixture
def phone(clock):
    return make_wecom_phone(clock)


def parsed(channel, delivery):
    return channel.parse(delivery.query, delivery.body).inbound


def test_a_location_keeps_its_fields_and_loses_the_agent(channel, phone):
    inbound = parsed(channel, phone.message(MEMBER, "location", Location_X="31.2", Label="上海", AppType="wxwork"))
    assert (inbound.kind, inbound.contact) == (Kind.LOCATION, MEMBER)
    assert inbound.fields == {"Location_X": "31.2", "Label": "上海", "AppType": "wxwork"}


def test_a_click_on_a_card_tells_button_and_task(channel, phone):
    click = phone.event(MEMBER, "template_card_event", "done", TaskId="case-7", ResponseCode="r1")
    inbound = parsed(channel, click)
    assert (inbound.event, inbound.event_key) == ("template_card_event", "done")
    assert inbound.fields["TaskId"] == "case-7"


def test_clicks_on_two_cards_in_one_second_are_two_events(channel, phone):
    clicks = [phone.event(MEMBER, "template_card_event", "done", TaskId=task) for task in ("case-7", "case-8")]
    assert len({parsed(channel, click).key for click in clicks}) == 2


def test_a_message_for_another_application_is_refused(channel, clock):
    other = make_wecom_phone(clock, agent_id=1000003)
    with pytest.raises(RefusedInput, match="another application"):
        parsed(channel, other.text(MEMBER, "您好"))


def test_a_message_for_another_corporation_is_refused(channel, clock):
    with pytest.raises(RefusedInput, match="another receiver"):
        parsed(channel, make_wecom_phone(clock, corp_id="ww0000000000000002").text(MEMBER, "您好"))


@pytest.mark.parametrize("how", [{"token": "another"}, {"key": OTHER_KEY}], ids=["token", "key"])
def test_what_was_sealed_or_signed_by_somebody_else_is_refused(channel, clock, how):
    other = make_wecom_phone(clock, **how)
    with pytest.raises(RefusedInput):
        parsed(channel, other.text(MEMBER, "您好"))
    with pytest.raises(RefusedInput):
        channel.challenge(other.challenge("1616140317555161061"))


def test_a_readable_body_is_refused(channel, phone):
    query = phone.text(MEMBER, "您好").query
    body = write_xml(ToUserName=CORP, FromUserName=MEMBER, CreateTime=1, MsgType="text", Content="x", MsgId="1")
    with pytest.raises(RefusedInput, match="nothing is encrypted"):
        channel.parse(query, body)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_callback_is_refused_and_a_retry_of_a_new_one_is_not(channel, phone, clock, seconds):
    delivery = phone.text(MEMBER, "您好")
    assert {parsed(channel, delivery).key for _ in range(3)} == {delivery.key}
    clock.move(seconds=seconds)
    with pytest.raises(RefusedInput, match="window"):
        parsed(channel, delivery)


@pytest.mark.parametrize("word", ["", "第一", "a\nb", "x" * 300])
def test_an_address_check_with_a_word_that_is_none_is_refused(channel, phone, word):
    with pytest.raises(RefusedInput):
        channel.challenge(phone.challenge(word))


def test_an_account_without_a_whole_key_is_not_made(clock):
    with pytest.raises(ConfigurationFault, match="encoding_aes_key"):
        make_wecom_channel(clock, key=KEY[:-1])


def test_a_json_callback_is_answered_in_json(channel, phone):
    message = (
        b'{"ToUserName": "%s", "FromUserName": "LiHua", "CreateTime": 1790758200, "MsgType": "text", '
        b'"Content": "\xe6\x82\xa8\xe5\xa5\xbd", "MsgId": 7001, "AgentID": 1000002}' % CORP.encode()
    )
    delivery = phone.deliver(message)
    envelope = channel.parse(delivery.query, delivery.body)
    assert (envelope.inbound.text, envelope.inbound.key) == ("您好", "7001")
    wrapped = channel.wrap(envelope, "收到")
    assert wrapped.content_type.startswith("application/json")
    outer, is_json = read(wrapped.body)
    assert is_json
    assert set(outer) == {"encrypt", "msgsignature", "timestamp", "nonce"}
