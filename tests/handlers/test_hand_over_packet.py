"""The packet tells who, why, what was asked by which clause, policies, eligibility, cases, the form, mood, due time."""

from datetime import datetime, timedelta

import pytest

from bot.clock import CHINA
from bot.store import conversations
from care import hand_overs
from care.service_hours import ServiceHours
from care.workdays import WorkCalendar
from handlers.customers import Customers
from handlers.hand_over_packet import Packet, Packets, moods_in
from handlers.house import consent_versions
from handlers.open_form import OpenForms
from knowledge.library import Library
from tests.handlers.console_staff import handling_of, hired
from tests.handlers.office import POLICY, Office


@pytest.fixture
def packets(office: Office, library: Library) -> Packets:
    calendar = WorkCalendar.load()
    customers = Customers(store=office.store, library=library, calendar=calendar, versions=consent_versions())
    return Packets(customers=customers, forms=OpenForms(office.desk), hours=ServiceHours(calendar=calendar))


def packet_of(office: Office, packets: Packets) -> Packet:
    with office.store.reading() as connection:
        conversation = conversations.seen(connection, office.store.keys, 1)
        hand_over = hand_overs.open_of(connection, 1)
    assert conversation is not None
    return packets.of(conversation, hand_over, now=office.clock())


def test_a_stranger_who_asks_for_a_person(office: Office, packets: Packets) -> None:
    office.says("住院垫付等待期多久", "臻爱无限", "你们太慢了，我很着急，要投诉，转人工")
    packet = packet_of(office, packets)
    assert packet.why == "客户要找人工"
    assert not packet.is_verified
    assert packet.policies == packet.eligibility == packet.cases == ()
    assert packet.moods == {"急": ("着急",), "不满": ("投诉", "太慢")}
    assert packet.asked_at == office.clock()
    assert packet.due_at == office.clock() + timedelta(minutes=10)
    assert packet.form is None
    cited = [one for one in packet.questions if one.citations]
    assert cited[0].citations[0].product == "zhenai-wuxian-2023"
    assert packet.questions[-1].text.endswith("转人工")


def test_a_verified_person_in_mid_form(office: Office, packets: Packets) -> None:
    office.verified()
    office.says("我想申请住院垫付", "演示甲", "本人办", "转人工")
    packet = packet_of(office, packets)
    assert packet.is_verified
    [policy] = packet.policies
    assert policy.number == "尾号0001"
    assert POLICY not in repr(packet)
    assert policy.standing == "有效"
    [line] = [line for line in packet.eligibility if line.person == "演示甲"]
    assert line.decision in ("可以办", "要核实", "还不能办")
    assert any(check.clause for check in line.checks)
    assert packet.form is not None
    assert "住院垫付" in packet.form.title
    assert {one.short for one in packet.form.fields if one.value} != set()
    assert packet.form.step is not None


def test_open_cases_with_their_step_and_due_time(office: Office, packets: Packets) -> None:
    case = office.submitted()
    office.says("转人工")
    [line] = packet_of(office, packets).cases
    assert line.number == case.number
    assert line.due_at is not None


def test_danger_is_flagged_and_nothing_is_due_after_the_first_answer(office: Office, packets: Packets) -> None:
    office.says("我妈突然叫不醒了，没有呼吸")
    packet = packet_of(office, packets)
    assert packet.is_red
    assert packet.why == "可能有生命危险"
    acts = handling_of(office.store, office.desk)
    lin = hired(office.store, office.clock, "lin")
    acts.take(1, by=lin, now=office.clock())
    acts.reply(1, by=lin, text="我马上打给您", request_key="1", now=office.clock())
    assert packet_of(office, packets).due_at is None


def test_an_answer_asked_for_by_night_is_due_in_the_morning(office: Office, packets: Packets) -> None:
    office.clock.now = datetime(2026, 9, 28, 22, 0, tzinfo=CHINA)
    office.says("转人工")
    assert packet_of(office, packets).due_at == datetime(2026, 9, 29, 9, 10, tzinfo=CHINA)


def test_a_calm_person_has_no_mood() -> None:
    assert moods_in(["住院垫付怎么申请", "谢谢"]) == {}
    assert moods_in(["投訴你們"]) == {"不满": ("投诉",)}
