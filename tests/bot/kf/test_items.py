"""What the platform lists, read without trust; and texts that become menus."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kf import items, menus
from bot.kf.items import Origin
from bot.kf.people import contact_of, customer_of
from bot.kf.places import message_id_of
from bot.messages import Kind
from console.exchange_words import shown_words

POINTS = ("wk1", "wk2")


def read(**line):
    return items.read(line, account="kf", open_kfid="wk1", open_kfids=POINTS)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["msgid", "open_kfid", "external_userid", "send_time", "origin", "msgtype", "text", "event", "servicer_userid"]
)


@given(ANY | st.dictionaries(NAMES, ANY | st.sampled_from(["text", "event", "3", 1790000000, "wk1"]), max_size=9))
def test_no_line_raises(line):
    item = items.read(line, account="kf", open_kfid="wk1", open_kfids=POINTS)
    assert item is None or 0 < len(item.inbound.key) <= 128


def test_a_text_with_its_menu_id_time_and_sender():
    item = read(
        msgid="m1", external_userid="wm1", send_time=1790000000, origin=3, msgtype="text",
        text={"content": " 你好 ", "menu_id": "1.abc"},
    )  # fmt: skip
    assert (item.origin, item.inbound.key, item.inbound.contact) == (Origin.CUSTOMER, "m1", "wm1")
    assert (item.inbound.text, item.inbound.event_key) == ("你好", "1.abc")
    assert item.inbound.sent_at == datetime.fromtimestamp(1790000000, UTC)


def test_a_place_bears_the_name_under_which_all_channels_tell_it():
    place = {"latitude": 23.1, "longitude": 113.3, "name": "市一医院", "address": "中山路1号"}
    item = read(msgid="m1", external_userid="wm1", send_time=1790000000, origin=3, msgtype="location", location=place)
    assert item.inbound.fields["Label"] == "市一医院 中山路1号"
    assert shown_words(item.inbound) == "［位置］ 市一医院 中山路1号"


def test_an_event_names_its_customer_inside():
    event = {"event_type": "ENTER_SESSION", "external_userid": "wm1", "welcome_code": "c", "scene": "x"}
    item = read(msgid="m1", send_time=1790000000, origin=4, msgtype="event", event=event)
    assert (item.inbound.event, item.inbound.contact, item.fields["welcome_code"]) == ("enter_session", "wm1", "c")


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ({"event_type": "user_recall_msg", "recall_msgid": "m"}, "撤回了一条消息"),
        ({"event_type": "servicer_recall_msg", "recall_msgid": "m"}, "企业微信客服撤回了一条消息"),
        ({"event_type": "reject_customer_msg_switch_change", "reject_switch": 1}, "企业微信里拒收了对方的消息"),
        ({"event_type": "reject_customer_msg_switch_change", "reject_switch": 0}, "企业微信里恢复了接收"),
        ({"event_type": "session_status_change", "change_type": 1}, ""),
    ],
)
def test_what_happened_on_the_platform_is_told_to_managers(event, shown):
    item = read(msgid="m1", send_time=1790000000, origin=4, msgtype="event", event={"external_userid": "wm1", **event})
    assert shown_words(item.inbound) == shown


@pytest.mark.parametrize(
    "line",
    [
        {"external_userid": "wm1", "send_time": 1, "origin": 3},
        {"external_userid": "wm1", "send_time": "soon", "origin": 3, "msgtype": "text"},
        {"external_userid": "wm1", "send_time": 1, "origin": 9, "msgtype": "text"},
        {"external_userid": "wm\n1", "send_time": 1, "origin": 3, "msgtype": "text"},
        {"external_userid": "wm1", "send_time": 1, "origin": 3, "msgtype": "text", "open_kfid": "wk2"},
        {"send_time": 1, "origin": 3, "msgtype": "text"},
    ],
)
def test_what_makes_no_sense_is_left_out(line):
    assert read(msgid="m", **line) is None


def test_a_kind_that_nobody_knows_is_unknown_and_keeps_its_name():
    item = read(msgid="m", external_userid="wm1", send_time=1, origin=3, msgtype="hologram", hologram={"size": 3})
    assert (item.inbound.kind, dict(item.fields)) == (Kind.UNKNOWN, {"msgtype": "hologram", "size": "3"})


@pytest.mark.parametrize("point", POINTS)
def test_a_contact_leads_back_to_its_customer(point):
    assert customer_of(contact_of("wm1", point, POINTS), POINTS) == ("wm1", point)


@pytest.mark.parametrize(
    "text",
    [
        "没有选项",
        "1. 只有一项",
        "1. 没有\n2. 问题",
        "问：\n1. 甲\n3. 丙",
        "问：\n2. 乙\n3. 丙",
        "第一步：\n1. 带证件\n说明\n2. 去窗口",
        f"问：\n1. {'长' * 50}\n2. 乙",
        "问：\n" + "\n".join(f"{number}. 项" for number in range(1, 12)),
    ],
)
def test_what_is_no_choice_stays_text(text):
    assert menus.menu_of(text, "m") is None


def test_choices_keep_question_lines_and_what_follows():
    menu = menus.menu_of("您想问：\n1. 甲\n2、乙\n\n回复数字就行。", "m1")
    assert (menu["head_content"], menu["tail_content"]) == ("您想问：", "回复数字就行。")
    assert [line["click"] for line in menu["list"]] == [
        {"id": "1.m1", "content": "甲"},
        {"id": "2.m1", "content": "乙"},
    ]


@given(st.text(max_size=300))
def test_no_text_makes_a_menu_that_the_platform_refuses(text):
    menu = menus.menu_of(f"问：\n{text}", "m" * 32)
    for line in menu["list"] if menu else ():
        assert 0 < len(line["click"]["content"].encode()) <= 128


def test_a_tap_names_the_line_of_the_newest_menu_only():
    assert menus.chosen("2.m1", "乙", last_menu="m1") == "2"
    assert menus.chosen("2.m1", "乙", last_menu="m2") == "乙"
    assert menus.chosen("whatever", "乙", last_menu="m2") == "乙"


@given(st.text(max_size=80))
def test_every_key_becomes_an_id_that_the_platform_takes(key):
    made = message_id_of(key)
    assert 0 < len(made) <= 32
    assert set(made) <= set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-")
