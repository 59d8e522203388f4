"""One person who writes in two channels, as they live it: joined by a code, served in both, parted again."""

import re

from sqlalchemy import Connection, select

from bot.messages import Inbound, Kind
from bot.store.schema import conversations, outbox
from care import bindings, cases, consents, joins, policies, reminders
from care.case_records import Case
from care.consents import ConsentKind
from care.workdays import WorkCalendar
from handlers.case_moves import CaseMover
from handlers.replanning import replan_person
from tests.assistants import GROWTH
from tests.families import policy
from tests.handlers.test_reminders import Ward, appointment, china, ward
from tests.service_desk import KEYS, ServiceDesk

__all__ = ["ward"]  # the fixture

OFFICIAL, APP = "jdallianz", "all"  # two accounts: whoever writes in both is "甲" here and "微信甲" there


def _both_verified(desk: ServiceDesk) -> None:
    family = policy({"product": GROWTH}, place=1, products=[GROWTH], today=desk.clock().date())
    for account, contact in ((OFFICIAL, "甲"), (APP, "微信甲")):
        desk.know([family], bound_to=(account, contact))


def _case_opened_in_the_first(desk: ServiceDesk) -> Case:
    def work(connection: Connection) -> Case:
        row = connection.execute(select(conversations).where(conversations.c.account == OFFICIAL)).one()
        [bound] = bindings.of_contact(connection, row.contact_id)
        [kept] = policies.by_ids(connection, KEYS, [bound.policy_id])
        application = cases.Application(
            contact_id=row.contact_id, conversation_id=row.id, policy_id=bound.policy_id,
            insured_id=kept.insured[0].id, product=GROWTH, policy_year=kept.effective_on,
            answers={"wished_on": "2026-12-20"}, request_key="case-1",
        )  # fmt: skip
        flow = desk.library.handbooks[GROWTH].flows["public-hospital-appointment"]
        calendar = WorkCalendar.load()
        return cases.open_case(connection, KEYS, flow, application, actor="test", now=desk.clock(), calendar=calendar)

    return desk.store.write(work)


def _first(desk: ServiceDesk, text: str) -> str:
    return desk.say(text, account=OFFICIAL, contact="甲").reply


def _second(desk: ServiceDesk, text: str) -> str:
    return desk.say(text, account=APP, contact="微信甲").reply


def _joined(desk: ServiceDesk) -> None:
    [code] = re.findall(r"\d{6}", _second(desk, "合并"))
    assert "合到一处" in _first(desk, f"合并 {code}")


def _accounts_told(desk: ServiceDesk) -> list[str]:
    """Return where the notices of cases went, the oldest first."""
    query = select(conversations.c.account).join(outbox, outbox.c.conversation_id == conversations.c.id)
    with desk.store.reading() as connection:
        return list(connection.scalars(query.where(outbox.c.kind == "case").order_by(outbox.c.id)))


def test_the_same_policy_alone_shows_nothing_of_the_other_channel(service_desk: ServiceDesk) -> None:
    _both_verified(service_desk)
    case = _case_opened_in_the_first(service_desk)
    assert case.number not in _second(service_desk, "我的申请")
    assert "不对" in _second(service_desk, "合并 123456")
    assert case.number not in _second(service_desk, "我的申请")


def test_what_was_done_in_one_channel_is_seen_in_the_other_once_they_are_joined(service_desk: ServiceDesk) -> None:
    _both_verified(service_desk)
    case = _case_opened_in_the_first(service_desk)
    _joined(service_desk)
    assert case.number in _second(service_desk, "我的申请")
    assert case.number in _first(service_desk, "我的申请")
    [told] = [text for text in service_desk.new_notices() if "分开" in text]
    assert "不是您本人操作" in told  # in the channel that showed the code


def test_news_of_a_case_goes_where_the_window_is_open(service_desk: ServiceDesk) -> None:
    desk = service_desk
    _both_verified(desk)
    case = _case_opened_in_the_first(desk)
    _joined(desk)
    flow = desk.library.handbooks[GROWTH].flows["public-hospital-appointment"]
    step = flow.step(case.step)
    assert step is not None
    desk.clock.move(hours=1)
    desk.move(case, step.next[0])
    assert _accounts_told(desk) == [OFFICIAL]  # its own channel, while that is open
    desk.clock.move(hours=72)
    _second(desk, "你好")
    desk.move(case, "cancelled")
    assert _accounts_told(desk) == [OFFICIAL, APP]


