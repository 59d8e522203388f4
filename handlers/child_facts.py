"""What a child's reminders are planned from: the forecast of the next doses, the check-ups, and who is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from care.vaccination.rows import Row
from handlers.reminder_facts import Facts, PlanningHouse


@dataclass(frozen=True, kw_only=True)
class ChildFacts(Facts):
    """`rows`: the next dose of each vaccine. `check_ups`: days of those done; None where that wasn't bought."""

    name: str
    birth: date
    rows: tuple[Row, ...]
    check_ups: tuple[date, ...] | None


def child_facts(connection: Connection, house: PlanningHouse, child: Any, *, now: datetime) -> ChildFacts | None:
    """Return the facts of a child."""
    return None


def child_facts_of(connection: Connection, house: PlanningHouse, id: int, *, now: datetime) -> ChildFacts | None:
    """Return the facts of the child with a row number, or None where it is gone."""
    return None


def after_children(connection: Connection, house: PlanningHouse, after: int, *, limit: int) -> Sequence[Any]:
    """Return children in the order of their row numbers, after one."""
    return []
