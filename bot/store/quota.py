"""How much of a conversation's window is left: what the platforms allow after a person's last message."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from bot.kf.tables import kf_sessions
from bot.messages import Kind
from bot.store.prepared import Prepared
from bot.store.schema import inbound, outbox

WINDOW = timedelta(hours=48)  # after a person's last message, on WeChat and in WeCom's customer service
MESSAGES = 5  # within it
_NOT_OURS = (3, 4)  # states of a session in customer service: a servicer has it, it has ended

_LAST_MESSAGE = Prepared(
    lambda _: (
        select(inbound.c.received_at)
        .where(inbound.c.conversation_id == bindparam("of_conversation"), inbound.c.kind != Kind.EVENT)
        .order_by(inbound.c.id.desc())
        .limit(1)
    )
)


@dataclass(frozen=True, kw_only=True)
class Room:
    """What the platform still lets out. `until` None: the window is over, or there is none (`is_unlimited`)."""

    is_unlimited: bool
    until: datetime | None
    left: int

    @property
    def is_open(self) -> bool:
        """Whether something can be sent now."""
        return self.is_unlimited or (self.until is not None and self.left > 0)


def room(connection: Connection, conversation_id: int, *, is_unlimited: bool, now: datetime) -> Room:
    """Return what may still be sent in a conversation, with what waits to be sent already taken off.

    Customer service counts for itself, by the platform's times, and what its servicers say is none of the five.
    """
    if is_unlimited:
        return Room(is_unlimited=True, until=None, left=0)
    session = connection.execute(
        select(kf_sessions.c.state, kf_sessions.c.window_at, kf_sessions.c.used, kf_sessions.c.code_until).where(
            kf_sessions.c.conversation_id == conversation_id
        )
    ).first()
    if session is not None:
        return _room_in_session(connection, conversation_id, session, now)
    wrote_at = last_message_at(connection, conversation_id)
    if wrote_at is None or now - wrote_at >= WINDOW:
        return Room(is_unlimited=False, until=None, left=0)
    used = sent_since(connection, conversation_id, min(wrote_at, now))
    return Room(is_unlimited=False, until=wrote_at + WINDOW, left=max(0, MESSAGES - used))


def _room_in_session(connection: Connection, conversation_id: int, session: Any, now: datetime) -> Room:
    if session.window_at is None or now - session.window_at >= WINDOW:
        return Room(is_unlimited=False, until=None, left=0)
    has_code = session.code_until is not None and session.code_until > now
    left = MESSAGES - session.used - _waiting(connection, conversation_id)
    is_ours = session.state not in _NOT_OURS or has_code
    return Room(is_unlimited=False, until=session.window_at + WINDOW, left=max(0, left) if is_ours else 0)


def last_message_at(connection: Connection, conversation_id: int) -> datetime | None:
    """Return when the person last wrote (events open no window), or None."""
    rows = _LAST_MESSAGE.rows(connection, {"of_conversation": conversation_id})
    return rows[0].received_at if rows else None


def sent_since(connection: Connection, conversation_id: int, since: datetime) -> int:
    """Count what left through the outbox since a time, and what is about to leave. Passive replies cost nothing."""
    of_it = outbox.c.conversation_id == conversation_id
    sent = select(func.count()).where(of_it, outbox.c.state == "sent", outbox.c.settled_at >= since)
    return (connection.scalar(sent) or 0) + _waiting(connection, conversation_id)


def _waiting(connection: Connection, conversation_id: int) -> int:
    of_it = outbox.c.conversation_id == conversation_id
    waiting = select(func.count()).where(of_it, outbox.c.state == "pending")
    under_way = select(func.count()).where(of_it, outbox.c.state == "claimed")
    return sum(connection.scalar(query) or 0 for query in (waiting, under_way))
