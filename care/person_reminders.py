"""A person's reminders as somebody who looks after them sees them: what is coming, what went out. Statements only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from care.tables import reminder_opt_outs, reminders


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One reminder. `state` as in the table; `reason`: why it was put off or ended so."""

    id: int
    kind: str
    subject: str
    contact_id: int
    due_at: datetime
    until_at: datetime
    state: str
    way: str | None
    settled_at: datetime | None
    reason: str | None


def coming(connection: Connection, contact_id: int, *, now: datetime, limit: int = 20) -> list[Seen]:
    """Return what a person is to be told, the soonest first."""
    is_coming = (reminders.c.state.in_(("planned", "claimed", "handed")), reminders.c.until_at > now)
    return _seen(connection, contact_id, is_coming, reminders.c.due_at, limit)


def past(connection: Connection, contact_id: int, *, limit: int = 10) -> list[Seen]:
    """Return what became of a person's reminders, the latest first."""
    ended = (reminders.c.state.in_(("sent", "called", "expired", "dropped", "opted_out")),)
    return _seen(connection, contact_id, ended, reminders.c.settled_at.desc(), limit)


def reminder(connection: Connection, id: int) -> Seen | None:
    """Return one reminder, or None."""
    found = connection.execute(select(*_COLUMNS).where(reminders.c.id == id)).first()
    return None if found is None else Seen(**found._mapping)


def opted_out_of(connection: Connection, contact_id: int) -> list[str]:
    """Return the kinds that a person doesn't want; "all" is every kind."""
    table = reminder_opt_outs
    return list(connection.scalars(select(table.c.kind).where(table.c.contact_id == contact_id).order_by(table.c.kind)))


def bring_forward(connection: Connection, id: int, *, now: datetime) -> bool:
    """Let a planned reminder be due now; what holds at the moment of sending is looked at as ever. False when it is
    not planned any more, or its time is over."""
    is_planned = (reminders.c.id == id, reminders.c.state == "planned", reminders.c.until_at > now)
    return connection.execute(update(reminders).where(*is_planned).values(due_at=now)).rowcount == 1


def drop(connection: Connection, id: int, *, now: datetime, reason: str) -> bool:
    """End one planned reminder; False when it is not planned any more."""
    is_planned = (reminders.c.id == id, reminders.c.state == "planned")
    # Not `dropped`: what was dropped is planned again as soon as the facts want it.
    values = {"state": "expired", "settled_at": now, "reason": reason}
    return connection.execute(update(reminders).where(*is_planned).values(values)).rowcount == 1


_COLUMNS = [reminders.c[name] for name in Seen.__dataclass_fields__]


def _seen(connection: Connection, contact_id: int, which: Sequence[Any], order: Any, limit: int) -> list[Seen]:
    query = select(*_COLUMNS).where(reminders.c.contact_id == contact_id, *which).order_by(order, reminders.c.id)
    return [Seen(**row._mapping) for row in connection.execute(query.limit(limit))]
