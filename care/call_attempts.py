"""How calls went: made, nobody reached, to be made again later. Every try is kept. Statements only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from bot.keys import KeyRing
from care.case_work_tables import call_attempts
from care.tables import call_tasks

Outcome = Literal["done", "not_reached", "later"]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try at a call. `due_at`: when to try again, None for a call that was made."""

    call_task_id: int
    outcome: Outcome
    actor: str
    at: datetime
    due_at: datetime | None
    note: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call to make, or made, with what became of it so far. `detail` names nobody."""

    id: int
    kind: str
    subject: str
    contact_id: int | None
    due_at: datetime
    made_at: datetime
    done_at: datetime | None
    done_by: str | None
    detail: Mapping[str, Any]
    attempts: Sequence[Attempt] = field(default_factory=tuple)


def note_attempt(
    connection: Connection, keys: KeyRing, call_task_id: int, outcome: Outcome, *, actor: str, now: datetime,
    due_at: datetime | None = None, note: str = "",
) -> bool:  # fmt: skip
    """Note a try; a call that was made is ended, another is due again at `due_at`. False when it was ended before."""
    table = call_tasks
    values = {"done_at": now, "done_by": actor} if outcome == "done" else {"due_at": due_at}
    ending = update(table).where(table.c.id == call_task_id, table.c.done_at.is_(None)).values(values)
    if connection.execute(ending).rowcount != 1:
        return False
    again_at = None if outcome == "done" else due_at
    row = {"call_task_id": call_task_id, "outcome": outcome, "actor": actor, "at": now, "due_at": again_at}
    id: int = connection.execute(insert(call_attempts).values(row).returning(call_attempts.c.id)).scalar_one()
    if note:
        sealed = keys.seal(note.encode(), place=_place(id))
        connection.execute(update(call_attempts).where(call_attempts.c.id == id).values(note=sealed))
    return True


def calls(
    connection: Connection, keys: KeyRing, *, is_open: bool = True, contact_id: int | None = None, limit: int = 50,
    offset: int = 0,
) -> list[Call]:  # fmt: skip
    """Return calls to make, the soonest due first; or (`is_open` False) those made, the latest first."""
    table = call_tasks
    query = select(table).where(*_wanted(is_open, contact_id)).limit(limit).offset(offset)
    query = query.order_by(table.c.due_at, table.c.id) if is_open else query.order_by(table.c.done_at.desc())
    rows = connection.execute(query).all()
    tries = _attempts(connection, keys, [row.id for row in rows])
    return [_call(keys, row, tries.get(row.id, ())) for row in rows]


def call(connection: Connection, keys: KeyRing, id: int) -> Call | None:
    """Return one call, or None."""
    row = connection.execute(select(call_tasks).where(call_tasks.c.id == id)).first()
    return None if row is None else _call(keys, row, _attempts(connection, keys, [id]).get(id, ()))


def count(connection: Connection, *, is_open: bool = True, due_by: datetime | None = None) -> int:
    """Count calls to make (due by a time), or those made."""
    wanted = _wanted(is_open, None)
    wanted += [call_tasks.c.due_at <= due_by] if due_by is not None else []
    return connection.scalar(select(func.count()).where(*wanted)) or 0


def _wanted(is_open: bool, contact_id: int | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        call_tasks.c.done_at.is_(None) if is_open else call_tasks.c.done_at.is_not(None)
    ]
    return found if contact_id is None else [*found, call_tasks.c.contact_id == contact_id]


def _attempts(connection: Connection, keys: KeyRing, ids: Sequence[int]) -> dict[int, tuple[Attempt, ...]]:
    table = call_attempts
    found: dict[int, tuple[Attempt, ...]] = {}
    for row in connection.execute(select(table).where(table.c.call_task_id.in_(ids)).order_by(table.c.id)):
        note = keys.open(row.note, place=_place(row.id)).decode() if row.note else ""
        told = {name: getattr(row, name) for name in ("call_task_id", "outcome", "actor", "at", "due_at")}
        found[row.call_task_id] = (*found.get(row.call_task_id, ()), Attempt(**told, note=note))
    return found


def _call(keys: KeyRing, row: Any, attempts: Sequence[Attempt]) -> Call:
    detail = json.loads(keys.open(row.detail, place=f"call_tasks|detail|{row.id}")) if row.detail else {}
    names = ("id", "kind", "subject", "contact_id", "due_at", "made_at", "done_at", "done_by")
    return Call(**{name: getattr(row, name) for name in names}, detail=detail, attempts=attempts)


def _place(id: int) -> str:
    return f"call_attempts|note|{id}"
