"""What should have been said in the simulated year, told from the issue's text and the histories alone.

It shares no code with the planner: days, windows and who may be told are worked out here again. What it takes from
elsewhere is the vaccination forecast (proven by its own table) and the calendar of working days.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.clock import CHINA, in_china
from care.child import Child
from care.child_forecast import forecast_of
from care.workdays import WorkCalendar
from tests.proof.year_world import Person, Raised, Stay

Span = list[datetime | None]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A reminder that must arrive once between two moments."""

    to: str
    kind: str
    day: date
    at: datetime
    until: datetime


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=CHINA)


def is_in(spans: Sequence[Span], moment: datetime) -> bool:
    """Whether a moment lies in one of the spans."""
    return any(start is not None and start <= moment and (end is None or moment < end) for start, end in spans)


def _touches(spans: Sequence[Span], start: datetime, end: datetime) -> bool:
    return any(one is not None and one < end and (other is None or other > start) for one, other in spans)


# A visit is told 7 days and 1 day before it and on the day, at 8:40; then after 3, 7, 14 and 30 days, and monthly up to
# six months: all counted from the recommended day, none after the last possible day, and harder before that.
_DAYS = (-7, -1, 0, 3, 7, 14, 30)
_MONTHS = (2, 3, 4, 5, 6)
_VISIT = time(8, 40)


def _month_later(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def _told_days(recommended: date, latest: date | None) -> list[date]:
    days = [recommended + timedelta(days=n) for n in _DAYS] + [_month_later(recommended, n) for n in _MONTHS]
    if latest is not None:
        days += [day for n in (14, 3) if (day := latest - timedelta(days=n)) > recommended]
    return [day for day in days if latest is None or day <= latest]


class ChildHistory:
    """One child's year: on which days its guardian should have been reminded."""

    def __init__(self, one: Raised) -> None:
        self._one = one
        self._known: dict[tuple[int, date], frozenset[date]] = {}

    def record_at(self, moment: datetime) -> tuple[int, Child] | None:
        """Return what was recorded at a moment, with its number."""
        found = [number for number, (since, _) in enumerate(self._one.told) if since <= moment]
        return (found[-1], self._one.told[found[-1]][1]) if found else None

    def days_told(self, moment: datetime) -> frozenset[date]:
        """Return the days on which the record of a moment wants a reminder."""
        record = self.record_at(moment)
        if record is None:
            return frozenset()
        number, child = record
        key = (number, in_china(moment).date())
        if key not in self._known:
            rows = [row for row in forecast_of(child, key[1]) if row.status in ("upcoming", "due", "overdue")]
            days = {day for row in rows if row.recommended for day in _told_days(row.recommended, row.latest)}
            self._known[key] = frozenset(days)
        return self._known[key]

    def changed_between(self, start: datetime, end: datetime) -> bool:
        return any(start < since <= end for since, _ in self._one.told)

    def must(self, begin: datetime, end: datetime) -> Iterator[Wanted]:
        """Yield what had to be told: nothing stood against it for two hours from its time on."""
        for at in self._candidates(begin, end):
            day = in_china(at).date()
            # With the process dying and the API failing, two hours are for the tries.
            if self.changed_between(at, at + timedelta(hours=2)) or day not in self.days_told(at):
                continue
            if self._hindered(at, at + timedelta(hours=2)) or at + timedelta(hours=2) > end:
                continue
            following = day + timedelta(days=1)
            until = _at(following, _VISIT if following in self.days_told(at) else time(21))
            yield Wanted(to=self._one.person.platform_id, kind="vaccination", day=day, at=at, until=until)

    def may(self, day: date) -> bool:
        """Whether a reminder of a day could be wanted at any time of its window."""
        start, end = _at(day, _VISIT), _at(day + timedelta(days=1), time(21))
        moments = [start, end, *(since for since, _ in self._one.told if start < since < end)]
        return any(day in self.days_told(moment) for moment in moments)

    def _hindered(self, start: datetime, end: datetime) -> bool:
        person = self._one.person
        return any(_touches(spans, start, end) for spans in (person.out, person.held, person.unwilling))

    def _candidates(self, begin: datetime, end: datetime) -> list[datetime]:
        days = set()
        moments = [since for since, _ in self._one.told]
        moments += [begin + timedelta(days=n) for n in range(0, (end - begin).days, 30)]
        for moment in moments:
            days |= self.days_told(moment)
        return sorted(at for day in days if begin <= (at := _at(day, _VISIT)) < end)


def wanted_of_stay(stay: Stay, end: datetime) -> Iterator[Wanted]:
    """Yield what an inpatient had to be told: the day before going in, the day before coming out; not what was told of
    too late, nor what was withdrawn."""
    answers, person = stay.case.answers, stay.person
    slot, kind = ("discharged_on", "discharge") if "discharged_on" in answers else ("admitted_on", "admission")
    before = date.fromisoformat(str(answers[slot])) - timedelta(days=1)
    at, until = _at(before, time(9, 10)), _at(before, time(21))
    told_on = in_china(stay.opened).date()
    # Who tells of the discharge on the day before has told in time, and needs no reminder of it.
    if told_on > before or (kind == "discharge" and told_on == before):
        return
    start = max(at, stay.opened)
    if start + timedelta(hours=2) > min(until, end) or (stay.over and stay.over < start + timedelta(hours=2)):
        return
    if any(_touches(spans, start, start + timedelta(hours=2)) for spans in (person.out, person.held, person.unwilling)):
        return
    yield Wanted(to=person.platform_id, kind=kind, day=before, at=start, until=until)


def may_of_stay(stay: Stay, kind: str, moment: datetime) -> bool:
    """Whether an inpatient could be told this at a moment."""
    answers = stay.case.answers
    slot = "discharged_on" if kind == "discharge" else "admitted_on"
    if slot not in answers or (stay.over is not None and stay.over <= moment) or moment < stay.opened:
        return False
    before = date.fromisoformat(str(answers[slot])) - timedelta(days=1)
    return _at(before, time(9, 10)) <= moment < _at(before, time(21))


def calls_of_stay(stay: Stay, calendar: WorkCalendar, begin: datetime, end: datetime) -> tuple[bool, bool]:
    """Return whether a follow-up call had to be noted within seven working days after the discharge, and whether the
    discharge was told too late."""
    leaving = stay.case.answers.get("discharged_on")
    if leaving is None:
        return False, False
    day = date.fromisoformat(str(leaving))
    is_late = in_china(stay.opened).date() >= day and stay.opened + timedelta(hours=2) < min(_at(day, time(21)), end)
    is_late = is_late and not (stay.over and stay.over < stay.opened + timedelta(hours=2))
    by = _at(calendar.after(day, 7), time(18))
    is_over = stay.over is not None and stay.over < _at(calendar.after(day, 1), time(12))
    return by < end and not is_over, is_late


def may_be_sent(person: Person, moment: datetime) -> str | None:
    """Return what stood against any reminder at a moment, or None."""
    clock = in_china(moment).time()
    if clock >= time(21) or clock < time(8):
        return "in the quiet hours"
    if is_in(person.out, moment):
        return "after an opt-out"
    if is_in(person.unwilling, moment):
        return "without consent"
    return "while a person had it" if is_in(person.held, moment) else None
