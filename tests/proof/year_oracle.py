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
from care.vaccination.rows import Row
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


# What a clinic has to look at is told once, the day after the last word on it (BCG not before three months), on the
# first day of a week that has no visit to tell; two weeks later somebody calls.
_ASK_DAYS, _ASK_CALL = 7, timedelta(days=14)
_LIVE = frozenset({"BCG", "MMR", "JE_L", "HepA_L"})
_DOSES_OF = {
    "POLIO": {"IPV", "bOPV"}, "DTP": {"DTaP", "DT", "Td"}, "MPSV_A": {"MPSV_A", "MPSV_AC"},
    "MPSV_AC": {"MPSV_A", "MPSV_AC"}, "JE_L": {"JE_L", "JE_I"}, "HepA_L": {"HepA_L", "HepA_I"},
}  # fmt: skip


class ChildHistory:
    """One child's year: on which days its guardian should have been reminded."""

    def __init__(self, one: Raised) -> None:
        self._one = one
        self._known: dict[tuple[int, date], frozenset[date]] = {}
        self._asked: dict[tuple[int, date], frozenset[date]] = {}

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

    def asked_since(self, moment: datetime) -> frozenset[date]:
        """Return the days from which the record of a moment has something for the clinic to look at."""
        record = self.record_at(moment)
        if record is None:
            return frozenset()
        number, child = record
        key = (number, in_china(moment).date())
        if key not in self._asked:
            rows = [row for row in forecast_of(child, key[1]) if row.status == "ask_clinic"]
            self._asked[key] = frozenset(self._since(number, child, row) for row in rows)
        return self._asked[key]

    def _since(self, number: int, child: Child, row: Row) -> date:
        of_it = _DOSES_OF.get(row.vaccine, {row.vaccine})
        if any(reason.code == "live_close" for reason in row.reasons):
            of_it = of_it | _LIVE
        doses = [(dose.vaccine, dose.on) for dose in child.doses if dose.vaccine in of_it]
        told = self._one.told
        known = [{(dose.vaccine, dose.on) for dose in record.doses} for _, record in told[: number + 1]]
        # A dose that was taken back and told again was told then.
        words = [
            told[max((at + 1 for at in range(number + 1) if dose not in known[at]), default=0)][0] for dose in doses
        ]
        since = in_china(max([told[0][0], *words])).date() + timedelta(days=1)
        return since if row.vaccine != "BCG" or doses else max(since, _month_later(child.birth, 3))

    def _asking_day(self, since: date, moment: datetime) -> date:
        week = [since + timedelta(days=n) for n in range(_ASK_DAYS)]
        return next((day for day in week if day not in self.days_told(moment)), since)

    def must_ask(self, begin: datetime, end: datetime) -> Iterator[Wanted]:
        """Yield what a clinic had to look at and nothing stood against telling."""
        for since in sorted(self._all_asked(begin, end)):
            for day in (since + timedelta(days=n) for n in range(_ASK_DAYS)):
                at, by = _at(day, _VISIT), _at(day, _VISIT) + timedelta(hours=2)
                if not begin <= at or by > end or since not in self.asked_since(at):
                    continue
                if self._asking_day(since, at) != day or self.changed_between(at, by) or self._hindered(at, by):
                    continue
                until = _at(since + timedelta(days=_ASK_DAYS), time(21))
                yield Wanted(to=self._one.person.platform_id, kind="ask", day=since, at=at, until=until)
                break

    def may_ask(self, moment: datetime) -> frozenset[date]:
        """Return which questions to the clinic could be told at a moment."""
        week = timedelta(days=_ASK_DAYS)
        return frozenset(
            since for since in self.asked_since(moment) if _at(since, _VISIT) <= moment < _at(since + week, time(21))
        )

    def calls_to_ask(self, begin: datetime, end: datetime) -> tuple[frozenset[date], frozenset[date]]:
        """Return the questions that somebody had to call about, and those that somebody could call about."""
        person, must, may = self._one.person, set(), set()
        for since in self._all_asked(begin, end):
            at = _at(since, _VISIT) + _ASK_CALL
            start, by = _at(since, _VISIT) - timedelta(days=1), at + timedelta(hours=2)
            moments = [at, *(one for one, _ in self._one.told if at < one < at + timedelta(days=30))]
            may |= {since} if any(since in self.asked_since(one) for one in moments) else set()
            hindered = any(_touches(spans, start, by) for spans in (person.out, person.unwilling))
            steady = since in self.asked_since(at) and not self.changed_between(start + timedelta(days=1), by)
            must |= {since} if begin <= start and by <= end and steady and not hindered else set()
        return frozenset(must), frozenset(may)

    def _all_asked(self, begin: datetime, end: datetime) -> set[date]:
        moments = [since + timedelta(minutes=1) for since, _ in self._one.told]
        moments += [begin + timedelta(days=n) for n in range(0, (end - begin).days + 1, 5)]
        return {since for moment in moments for since in self.asked_since(moment)}

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
