"""What kinds of reminder plan from facts alone."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bot.clock import CHINA, in_china
from bot.errors import ConfigurationFault
from care.vaccination.rows import Row
from care.vaccination.words import because
from care.workdays import WorkCalendar
from handlers.child_facts import ChildFacts
from handlers.reminder_facts import Recipient
from handlers.reminder_ways import check
from handlers.reminders import check_up_next, vaccination
from handlers.replanning import kinds

NOW = datetime(2026, 11, 23, 10, tzinfo=CHINA)
DAY = date(2026, 12, 10)
ASKED = date(2026, 11, 24)


def facts(
    *rows: Row, check_ups: tuple[date, ...] | None = None, now: datetime = NOW, put_off_until: date | None = None
) -> ChildFacts:
    return ChildFacts(
        subject="child:1",
        recipients=(Recipient(contact_id=1, conversation_id=1),),
        calendar=WorkCalendar.load(),
        now=now,
        name="测试宝宝",
        birth=date(2026, 4, 10),
        rows=rows,
        check_ups=check_ups,
        put_off_until=put_off_until,
        asks_on={one.vaccine: ASKED for one in rows if one.status == "ask_clinic"},
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


def asked(vaccine: str = "DTP") -> Row:
    return Row(vaccine=vaccine, status="ask_clinic", dose=4, product="DTaP", reasons=(because(
        "early", rule="G11", certainty="low", number=3, day=date(2026, 9, 30)),))  # fmt: skip


def test_what_a_clinic_has_to_look_at_is_told_once_and_called_about_two_weeks_later() -> None:
    said, call = vaccination.plan(facts(asked()))
    assert (said.occurrence, call.occurrence) == ("2026-11-24/ask", "2026-11-24/ask/call")
    assert in_china(said.due_at) == datetime(2026, 11, 24, 8, 40, tzinfo=CHINA)
    assert in_china(call.due_at).date() == date(2026, 12, 8)
    assert (said.calls, call.calls) == (False, True)


def test_a_question_to_the_clinic_says_first_what_stands_in_the_record() -> None:
    both = facts(asked(), asked("POLIO"))
    [said, _] = vaccination.plan(both)
    words = vaccination.compose(both, said)
    assert words.text.index("第3针（2026年9月30日）") < words.text.index("核实过了")
    assert "百白破疫苗" in words.text
    assert "脊灰疫苗" in words.text
    assert "接种门诊" in words.text
    assert len(words.fields["title"]) <= 20


def test_a_question_to_the_clinic_does_not_come_beside_another_message() -> None:
    visit = row("MMR", ASKED)  # told on the day, and on none of the next two
    said = next(one for one in vaccination.plan(facts(asked(), visit)) if one.occurrence.endswith("/ask"))
    assert in_china(said.due_at).date() == ASKED + timedelta(days=1)
    assert said.occurrence == "2026-11-24/ask"


def test_who_put_reminders_off_is_asked_afterwards_and_not_twice() -> None:
    said, call = vaccination.plan(facts(asked(), put_off_until=date(2026, 11, 30)))
    assert in_china(said.due_at).date() == date(2026, 11, 30)
    assert in_china(call.due_at).date() == date(2026, 12, 14)
    assert said.occurrence == "2026-11-24/ask"


def test_a_template_names_the_child_and_as_many_vaccines_whole_as_fit() -> None:
    two = facts(row("DTP", DAY), row("POLIO", DAY), now=datetime(2026, 12, 10, 9, tzinfo=CHINA))
    many = facts(*(row(one, DAY) for one in ("MPSV_AC", "DTP", "POLIO")), now=datetime(2026, 12, 10, 9, tzinfo=CHINA))
    few, more = (vaccination.compose(one, vaccination.plan(one)[2]).fields for one in (two, many))
    assert (few["child"], few["vaccine"]) == ("测试宝宝", "百白破疫苗、脊灰疫苗")
    assert more["vaccine"] == "A群C群流脑多糖疫苗、百白破疫苗等3种"
    assert all(len(value) <= 20 for value in (*few.values(), *more.values()))


def test_every_message_about_a_child_tells_what_its_kind_promises_to_templates() -> None:
    asks = facts(asked(), check_ups=())
    [said, _] = vaccination.plan(asks)
    assert set(vaccination.compose(asks, said).fields) == vaccination.KIND.tells
    examined = check_up_next.compose(asks, check_up_next.plan(asks)[0])
    assert set(examined.fields) == check_up_next.KIND.tells


@pytest.mark.parametrize(
    ("templates", "named"),
    [
        ({"vaccinations": {"thing1": "kind"}}, "vaccinations"),
        ({"vaccination": {"thing1": "name"}}, "name"),
        ({"discharge": {"thing1": "vaccine"}}, "vaccine"),
    ],
)
def test_a_template_of_what_is_not_told_is_refused_at_the_start(templates: dict[str, Any], named: str) -> None:
    check({"vaccination": {"thing1": "child", "thing2": "vaccine", "thing3": "kind"}}, kinds())
    with pytest.raises(ConfigurationFault, match=f": {named}: .*; use "):
        check(templates, kinds())
