"""When people answer: China's working days with make-up days, hours on days off where there are some."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import CHINA
from care.service_hours import ServiceHours, hours_in
from care.workdays import WorkCalendar

HOURS = ServiceHours(calendar=WorkCalendar.load())
SEVEN_DAYS = ServiceHours(calendar=WorkCalendar.load(), days_off=(time(10), time(16)))


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-09-30 08:59", False),
        ("2026-09-30 09:00", True),
        ("2026-09-30 17:59", True),
        ("2026-09-30 18:00", False),
        ("2026-10-01 10:00", False),  # National Day
        ("2026-09-20 10:00", True),  # a Sunday worked instead
        ("2026-09-19 10:00", False),  # a Saturday
    ],
)
def test_people_are_there_in_hours_on_working_days(now: str, is_open: bool) -> None:
    assert HOURS.is_open(china(now)) is is_open


def test_the_next_time_skips_holidays_unless_they_have_hours_of_their_own() -> None:
    assert HOURS.next_open(china("2026-09-30 18:00")) == china("2026-10-08 09:00")
    assert SEVEN_DAYS.next_open(china("2026-09-30 18:00")) == china("2026-10-01 10:00")
    assert HOURS.next_open(china("2026-09-30 10:00")) == china("2026-09-30 10:00")


def test_the_night_does_not_count() -> None:
    assert HOURS.seconds_between(china("2026-09-28 17:50"), china("2026-09-29 09:05")) == 15 * 60
    assert HOURS.seconds_between(china("2026-10-01 00:00"), china("2026-10-07 23:59")) == 0


def test_an_answer_is_due_after_so_much_service_time() -> None:
    ten = timedelta(minutes=10)
    assert HOURS.after(china("2026-09-28 10:00"), ten) == china("2026-09-28 10:10")
    assert HOURS.after(china("2026-09-28 17:55"), ten) == china("2026-09-29 09:05")
    assert HOURS.after(china("2026-09-30 20:00"), ten) == china("2026-10-08 09:10")


def test_round_the_clock_somebody_is_always_there() -> None:
    whole_day = (time(0), time.max)
    always = ServiceHours(calendar=WorkCalendar.load(), working_days=whole_day, days_off=whole_day)
    assert always.is_open(china("2026-10-03 23:59"))
    assert always.seconds_between(china("2026-10-03 23:00"), china("2026-10-04 01:00")) == pytest.approx(7200, abs=1e-3)
    assert always.after(china("2026-10-03 23:55"), timedelta(minutes=10)) - china("2026-10-04 00:05") < timedelta(
        seconds=1
    )


moments = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 12, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)


@given(moments, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20)), st.floats(0, 1))
def test_time_adds_up(since: datetime, length: timedelta, part: float) -> None:
    middle, until = since + length * part, since + length
    both = SEVEN_DAYS.seconds_between(since, middle) + SEVEN_DAYS.seconds_between(middle, until)
    assert both == pytest.approx(SEVEN_DAYS.seconds_between(since, until), abs=1e-3)


@given(moments)
def test_the_next_time_is_a_time_when_people_are_there(now: datetime) -> None:
    opens = HOURS.next_open(now)
    assert opens is not None
    assert opens >= now
    assert HOURS.is_open(opens)
    assert HOURS.seconds_between(now, opens) == 0


def test_hours_are_read_as_they_are_written() -> None:
    assert hours_in("09:00-18:00") == (time(9), time(18))
    assert hours_in("") is None
    assert hours_in("00:00-24:00") == (time(0), time.max)
    with pytest.raises(ValueError, match="ends before"):
        hours_in("18:00-09:00")
