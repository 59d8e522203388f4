"""What kinds of reminder plan from facts alone."""

from datetime import date, datetime, timedelta

from bot.clock import CHINA, in_china
from care.vaccination.rows import Row
from care.workdays import WorkCalendar
from handlers.child_facts import ChildFacts
from handlers.reminder_facts import Recipient
from handlers.reminders import check_up_next, vaccination

NOW = datetime(2026, 11, 23, 10, tzinfo=CHINA)
DAY = date(2026, 12, 10)


def facts(*rows: Row, check_ups: tuple[date, ...] | None = None, now: datetime = NOW) -> ChildFacts:
    return ChildFacts(
        subject="child:1",
        recipients=(Recipient(contact_id=1, conversation_id=1),),
        calendar=WorkCalendar.load(),
        now=now,
        name="测试宝宝",
        birth=date(2026, 4, 10),
        rows=rows,
        check_ups=check_ups,
    )


def row(vaccine: str, recommended: date, *, latest: date | None = None) -> Row:
    return Row(vaccine=vaccine, status="upcoming", dose=1, recommended=recommended, latest=latest)


def test_a_visit_is_told_around_its_day_for_half_a_year_then_somebody_calls() -> None:
    planned = vaccination.plan(facts(row("MMR", DAY)))
    days = [in_china(one.due_at).date() for one in planned]
    after = [DAY + timedelta(days=n) for n in (-7, -1, 0, 3, 7, 14, 30)]
    monthly = [date(2027, month, 10) for month in (2, 3, 4, 5, 6)]
    assert days == [*after, *monthly, date(2027, 6, 17)]
    assert [one.calls for one in planned] == [False] * 12 + [True]
    assert {(in_china(one.due_at).hour, in_china(one.due_at).minute) for one in planned} == {(8, 40)}
    assert all(one.due_at < one.until_at for one in planned)


def test_doses_that_fall_together_are_one_message() -> None:
    planned = vaccination.plan(facts(row("MMR", DAY), row("JE_L", DAY)))
    assert len(planned) == 13
    today = facts(now=datetime(2026, 12, 10, 9, tzinfo=CHINA))
    said = vaccination.compose(today, planned[2]).text
    assert "30分钟" in said
    assert "测试宝宝" in said


def test_nothing_is_told_after_the_last_possible_day() -> None:
    planned = vaccination.plan(facts(row("MMR", DAY, latest=DAY + timedelta(days=5))))
    assert max(in_china(one.due_at).date() for one in planned) == DAY + timedelta(days=3)


def test_a_closing_window_is_told_twice_more_and_called_about_before_it_closes() -> None:
    latest = DAY + timedelta(days=60)
    planned = vaccination.plan(facts(row("MMR", DAY, latest=latest)))
    days = [in_china(one.due_at).date() for one in planned if not one.calls]
    assert {latest - timedelta(days=14), latest - timedelta(days=3)} <= set(days)
    assert max(days) <= latest
    assert [in_china(one.due_at).date() for one in planned if one.calls] == [latest - timedelta(days=7)]


def test_a_check_up_that_was_done_is_not_reminded_of() -> None:
    assert check_up_next.plan(facts()) == []
    every = check_up_next.plan(facts(check_ups=()))
    after_one = check_up_next.plan(facts(check_ups=(date(2026, 12, 12),)))
    assert (len(every), len(after_one)) == (16, 10)
