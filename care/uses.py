"""How often a service was used: a use is held at submission, then spent or released.

Each use of a period has a numbered place, and the unique index on places lets two applications race for the last one:
the second finds it taken.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select, update

from bot.errors import AssistantError
from bot.store.people import insert_unless_there
from care import tables
from care.rules import Uses

HOLDER = "holder"
_LONGEST_COUNTER = 64
_uses = tables.uses


class NoUseLeft(AssistantError):
    """Every use of the period is held or spent; an application that came at the same time may have had the last."""

    def __init__(self, rule: Uses, *, period: str) -> None:
        super().__init__(f"no use left of {rule.count} in {period}")
        self.rule = rule
        self.period = period


def counter_of(rule: Uses) -> str:
    """Return which count of a service a rule keeps, as stored: its condition as a stable text, "" where it has none."""
    text = "&".join(f"{slot}={','.join(sorted(values))}" for slot, values in sorted(rule.when.items()))
    if len(text) <= _LONGEST_COUNTER:
        return text
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()[: _LONGEST_COUNTER - len("sha256:")]


def person_of(connection: Connection, insured_id: int | None) -> str:
    """Return who uses a service up, as stored: "holder" (also where the holder is insured), or the insured's number."""
    if insured_id is None:
        return HOLDER
    table = tables.insured
    relation = connection.scalar(select(table.c.relation).where(table.c.id == insured_id))
    return HOLDER if relation == "self" else str(insured_id)


def hold(
    connection: Connection,
    rule: Uses,
    *,
    case_id: int,
    policy_id: int,
    insured_id: int | None,
    person: str,
    service: str,
    period: str,
    now: datetime,
) -> int:
    """Take the first free place of `rule` for a case and return its number. Raises NoUseLeft."""
    counter = counter_of(rule)
    of_period = _of(policy_id, person, service) & (_uses.c.counter == counter) & (_uses.c.period == period)
    for place in range(1, rule.count + 1):
        if place in _places(connection, of_period):
            continue
        values = {"case_id": case_id, "policy_id": policy_id, "insured_id": insured_id, "person": person}
        values |= {"service": service, "counter": counter, "period": period, "place": place}
        # Another application may take the place between reading and writing; this waits for its commit and does
        # nothing then, and the next place is tried.
        made = insert_unless_there(connection.dialect, _uses).values(**values, state="held", changed_at=now)
        if connection.execute(made.returning(_uses.c.id)).first() is not None:
            return place
    raise NoUseLeft(rule, period=period)


def spend(connection: Connection, case_id: int, *, now: datetime) -> int:
    """Count what a case holds as used for good; return how many uses that were."""
    return _settle(connection, case_id, "spent", now=now)


def release(connection: Connection, case_id: int, *, now: datetime) -> int:
    """Give back what a case holds; what is spent stays spent. Return how many uses that were."""
    return _settle(connection, case_id, "released", now=now)


def _settle(connection: Connection, case_id: int, state: str, *, now: datetime) -> int:
    changed = connection.execute(
        update(_uses).where(_uses.c.case_id == case_id, _uses.c.state == "held").values(state=state, changed_at=now)
    )
    return changed.rowcount


def uses_left(
    connection: Connection, policy_id: int, person: str, service: str, counter: str, period: str, count: int
) -> int:
    """Return how many of `count` uses are neither held nor spent; never below 0."""
    of_period = _of(policy_id, person, service) & (_uses.c.counter == counter) & (_uses.c.period == period)
    return max(0, count - len(_places(connection, of_period)))


def taken(connection: Connection, policy_id: int, person: str, service: str) -> Mapping[tuple[str, str], int]:
    """Return how many uses are held or spent, by (counter, period)."""
    rows = connection.execute(
        select(_uses.c.counter, _uses.c.period, func.count())
        .where(_of(policy_id, person, service), _uses.c.state != "released")
        .group_by(_uses.c.counter, _uses.c.period)
    )
    return {(counter, period): number for counter, period, number in rows}


def _of(policy_id: int, person: str, service: str) -> ColumnElement[bool]:
    return (_uses.c.policy_id == policy_id) & (_uses.c.person == person) & (_uses.c.service == service)


def _places(connection: Connection, of_period: ColumnElement[bool]) -> set[int]:
    return set(connection.scalars(select(_uses.c.place).where(of_period, _uses.c.state != "released")))
