"""A child's next doses: one message for all that fall on a day, before, on and after the recommended day, then a call.

Counted from `recommended`: 7 days and 1 day before, the day; 3, 7, 14 and 30 days after, monthly up to half a year, a
call a week later. Where a last possible day comes first, also 14 and 3 days before that, and the call a week before it.
Where several visits would be told on one day, one message tells them all. Once a visit is booked, or put off, what
falls due until then is counted from that day: told the day before and on it (put off: on it), and after it as ever.

What a clinic has to look at is told once, on a day without another message, and called about two weeks later.
"""

from collections import defaultdict
from collections.abc import Container, Sequence
from datetime import date, datetime, time, timedelta

from care.reminders import Planned
from care.vaccination.rows import DATED, Row
from care.vaccination.rule_files import load
from care.vaccination.spans import Span
from handlers.case_words import day_words
from handlers.child_facts import ChildFacts
from handlers.reminder_facts import at
from handlers.reminder_kind import ReminderKind, Words, listed, planned_for, sentence

_CLOCK = time(8, 40)
_BEFORE_DAYS, _AFTER_DAYS, _AFTER_MONTHS = (7, 1, 0), (3, 7, 14, 30), (2, 3, 4, 5, 6)
_CALL_AFTER, _CALLED_WITHIN = timedelta(days=7), timedelta(days=30)
_CLOSES_WITHIN = timedelta(days=21)
_CLOSING_DAYS = (14, 3)
_ASKED_WITHIN_DAYS, _CALL_AFTER_ASKING = 7, timedelta(days=14)
ASKS = "ask"  # after the day in the occurrence of what a clinic has to look at


def plan(facts: ChildFacts) -> list[Planned]:
    told: dict[date, list[Row]] = defaultdict(list)
    calls: dict[date, list[Row]] = defaultdict(list)
    for row in facts.rows:
        if row.status not in DATED or row.recommended is None:
            continue
        visit, before = _visit(facts, row), (1, 0) if facts.booked_for else (0,)
        asked = facts.asks_on.get(row.vaccine, date.max)
        for day in _days(visit, row.latest, before) if visit else _days(row.recommended, row.latest):
            if day < asked:
                told[day].append(row)
        calling = _calling(visit or row.recommended, row.latest)
        if calling is not None and calling < asked:
            calls[calling].append(row)
    days = sorted(told)
    found = []
    for number, day in enumerate(days):
        following = days[number + 1] if number + 1 < len(days) else None
        found += planned_for(facts, "vaccination", day.isoformat(), at(day, _CLOCK), until=_until(day, following),
                             rows=tuple(told[day]), day=day)  # fmt: skip
    for day, rows in calls.items():
        found += planned_for(facts, "vaccination", f"{day}/call", at(day, _CLOCK), calls=True,
                             until=at(day + _CALLED_WITHIN), rows=tuple(rows), day=day)  # fmt: skip
    return found + _asking(facts, told)


def _asking(facts: ChildFacts, told: Container[date]) -> list[Planned]:
    """Return the word that a clinic has to look at the record, and the call where nothing came of it.

    The occurrence is the day from which it may be said, however it is moved: it is never said again of the same facts.
    """
    asked: dict[date, list[Row]] = defaultdict(list)
    for row in facts.rows:
        if row.vaccine in facts.asks_on:
            asked[facts.asks_on[row.vaccine]].append(row)
    found = []
    for since, rows in asked.items():
        first = max(since, facts.put_off_until or since)
        week = [first + timedelta(days=n) for n in range(_ASKED_WITHIN_DAYS)]
        day, over = next((one for one in week if one not in told), first), first + timedelta(days=_ASKED_WITHIN_DAYS)
        calling, key = first + _CALL_AFTER_ASKING, f"{since}/{ASKS}"
        found += planned_for(facts, "vaccination", key, at(day, _CLOCK), until=at(over, time(21)),
                             rows=tuple(rows), day=day, asks=True)  # fmt: skip
        found += planned_for(facts, "vaccination", f"{key}/call", at(calling, _CLOCK), calls=True,
                             until=at(calling + _CALLED_WITHIN), about="ask_clinic")  # fmt: skip
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
    if planned.detail.get("asks"):
        return _question(facts, rows, planned.detail["day"])
    by_day: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for row in rows:
        by_day[_standing(facts, row)].append(row)
    parts = []
    for day, name in sorted(by_day):
        vaccines = _named(by_day[day, name])
        parts.append(sentence(f"vaccination_{name}", name=facts.name, day=day_words(day), vaccines=vaccines))
    goes_on = {reason.say: None for row in rows for reason in row.reasons if reason.code == "combination_begun"}
    parts += [sentence("vaccination_goes_on", why=why) for why in goes_on]
    closing = [row for row in rows if row.latest and row.latest - facts.today <= _CLOSES_WITHIN]
    if closing:
        latest = day_words(min(row.latest for row in closing if row.latest))
        parts.append(sentence("vaccination_closing", vaccines=_named(closing), latest=latest))
    parts.append(sentence("vaccination_rule"))
    return Words(text="\n".join(parts), fields=_fields(facts, rows, min(by_day)[0], title=sentence("kind_vaccination")))


def _fields(facts: ChildFacts, rows: Sequence[Row], day: date, *, title: str) -> dict[str, str]:
    vaccines = list(dict.fromkeys(_family(row) for row in rows))
    return {"title": title, "day": day_words(day), "child": facts.name, "vaccine": listed(vaccines)}


def _question(facts: ChildFacts, rows: Sequence[Row], day: date) -> Words:
    """What stands in the record comes first: each vaccine with the first of its reasons."""
    lines = [sentence("vaccination_asks_line", vaccine=_family(row), why=row.reasons[0].say) for row in rows]
    text = sentence("vaccination_asks", name=facts.name, lines="\n".join(lines))
    return Words(
        text=f"{text}\n{sentence('vaccination_rule')}",
        fields=_fields(facts, rows, day, title=sentence("vaccination_asks_title")),
    )


def _standing(facts: ChildFacts, row: Row) -> tuple[date, str]:
    """Return the day to name for a dose, and the sentence that tells it."""
    if facts.booked_for is not None and facts.booked_for >= facts.today and _visit(facts, row):
        return facts.booked_for, "booked"
    day = row.recommended or facts.today
    return day, "today" if day == facts.today else "ahead" if day > facts.today else "late"


def _named(rows: list[Row]) -> str:
    return "、".join(_name(row) for row in rows)


def _name(row: Row) -> str:
    dose = f"第{row.dose}剂" if row.dose else ""
    unsure = "" if row.certainty == "high" else sentence("vaccination_confirm")
    return f"{_family(row)}{dose}{unsure}"


def _family(row: Row) -> str:
    family = load().families.get(row.vaccine)
    return family.name if family else row.vaccine


KIND = ReminderKind(about="child", plan=plan, compose=compose, tells=frozenset({"title", "day", "child", "vaccine"}))
