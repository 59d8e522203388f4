"""When a promise is due. Pure: times come and go as aware UTC, and are counted as China's inside.

The rules. The day of the event isn't counted. A promise of days is due when the service closes on day N (18:00 where
no hours are known). What arrives outside the service hours counts as if it had arrived when the service next opens.
Hours and minutes run inside the service hours only. Where no hours are printed nothing lies outside them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.clock import CHINA, in_china
from bot.errors import ConfigurationFault
from care.rules import Hours, LeadTime, Within
from care.workdays import WorkCalendar

_DAY = timedelta(days=1)
_END_OF_SERVICE = timedelta(hours=18)
_LONGEST_CLOSURE_DAYS = 60
_SATURDAY = 5
_CLOCK_UNITS = ("hours", "minutes")


@dataclass(frozen=True, kw_only=True)
class Due:
    """The moment (UTC) and the day (China) something is due; provisional while the calendar may still change."""

    at: datetime
    on: date
    is_provisional: bool


def due(start: datetime, within: Within, hours: Hours | None, calendar: WorkCalendar) -> Due:
    """Return when a promise that began to run at `start` is due; it counts `within.most`, the longest time promised."""
    if within.unit in _CLOCK_UNITS:
        return _run(start, timedelta(**{within.unit: within.most}), hours, calendar)
    first = _event_day(start, hours, calendar)
    return _at_closing(start, _counted(first, within.most, within.unit, calendar), within.unit, hours, calendar)


def resumed(
    due_at: datetime, *, paused_at: datetime, now: datetime, within: Within, hours: Hours | None, calendar: WorkCalendar
) -> Due:
    """Return when a promise is due that was paused from `paused_at` until `now`: what was left is given again.

    Of hours and minutes, the service time that was left runs on from now. Of days, the days that were left after the
    day of pausing are counted again from the day of resuming (which, like every event's day, isn't counted, and which
    is the next opening's where the service is closed). A remnant of the last day becomes one day. A pause that ends
    on the day it began, and before the promise is due, changes nothing. What was due before the pause stays due then.
    """
    if within.unit in _CLOCK_UNITS:
        return _run(now, _service_time(paused_at, due_at, hours, calendar), hours, calendar)
    on = _day_of_closing(due_at)
    if due_at > paused_at:
        paused_on, resumed_on = (_event_day(moment, hours, calendar) for moment in (paused_at, now))
        if resumed_on > paused_on:
            left = (on - paused_on).days if within.unit == "days" else calendar.between(paused_on, on)
            on = max(on, _counted(resumed_on, max(1, left), within.unit, calendar))
        elif due_at <= now:
            on = _counted(resumed_on, 1, within.unit, calendar)
    return _at_closing(paused_at, on, within.unit, hours, calendar)


def latest(planned: date, lead_time: LeadTime, calendar: WorkCalendar) -> Due:
    """Return until when something must be done that is wanted some working days before the planned day.

    It counts until `by` on that working day, or until its end where the handbook gives no hour.
    """
    on = calendar.before(planned, lead_time.working_days)
    at = _at(on, lead_time.by or "24:00")
    return Due(at=at, on=on, is_provisional=_is_provisional(on, planned, calendar))


def is_open(moment: datetime, hours: Hours | None, calendar: WorkCalendar) -> bool:
    """Whether somebody answers at this moment: from the minute of opening to just before the minute of closing."""
    if hours is None:
        return True
    day = in_china(moment).date()
    return _is_day_of_service(day, hours, calendar) and _at(day, hours.opens) <= moment < _at(day, hours.closes)


def next_opening(moment: datetime, hours: Hours | None, calendar: WorkCalendar) -> datetime:
    """Return the first moment from `moment` on at which somebody answers (`moment` itself while the service is open).

    Raises ConfigurationFault for hours in which a service never opens.
    """
    if hours is None or is_open(moment, hours, calendar):
        return in_china(moment).astimezone(UTC)
    day = in_china(moment).date()
    for _ in range(_LONGEST_CLOSURE_DAYS):
        opening = _at(day, hours.opens)
        if opening >= moment and is_open(opening, hours, calendar):
            return opening
        day += _DAY
    raise ConfigurationFault(
        f"hours {hours.opens}–{hours.closes} ({hours.days}): the service never opens; "
        "let it close after it opens, and look at the days off in care/days.yaml"
    )


def _event_day(moment: datetime, hours: Hours | None, calendar: WorkCalendar) -> date:
    return in_china(next_opening(moment, hours, calendar)).date()


def _counted(day: date, count: int, unit: str, calendar: WorkCalendar) -> date:
    if unit == "days":
        return day + count * _DAY
    if unit == "working_days":
        return calendar.after(day, count)
    raise ConfigurationFault(f"within: unit {unit!r} is not known; give working_days, days, hours or minutes")


def _at_closing(start: datetime, on: date, unit: str, hours: Hours | None, calendar: WorkCalendar) -> Due:
    at = _at(on, hours.closes) if hours else _since_midnight(on, _END_OF_SERVICE)
    rests = unit == "working_days" or _rests_on_the_calendar(hours)
    return Due(at=at, on=on, is_provisional=rests and _is_provisional(in_china(start).date(), on, calendar))


def _run(start: datetime, left: timedelta, hours: Hours | None, calendar: WorkCalendar) -> Due:
    at = in_china(start).astimezone(UTC) + left if hours is None else _run_in_service(start, left, hours, calendar)
    on = in_china(at).date()
    rests = _rests_on_the_calendar(hours)
    return Due(at=at, on=on, is_provisional=rests and _is_provisional(in_china(start).date(), on, calendar))


def _run_in_service(start: datetime, left: timedelta, hours: Hours, calendar: WorkCalendar) -> datetime:
    while True:
        start = next_opening(start, hours, calendar)
        closes = _at(in_china(start).date(), hours.closes)
        if left <= closes - start:
            return start + left
        left -= closes - start
        start = closes


def _service_time(start: datetime, end: datetime, hours: Hours | None, calendar: WorkCalendar) -> timedelta:
    if hours is None:
        return max(timedelta(), end - start)
    found = timedelta()
    while (start := next_opening(start, hours, calendar)) < end:
        closes = _at(in_china(start).date(), hours.closes)
        found += min(closes, end) - start
        start = closes
    return found


def _is_day_of_service(day: date, hours: Hours, calendar: WorkCalendar) -> bool:
    if hours.days == "working_days":
        return calendar.is_working_day(day)
    if hours.days == "weekdays" and day.weekday() >= _SATURDAY:
        return False
    return hours.holidays or not calendar.is_public_holiday(day)


def _rests_on_the_calendar(hours: Hours | None) -> bool:
    return hours is not None and (hours.days == "working_days" or not hours.holidays)


def _is_provisional(first: date, last: date, calendar: WorkCalendar) -> bool:
    return any(calendar.is_provisional(first + number * _DAY) for number in range((last - first).days + 1))


def _at(day: date, clock: str) -> datetime:
    hour, minute = clock.split(":")
    return _since_midnight(day, timedelta(hours=int(hour), minutes=int(minute)))  # 24:00 is the end of the day


def _since_midnight(day: date, passed: timedelta) -> datetime:
    return (datetime.combine(day, time(), tzinfo=CHINA) + passed).astimezone(UTC)


def _day_of_closing(at: datetime) -> date:
    return in_china(at - timedelta(microseconds=1)).date()  # closing at 24:00 still belongs to the day before
