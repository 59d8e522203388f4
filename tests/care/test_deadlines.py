"""Deadlines: a table worked out by hand, and what must hold for every start, promise and hours."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import CHINA, in_china
from bot.errors import ConfigurationFault
from care.deadlines import due, is_open, latest, next_opening, resumed
from care.workdays import WorkCalendar
from tests.care.rules_made_up import Hours, LeadTime, Within

CALENDAR = WorkCalendar.load()
TABLE = yaml.safe_load(Path(__file__).with_name("deadlines.yaml").read_text(encoding="utf-8"))
HOURS = {name: given and Hours(**given) for name, given in TABLE.pop("hours").items()}
ROWS = [row for rows in TABLE.values() for row in rows]
OFFICE = HOURS["office"]


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC)


def promised(text: str) -> Within:
    most, unit = text.split()
    return Within(int(most), unit)


def written(moment: datetime) -> str:
    return in_china(moment).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(("start", "promise", "hours", "expected"), ROWS, ids=[" ".join(row) for row in ROWS])
def test_a_promise_is_due_as_worked_out_by_hand(start: str, promise: str, hours: str, expected: str) -> None:
    assert written(due(china(start), promised(promise), HOURS[hours], CALENDAR).at) == expected


def test_the_table_is_long_and_says_nothing_twice() -> None:
    assert len(ROWS) >= 90
    assert len({tuple(row[:3]) for row in ROWS}) == len(ROWS)


def test_closing_at_midnight_belongs_to_the_day_that_ends() -> None:
    assert due(china("2026-11-23 10:00"), Within(1, "working_days"), HOURS["always"], CALENDAR).on == date(2026, 11, 24)


def test_times_come_out_as_utc_and_naive_ones_are_refused() -> None:
    for unit in ("working_days", "days", "hours", "minutes"):
        assert due(china("2026-11-23 10:00"), Within(1, unit), None, CALENDAR).at.tzinfo is UTC
        with pytest.raises(ValueError, match="aware"):
            due(datetime(2026, 11, 23, 10), Within(1, unit), None, CALENDAR)


def test_an_unknown_unit_is_named() -> None:
    with pytest.raises(ConfigurationFault, match="weeks"):
        due(china("2026-11-23 10:00"), Within(1, "weeks"), None, CALENDAR)


@pytest.mark.parametrize(
    ("start", "promise", "hours", "provisional"),
    [
        ("2026-11-23 10:00", "3 working_days", "none", False),
        ("2039-12-30 10:00", "3 working_days", "none", True),
        ("2040-03-01 10:00", "1 hours", "none", False),  # round the clock needs no calendar
        ("2040-03-01 10:00", "30 days", "none", False),
        ("2040-03-01 10:00", "1 hours", "office", True),
        ("2040-03-01 10:00", "1 hours", "everyday", False),
        ("2040-03-01 10:00", "1 hours", "weekdays", False),
        ("2040-03-01 10:00", "1 hours", "daily", True),
    ],
)
def test_a_promise_that_rests_on_unpublished_days_says_so(
    start: str, promise: str, hours: str, provisional: bool
) -> None:
    assert due(china(start), promised(promise), HOURS[hours], CALENDAR).is_provisional is provisional


def test_one_unpublished_day_on_the_way_is_enough() -> None:
    calendar = WorkCalendar(published=[2040])
    within = Within(1, "working_days")
    assert not due(china("2040-12-28 10:00"), within, None, calendar).is_provisional
    assert due(china("2040-12-31 10:00"), within, None, calendar).is_provisional


@pytest.mark.parametrize(
    ("moment", "hours", "opened"),
    [
        ("2026-11-23 08:59", "office", False),
        ("2026-11-23 09:00", "office", True),
        ("2026-11-23 17:59", "office", True),
        ("2026-11-23 18:00", "office", False),
        ("2026-10-10 12:00", "office", True),
        ("2026-10-10 12:00", "weekdays", False),
        ("2026-10-01 12:00", "weekdays", True),
        ("2026-10-01 12:00", "daily", False),
        ("2026-10-01 12:00", "everyday", True),
        ("2026-11-22 12:00", "daily", True),
        ("2026-11-22 03:00", "none", True),
        ("2026-11-22 23:59", "always", True),
    ],
)
def test_a_service_is_open_in_its_hours(moment: str, hours: str, opened: bool) -> None:
    assert is_open(china(moment), HOURS[hours], CALENDAR) is opened


@pytest.mark.parametrize(
    ("moment", "hours", "opening"),
    [
        ("2026-11-23 12:00", "office", "2026-11-23 12:00"),
        ("2026-11-23 07:00", "office", "2026-11-23 09:00"),
        ("2026-11-23 18:00", "office", "2026-11-24 09:00"),
        ("2026-09-30 18:00", "office", "2026-10-08 09:00"),
        ("2026-09-30 21:00", "weekdays", "2026-10-01 08:00"),
        ("2026-11-22 03:00", "none", "2026-11-22 03:00"),
    ],
)
def test_the_next_opening_is_found(moment: str, hours: str, opening: str) -> None:
    assert written(next_opening(china(moment), HOURS[hours], CALENDAR)) == opening


def test_hours_that_never_open_are_named() -> None:
    with pytest.raises(ConfigurationFault, match="never opens"):
        next_opening(china("2026-11-23 12:00"), Hours(opens="18:00", closes="09:00"), CALENDAR)


@pytest.mark.parametrize(
    ("due_at", "paused_at", "now", "promise", "hours", "expected"),
    [
        # Thursday is due; paused on Tuesday with Wednesday and Thursday left.
        ("2026-11-26 18:00", "2026-11-24 10:00", "2026-11-24 16:00", "3 working_days", "none", "2026-11-26 18:00"),
        ("2026-11-26 18:00", "2026-11-24 10:00", "2026-11-25 09:00", "3 working_days", "none", "2026-11-27 18:00"),
        ("2026-11-26 18:00", "2026-11-24 10:00", "2026-11-27 09:00", "3 working_days", "none", "2026-12-01 18:00"),
        # Resumed in the evening: as if on the next day.
        ("2026-11-26 18:00", "2026-11-24 10:00", "2026-11-24 19:00", "3 working_days", "office", "2026-11-27 18:00"),
        ("2026-11-26 18:00", "2026-11-24 10:00", "2026-11-24 19:00", "3 working_days", "none", "2026-11-26 18:00"),
        # A weekend between gives nothing away.
        ("2026-11-26 18:00", "2026-11-20 17:00", "2026-11-22 12:00", "5 working_days", "none", "2026-11-26 18:00"),
        # Over National Day: one day was left.
        ("2026-10-08 18:00", "2026-09-30 12:00", "2026-10-08 10:00", "1 working_days", "none", "2026-10-09 18:00"),
        # Paused on the last day: its remnant becomes one day.
        ("2026-11-26 18:00", "2026-11-26 10:00", "2026-11-26 17:00", "3 working_days", "none", "2026-11-26 18:00"),
        ("2026-11-26 18:00", "2026-11-26 10:00", "2026-11-26 18:30", "3 working_days", "none", "2026-11-27 18:00"),
        ("2026-11-26 18:00", "2026-11-26 10:00", "2026-11-27 17:00", "3 working_days", "none", "2026-11-30 18:00"),
        # It was due before the pause.
        ("2026-11-26 18:00", "2026-11-26 19:00", "2026-11-30 10:00", "3 working_days", "none", "2026-11-26 18:00"),
        ("2026-11-23 11:00", "2026-11-23 10:20", "2026-11-23 17:30", "1 hours", "office", "2026-11-24 09:10"),
        ("2026-11-24 09:40", "2026-11-23 17:50", "2026-11-25 12:00", "1 hours", "office", "2026-11-25 12:50"),
        ("2026-11-23 10:15", "2026-11-23 10:05", "2026-11-23 11:00", "15 minutes", "none", "2026-11-23 11:10"),
        ("2026-11-26 18:00", "2026-11-24 10:00", "2026-11-28 09:00", "3 days", "none", "2026-11-30 18:00"),
    ],
)
def test_what_was_left_at_a_pause_is_given_again(
    due_at: str, paused_at: str, now: str, promise: str, hours: str, expected: str
) -> None:
    times = {"paused_at": china(paused_at), "now": china(now)}
    again = resumed(china(due_at), **times, within=promised(promise), hours=HOURS[hours], calendar=CALENDAR)
    assert written(again.at) == expected


@pytest.mark.parametrize(
    ("planned", "working_days", "by", "expected"),
    [
        ("2026-11-30", 5, None, "2026-11-24 00:00"),  # the end of Monday the 23rd
        ("2026-11-30", 1, "16:00", "2026-11-27 16:00"),
        ("2026-10-08", 1, "16:00", "2026-09-30 16:00"),
        ("2026-10-12", 1, "16:00", "2026-10-10 16:00"),
    ],
)
def test_a_lead_time_ends_some_working_days_before(planned: str, working_days: int, by: str, expected: str) -> None:
    until = latest(date.fromisoformat(planned), LeadTime(working_days=working_days, by=by), CALENDAR)
    assert written(until.at) == expected


moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 1), timezones=st.just(UTC))
services = st.sampled_from(list(HOURS.values()))
units = st.sampled_from(["working_days", "days", "hours", "minutes"])
counts = st.integers(1, 30)


@given(moments, moments, counts, units, services)
def test_a_later_start_is_never_due_earlier(
    one: datetime, other: datetime, most: int, unit: str, hours: Hours | None
) -> None:
    earlier, later = sorted([one, other])
    within = Within(most, unit)
    assert due(earlier, within, hours, CALENDAR).at <= due(later, within, hours, CALENDAR).at


@given(moments, st.integers(1, 7), counts, units, services)
def test_a_start_a_little_later_is_never_due_earlier(
    start: datetime, hours_later: int, most: int, unit: str, hours: Hours | None
) -> None:
    within, later = Within(most, unit), start + timedelta(hours=hours_later)
    assert due(start, within, hours, CALENDAR).at <= due(later, within, hours, CALENDAR).at


@given(moments, counts, counts, units, services)
def test_more_time_is_due_later(start: datetime, one: int, other: int, unit: str, hours: Hours | None) -> None:
    shorter, longer = (due(start, Within(most, unit), hours, CALENDAR) for most in sorted([one, other]))
    assert (shorter.at < longer.at) == (one != other)


@given(moments, counts, units, services)
def test_it_is_due_after_its_start(start: datetime, most: int, unit: str, hours: Hours | None) -> None:
    until = due(start, Within(most, unit), hours, CALENDAR)
    assert until.at > start
    assert until.on >= in_china(start).date()


@given(moments, counts, services)
def test_working_days_end_on_a_working_day_at_closing(start: datetime, most: int, hours: Hours | None) -> None:
    until = due(start, Within(most, "working_days"), hours, CALENDAR)
    assert CALENDAR.is_working_day(until.on)
    closes = hours.closes if hours else "18:00"
    assert written(until.at).endswith(closes.replace("24:00", "00:00"))


@given(moments, counts, st.sampled_from([hours for hours in HOURS.values() if hours]))
def test_hours_end_while_somebody_answers(start: datetime, most: int, hours: Hours) -> None:
    until = due(start, Within(most, "hours"), hours, CALENDAR)
    assert is_open(until.at - timedelta(microseconds=1), hours, CALENDAR)


@given(moments, counts, units, services, st.floats(0, 1), st.integers(0, 60 * 24 * 40))
def test_a_pause_never_shortens(
    start: datetime, most: int, unit: str, hours: Hours | None, share: float, minutes: int
) -> None:
    within = Within(most, unit)
    until = due(start, within, hours, CALENDAR)
    paused_at = start + (until.at - start) * share
    now = paused_at + timedelta(minutes=minutes)
    times: dict[str, Any] = {"paused_at": paused_at, "within": within, "hours": hours, "calendar": CALENDAR}
    again = resumed(until.at, now=now, **times)
    assert again.at >= until.at
    assert again.at > now or until.at <= paused_at
    assert resumed(until.at, now=now + timedelta(hours=5), **times).at >= again.at


@given(moments, counts, units, services, st.floats(0, 0.99))
def test_a_pause_of_no_time_changes_nothing(
    start: datetime, most: int, unit: str, hours: Hours | None, share: float
) -> None:
    within = Within(most, unit)
    until = due(start, within, hours, CALENDAR)
    paused_at = start + (until.at - start) * share
    again = resumed(until.at, paused_at=paused_at, now=paused_at, within=within, hours=hours, calendar=CALENDAR)
    assert again.at == until.at
