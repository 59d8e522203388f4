"""When people answer: service hours on working days, perhaps others on days off, in China's time. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.clock import CHINA, in_china
from care.workdays import WorkCalendar

Hours = tuple[time, time]

_DAY = timedelta(days=1)
_LONGEST_HOLIDAY = 60  # days; beyond it nobody is ever there
_MIDNIGHT = time.max  # a time of day knows no 24:00; the microsecond before it will do
WORKING_DAYS: Hours = (time(9), time(18))


@dataclass(frozen=True, kw_only=True)
class ServiceHours:
    """From when to when people are there; `days_off` None: not at all on weekends and holidays."""

    calendar: WorkCalendar
    working_days: Hours = WORKING_DAYS
    days_off: Hours | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether people are there."""
        hours = self._of(in_china(now).date())
        return hours is not None and hours[0] <= in_china(now).time() < hours[1]

    def next_open(self, now: datetime) -> datetime | None:
        """Return when people are there next (`now` itself while they are); None where they never are."""
        if self.is_open(now):
            return now
        first = in_china(now).date()
        for day in (first + number * _DAY for number in range(_LONGEST_HOLIDAY)):
            hours = self._of(day)
            if hours is not None and (opens := _at(day, hours[0])) >= now:
                return opens
        return None

    def after(self, since: datetime, length: timedelta) -> datetime | None:
        """Return when people will have been there for so long since a time; None where they never will."""
        left, day = length.total_seconds(), in_china(since).date()
        for _ in range(_LONGEST_HOLIDAY):
            hours = self._of(day)
            there = self._seconds_of(day, since, _at(day, hours[1])) if hours is not None else 0.0
            if hours is not None and there >= left:
                return max(since, _at(day, hours[0])) + timedelta(seconds=left)
            left, day = left - there, day + _DAY
        return None

    def seconds_between(self, since: datetime, until: datetime) -> float:
        """Return for how long people were there between two times."""
        first, last = in_china(since).date(), in_china(until).date()
        days = [first + number * _DAY for number in range(max(0, (last - first).days) + 1)]
        return sum(self._seconds_of(day, since, until) for day in days)

    def _seconds_of(self, day: date, since: datetime, until: datetime) -> float:
        hours = self._of(day)
        if hours is None:
            return 0.0
        began, ended = max(since, _at(day, hours[0])), min(until, _at(day, hours[1]))
        return max(0.0, (ended - began).total_seconds())

    def _of(self, day: date) -> Hours | None:
        return self.working_days if self.calendar.is_working_day(day) else self.days_off


def hours_in(text: str) -> Hours | None:
    """Read hours as the settings write them (09:00-18:00, 00:00-24:00); empty is none. Raises ValueError."""
    if not text.strip():
        return None
    opens, closes = (_MIDNIGHT if part == "24:00" else time.fromisoformat(part.strip()) for part in text.split("-"))
    if opens >= closes:
        raise ValueError(f"{text}: ends before it begins")
    return opens, closes


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=CHINA)
