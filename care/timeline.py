"""What happened to a case, in order. Rows are only ever added."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from bot.keys import KeyRing
from care.tables import case_events

Kind = Literal[
    "opened", "moved", "material", "note", "cancelled", "assigned", "accepted", "refused", "sorted", "paused", "resumed"
]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One entry. `actor`: contact:<id> | user:<name> | command | assistant; `tell` is what the policyholder reads."""

    id: int
    at: datetime
    actor: str
    kind: str
    step: str | None
    note: str
    tell: str


def record(
    connection: Connection,
    keys: KeyRing,
    case_id: int,
    kind: Kind,
    *,
    actor: str,
    now: datetime,
    step: str | None = None,
    note: str = "",
    tell: str = "",
) -> int:
    """Add an entry and return its number; `note` and `tell` are sealed."""
    row = insert(case_events).values(case_id=case_id, at=now, actor=actor, kind=kind, step=step)
    id: int = connection.execute(row.returning(case_events.c.id)).scalar_one()
    if note or tell:
        # Sealing binds the words to the row's number, which is known only now.
        sealed = keys.seal(json.dumps({"note": note, "tell": tell}).encode(), place=_place(id))
        connection.execute(update(case_events).where(case_events.c.id == id).values(detail=sealed))
    return id


def events_of(connection: Connection, keys: KeyRing, case_id: int) -> Iterator[Event]:
    """Yield the entries of one case, the oldest first."""
    table = case_events
    for row in connection.execute(select(table).where(table.c.case_id == case_id).order_by(table.c.id)).all():
        words = {} if row.detail is None else json.loads(keys.open(row.detail, place=_place(row.id)))
        yield Event(
            id=row.id,
            at=row.at,
            actor=row.actor,
            kind=row.kind,
            step=row.step,
            note=words.get("note", ""),
            tell=words.get("tell", ""),
        )


def steps_reached(connection: Connection, case_id: int) -> set[str]:
    """Return every step a case has stood at."""
    table = case_events
    named = select(table.c.step).where(table.c.case_id == case_id, table.c.step.is_not(None)).distinct()
    return {step for step in connection.scalars(named) if step is not None}


def _place(id: int) -> str:
    return f"case_events|detail|{id}"
