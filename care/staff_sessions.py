"""Sessions of the console: kept in the database by the digest of their ids, so that they end when we say so."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, or_, select, update

from bot.store.prepared import Prepared
from care.staff_tables import staff_sessions

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
_NOTED_EVERY = timedelta(minutes=1)  # how exactly it is known when somebody was there last

# Asked at every request: what each open page fetches by itself, too.
_FIND = Prepared(
    lambda _: select(staff_sessions.c.id, staff_sessions.c.staff_id, staff_sessions.c.seen_at).where(
        staff_sessions.c.token_digest == bindparam("digest"),
        staff_sessions.c.seen_at > bindparam("idle"),
        staff_sessions.c.made_at > bindparam("oldest"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session that holds. `is_stale` tells that its last use should be written down again."""

    id: int
    staff_id: int
    is_stale: bool


def begin(connection: Connection, staff_id: int, *, now: datetime) -> str:
    """Start a session and return its id, which is stored nowhere; sessions that ended by themselves are cleared."""
    connection.execute(delete(staff_sessions).where(_is_over(now)))
    token = secrets.token_urlsafe(32)
    values = {"token_digest": _digest(token), "staff_id": staff_id, "made_at": now, "seen_at": now}
    connection.execute(insert(staff_sessions).values(values))
    return token


def find(connection: Connection, token: str, *, now: datetime) -> Session | None:
    """Return the session of that id, unless it has ended, was left idle, or is too old."""
    rows = _FIND.rows(connection, {"digest": _digest(token), "idle": now - IDLE, "oldest": now - LONGEST})
    if not rows:
        return None
    row = rows[0]
    return Session(id=row.id, staff_id=row.staff_id, is_stale=row.seen_at + _NOTED_EVERY < now)


def note_use(connection: Connection, session_id: int, *, now: datetime) -> None:
    """Write down that a session was used now."""
    connection.execute(update(staff_sessions).where(staff_sessions.c.id == session_id).values(seen_at=now))


def end(connection: Connection, token: str) -> None:
    """End the session of that id."""
    connection.execute(delete(staff_sessions).where(staff_sessions.c.token_digest == _digest(token)))


def end_all(connection: Connection, staff_id: int) -> None:
    """End all sessions of somebody."""
    connection.execute(delete(staff_sessions).where(staff_sessions.c.staff_id == staff_id))


def _is_over(now: datetime) -> ColumnElement[bool]:
    return or_(staff_sessions.c.seen_at <= now - IDLE, staff_sessions.c.made_at <= now - LONGEST)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
