"""A child's next doses: one message for all that fall on a day, before, on and after the recommended day, then a call.

Counted from `recommended`: 7 days and 1 day before, the day; 3, 7, 14 and 30 days after, monthly up to half a year, a
call a week later. Where a last possible day comes first, also 14 and 3 days before that, and the call a week before it.
Where several visits would be told on one day, one message tells them all. Once a visit is booked, or put off, what
falls due until then is counted from that day: told the day before and on it (put off: on it), and after it as ever.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from care.reminders import Planned
from care.vaccination.rows import DATED, Row
from care.vaccination.rule_files import load
from care.vaccination.spans import Span
from handlers.case_words import day_words
from handlers.child_facts import ChildFacts
from handlers.reminder_facts import at
from handlers.reminder_kind import ReminderKind, Words, planned_for, sentence

_CLOCK = time(8, 40)
_BEFORE_DAYS, _AFTER_DAYS, _AFTER_MONTHS = (7, 1, 0), (3, 7, 14, 30), (2, 3, 4, 5, 6)
_CALL_AFTER = timedelta(days=7)
_CLOSES_WITHIN = timedelta(days=21)
_CLOSING_DAYS = (14, 3)


def plan(facts: ChildFacts) -> list[Planned]:
    told: dict[date, list[Row]] = defaultdict(list)
    calls: dict[date, list[Row]] = defaultdict(list)
    for row in facts.rows:
        if row.status not in DATED or row.recommended is None:
            continue
        visit, before = _visit(facts, row), (1, 0) if facts.booked_for else (0,)
        for day in _days(visit, row.latest, before) if visit else _days(row.recommended, row.latest):
            told[day].append(row)
        calling = _calling(visit or row.recommended, row.latest)
        if calling is not None:
            calls[calling].append(row)
    days = sorted(told)
    found = []
    for number, day in enumerate(days):
        following = days[number + 1] if number + 1 < len(days) else None
        found += planned_for(facts, "vaccination", day.isoformat(), at(day, _CLOCK), until=_until(day, following),
                             rows=tuple(told[day]), day=day)  # fmt: skip
    for day, rows in calls.items():
        found += planned_for(facts, "vaccination", f"{day}/call", at(day, _CLOCK), calls=True,
                             until=at(day + timedelta(days=30)), rows=tuple(rows), day=day)  # fmt: skip
    return found


def _visit(facts: ChildFacts, row: Row) -> date | None:
    """Return the day that the parent named for what falls due until then; None where the dose can't wait for it."""
    day = facts.booked_for or facts.put_off_until
    if day is None or row.recommended is None or row.recommended > day:
        return None
    return day if row.latest is None or day <= row.latest else None


def _days(recommended: date, latest: date | None, before: Sequence[int] = _BEFORE_DAYS) -> list[date]:
    days = {recommended - timedelta(days=n) for n in before}
    days |= {recommended + timedelta(days=n) for n in _AFTER_DAYS}
    days |= {Span(months=n).after(recommended) for n in _AFTER_MONTHS}
    if latest is None:
        return sorted(days)
    closing = {latest - timedelta(days=n) for n in _CLOSING_DAYS}
    return sorted(day for day in days | {one for one in closing if one > recommended} if day <= latest)


def _calling(recommended: date, latest: date | None) -> date | None:
    """Return the day of the call; None where the window closes so soon that the messages have to do."""
    day = Span(months=_AFTER_MONTHS[-1]).after(recommended) + _CALL_AFTER
    if latest is None or day <= latest:
        return day
    return latest - _CALL_AFTER if latest - _CALL_AFTER > recommended else None


def _until(day: date, following: date | None) -> datetime:
    """Of use until the evening of the next day, and not beside the next message."""
    until = at(day + timedelta(days=1), time(21))
    return until if following is None else min(until, at(following, _CLOCK))


def compose(facts: ChildFacts, planned: Planned) -> Words:
    rows: tuple[Row, ...] = planned.detail["rows"]
    by_day: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for row in rows:
        by_day[_standing(facts, row)].append(row)
    parts = []
    for day, name in sorted(by_day):
        vaccines = _named(by_day[day, name])
        parts.append(sentence(f"vaccination_{name}", name=facts.name, day=day_words(day), vaccines=vaccines))
    closing = [row for row in rows if row.latest and row.latest - facts.today <= _CLOSES_WITHIN]
    if closing:
        latest = day_words(min(row.latest for row in closing if row.latest))
        parts.append(sentence("vaccination_closing", vaccines=_named(closing), latest=latest))
    parts.append(sentence("vaccination_rule"))
    return Words(text="\n".join(parts), fields={"title": "接种提醒", "day": day_words(min(by_day)[0])})


def _standing(facts: ChildFacts, row: Row) -> tuple[date, str]:
    """Return the day to name for a dose, and the sentence that tells it."""
    if facts.booked_for is not None and facts.booked_for >= facts.today and _visit(facts, row):
        return facts.booked_for, "booked"
    day = row.recommended or facts.today
    return day, "today" if day == facts.today else "ahead" if day > facts.today else "late"


def _named(rows: list[Row]) -> str:
    return "、".join(_name(row) for row in rows)


def _name(row: Row) -> str:
    family = load().families.get(row.vaccine)
    dose = f"第{row.dose}剂" if row.dose else ""
    unsure = "" if row.certainty == "high" else sentence("vaccination_confirm")
    return f"{family.name if family else row.vaccine}{dose}{unsure}"


KIND = ReminderKind(about="child", plan=plan, compose=compose)
