"""Whom a health manager is to call, because no message reaches them or none would do. Statements only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from bot.clock import in_china
from bot.keys import KeyRing
from bot.store.people import insert_unless_there
from care.tables import call_tasks


@dataclass(frozen=True, kw_only=True)
class CallTask:
    """One call. `detail` tells what about; it holds nothing that names the person."""

    id: int
    kind: str
    subject: str
    occurrence: str
    contact_id: int | None
    due_at: datetime
    made_at: datetime
    detail: Mapping[str, Any]


def add(
    connection: Connection,
    keys: KeyRing,
    *,
    kind: str,
    subject: str,
    contact_id: int | None,
    due_at: datetime,
    detail: Mapping[str, Any],
    now: datetime,
    occurrence: str | None = None,
) -> bool:
    """Note a call; False when the same one was noted before. Without `occurrence` one a kind, subject and day."""
    row = {"kind": kind, "subject": subject, "contact_id": contact_id, "due_at": due_at, "made_at": now}
    row["occurrence"] = occurrence or in_china(due_at).date().isoformat()
    added = insert_unless_there(connection.dialect, call_tasks).values(row).returning(call_tasks.c.id)
    id = connection.execute(added).scalar()
    if id is None:
        return False
    sealed = keys.seal(json.dumps(dict(detail), ensure_ascii=False).encode(), place=_place(id))
    connection.execute(update(call_tasks).where(call_tasks.c.id == id).values(detail=sealed))
    return True


def open_tasks(connection: Connection, keys: KeyRing, *, limit: int = 100) -> list[CallTask]:
    """Return the calls that nobody has made yet, the soonest due first."""
    table = call_tasks
    query = select(table).where(table.c.done_at.is_(None)).order_by(table.c.due_at, table.c.id).limit(limit)
    names = [name for name in CallTask.__dataclass_fields__ if name != "detail"]
    return [
        CallTask(
            **{name: getattr(row, name) for name in names},
            detail=json.loads(keys.open(row.detail, place=_place(row.id))) if row.detail else {},
        )
        for row in connection.execute(query)
    ]


def done(connection: Connection, id: int, *, by: str, now: datetime) -> bool:
    """Note that a call was made; False when it was, or there is none."""
    ending = update(call_tasks).where(call_tasks.c.id == id, call_tasks.c.done_at.is_(None))
    return connection.execute(ending.values(done_at=now, done_by=by)).rowcount == 1


def _place(id: int) -> str:
    return f"call_tasks|detail|{id}"
