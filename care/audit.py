"""The audit trail: who did or read what, as a chain in which an altered, inserted or removed row shows.

Each row's digest covers the digest before it and everything the row says. It is keyed, so that who can write to the
database but has no keys cannot close the chain again, and nobody can guess at a sealed detail by its digest. Rows cut
off at the end show only to who noted an earlier `head`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from bot.errors import ConfigurationFault
from bot.keys import KeyRing, Unreadable
from care.tables import audit

_LOCK_NUMBER = 7_305_118_260_143  # any constant: who appends takes this advisory lock until the commit
_START = "0" * 64
_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of the trail. `actor` is contact:<id>, user:<name>, command or assistant."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Head:
    """The end of the chain at some moment, to be noted outside the database."""

    id: int
    digest: str


def append(
    connection: Connection,
    keys: KeyRing,
    *,
    actor: str,
    action: str,
    subject: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add one row. Do it last in a transaction: on PostgreSQL every other append waits for this one's commit."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK_NUMBER)))
    previous = connection.scalar(select(audit.c.digest).order_by(audit.c.id.desc()).limit(1)) or _START
    plain = _plain(detail)
    digest = _digest(keys, previous, at=now, actor=actor, action=action, subject=subject, plain=plain)
    sealed = None if plain is None else keys.seal(plain, place=_place(digest))
    row = {"at": now, "actor": actor, "action": action, "subject": subject, "detail": sealed, "digest": digest}
    connection.execute(insert(audit).values(row))


def reveal(
    connection: Connection, keys: KeyRing, *, actor: str, subject: str, fields: tuple[str, ...], now: datetime
) -> None:
    """Record that somebody reads protected fields (an identity number, a phone, a file) in clear."""
    detail = {"fields": list(fields)}
    append(connection, keys, actor=actor, action="reveal", subject=subject, now=now, detail=detail)


def verify(connection: Connection, keys: KeyRing, *, known: Head | None = None) -> int | None:
    """Return the number of the first row at which the chain is broken, or None when it is whole.

    With `known`, a head noted before, rows that were cut off the end show as well: its number is returned then.
    """
    previous, is_known_there = _START, known is None
    for row in _rows(connection):
        if not _continues(keys, previous, row):
            return int(row.id)
        previous = row.digest
        if known is not None and row.id == known.id:
            is_known_there = row.digest == known.digest
    return None if is_known_there or known is None else known.id


def head(connection: Connection) -> Head | None:
    """Return the end of the chain; None while nothing was recorded."""
    row = connection.execute(select(audit.c.id, audit.c.digest).order_by(audit.c.id.desc()).limit(1)).first()
    return None if row is None else Head(id=row.id, digest=row.digest)


def entries(
    connection: Connection, keys: KeyRing, *, subject: str | None = None, actor: str | None = None, limit: int = 200
) -> list[Entry]:
    """Return the newest rows about a subject or by an actor, the newest first."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    if actor is not None:
        query = query.where(audit.c.actor == actor)
    return [_entry(keys, row) for row in connection.execute(query)]


def searched(
    connection: Connection,
    keys: KeyRing,
    *,
    actor: str = "",
    subject: str = "",
    action: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 200,
) -> list[Entry]:
    """Return the newest rows whose actor, subject and action contain what is given, the newest first.

    `before` is a row's number: only older ones are returned then.
    """
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    for column, part in ((audit.c.actor, actor), (audit.c.subject, subject), (audit.c.action, action)):
        query = query.where(column.contains(part, autoescape=True)) if part else query
    if since is not None:
        query = query.where(audit.c.at >= since)
    if until is not None:
        query = query.where(audit.c.at < until)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [_entry(keys, row) for row in connection.execute(query)]


def _rows(connection: Connection) -> Iterator[Any]:
    last = -1
    while batch := connection.execute(select(audit).where(audit.c.id > last).order_by(audit.c.id).limit(_BATCH)).all():
        yield from batch
        last = batch[-1].id


def _continues(keys: KeyRing, previous: str, row: Any) -> bool:
    try:
        plain = None if row.detail is None else keys.open(row.detail, place=_place(row.digest))
    except (Unreadable, ConfigurationFault):
        return False
    said = {"at": row.at, "actor": row.actor, "action": row.action, "subject": row.subject}
    return bool(row.digest == _digest(keys, previous, **said, plain=plain))


def _entry(keys: KeyRing, row: Any) -> Entry:
    detail = {} if row.detail is None else json.loads(keys.open(row.detail, place=_place(row.digest)))
    return Entry(id=row.id, at=row.at, actor=row.actor, action=row.action, subject=row.subject, detail=detail)


def _plain(detail: Mapping[str, Any] | None) -> bytes | None:
    return json.dumps(dict(detail), ensure_ascii=False, sort_keys=True).encode() if detail else None


def _digest(
    keys: KeyRing, previous: str, *, at: datetime, actor: str, action: str, subject: str, plain: bytes | None
) -> str:
    said = [previous, at.astimezone(UTC).isoformat(), actor, action, subject, None if plain is None else plain.hex()]
    return keys.blind_index("audit", json.dumps(said, ensure_ascii=True)).hex()


def _place(digest: str) -> str:
    # Not the row's number: the digest is known before the row is written, and as unique.
    return f"audit|detail|{digest}"