def test_news_goes_where_people_can_always_be_told_once_the_window_is_closed(service_desk: ServiceDesk) -> None:
    desk = service_desk
    _both_verified(desk)
    case = _case_opened_in_the_first(desk)
    _joined(desk)
    desk.clock.move(hours=72)
    mover = CaseMover(
        library=desk.library, keys=KEYS, calendar=WorkCalendar.load(), actor="user:test", windowless=frozenset({APP})
    )
    desk.store.write(lambda connection: mover.cancel(connection, case.number, now=desk.clock()))
    assert _accounts_told(desk) == [APP]


def test_parted_channels_show_what_was_done_in_each(service_desk: ServiceDesk) -> None:
    desk = service_desk
    _both_verified(desk)
    case = _case_opened_in_the_first(desk)
    _joined(desk)
    desk.new_notices()
    assert "已经和" in _second(desk, "分开")
    assert any("分开" in text for text in desk.new_notices())
    assert case.number not in _second(desk, "我的申请")
    assert case.number in _first(desk, "我的申请")
    assert "没有和别的渠道合并过" in _second(desk, "分开")


def test_a_code_serves_once_and_is_void_after_five_guesses(service_desk: ServiceDesk) -> None:
    desk = service_desk
    _both_verified(desk)
    [code] = re.findall(r"\d{6}", _second(desk, "合并"))
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        assert "不对" in _first(desk, f"合并 {wrong}")
    assert "不对" in _first(desk, f"合并 {code}")
    _joined(desk)
    assert "没有查到" in _first(desk, f"合并 {code}")  # nobody is left to be joined


def test_six_digits_alone_are_a_code_only_while_one_was_shown(service_desk: ServiceDesk) -> None:
    desk = service_desk
    _both_verified(desk)
    assert "合并码" not in _first(desk, "482913")
    [code] = re.findall(r"\d{6}", _second(desk, "好的，合并"))
    assert "合到一处" in _first(desk, code)


def test_forgetting_says_that_it_is_for_both_channels_and_does_it(service_desk: ServiceDesk) -> None:
    desk = service_desk
    _both_verified(desk)
    _joined(desk)
    assert "另一个渠道" in _first(desk, "删除我的信息")
    assert "已删除" in _first(desk, "确定")
    assert "还没有绑定" in _second(desk, "我的保单")


def test_who_verifies_a_policy_of_another_channel_is_offered_to_join(service_desk: ServiceDesk) -> None:
    desk = service_desk
    family = policy({"product": GROWTH}, place=1, products=[GROWTH], today=desk.clock().date())
    desk.know([family], bound_to=(OFFICIAL, "甲"))
    for text in ("绑定保单", "同意", "成长优享", "TEST-CZ-0001", "陈小宝"):
        _second(desk, text)
    done = _second(desk, "0101")
    assert "已绑定" in done
    assert "回复“合并”" in done
    assert "家人" in done


def _two_channels(ward: Ward) -> None:
    """The person of the ward also writes as o-2, where they verified the same policy, too; then both are joined."""
    now = ward.clock()
    ward.place.turns.take(
        Inbound(account="demo", contact="o-2", key="second-1", kind=Kind.TEXT, sent_at=now, text="你好")
    )

    def work(connection: Connection) -> None:
        [bound] = bindings.of_contact(connection, 1)
        bindings.bind(connection, contact_id=2, policy_id=bound.policy_id, now=now)
        consents.give(connection, contact_id=2, kind=ConsentKind.PERSONAL, version=1, now=now)
        joins.join(connection, ward.store.keys, 1, 2, ground="code", now=now)
        replan_person(connection, ward.house, 1, now=now)

    ward.store.write(work)


def test_a_reminder_goes_once_and_to_the_channel_that_is_open(ward: Ward) -> None:
    appointment(ward, day="2026-11-30")
    ward.clock.now = china("2026-11-26 20:00")
    _two_channels(ward)
    done = ward.runs("2026-11-27 09:11")
    assert (done["messages"], done["calls"]) == (1, 0)
    assert ward.place.channel.sent[-1][0] == "o-2"
    assert ward.runs("2026-11-27 10:00")["messages"] == 0


def test_two_channels_of_a_person_get_one_reminder_of_their_policy(ward: Ward) -> None:
    appointment(ward)
    _two_channels(ward)
    told = {(row.kind, row.subject, row.occurrence): row.contact_id for row in ward.rows()}
    assert len(told) == len(ward.rows())


def test_who_opted_out_in_one_channel_hears_nothing_in_the_other(ward: Ward) -> None:
    appointment(ward)
    _two_channels(ward)
    ward.store.write(
        lambda connection: reminders.opt_out(
            connection, contact_id=2, kind="appointment_cancellation", now=ward.clock()
        )
    )
    assert ward.runs("2026-11-24 09:11")["messages"] == 0
    assert ward.row("appointment_cancellation").state == "opted_out"
