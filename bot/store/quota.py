"""How much of a conversation's window is left: what the platforms allow after a person's last message."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from bot.messages import Kind
from bot.store.prepared import Prepared
from bot.store.schema import inbound, outbox

WINDOW = timedelta(hours=48)  # after a person's last message, on WeChat and in WeCom's customer service
MESSAGES = 5  # within it
_WITHOUT_WINDOW = frozenset({"wecom", "web_chat"})  # kinds of channel whose people can always be written to

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


def has_window(channel: str) -> bool:
    """Whether a kind of channel (wechat, wecom, …) takes messages for a while after the person's last one only."""
    return channel not in _WITHOUT_WINDOW


def room(connection: Connection, conversation_id: int, *, is_unlimited: bool, now: datetime) -> Room:
    """Return what may still be sent in a conversation, with what waits to be sent already taken off."""
    if is_unlimited:
        return Room(is_unlimited=True, until=None, left=0)
    wrote_at = last_message_at(connection, conversation_id)
    if wrote_at is None or now - wrote_at >= WINDOW:
        return Room(is_unlimited=False, until=None, left=0)
    used = sent_since(connection, conversation_id, min(wrote_at, now))
    return Room(is_unlimited=False, until=wrote_at + WINDOW, left=max(0, MESSAGES - used))


def last_message_at(connection: Connection, conversation_id: int) -> datetime | None:
    """Return when the person last wrote (events open no window), or None."""
    rows = _LAST_MESSAGE.rows(connection, {"of_conversation": conversation_id})
    return rows[0].received_at if rows else None


def sent_since(connection: Connection, conversation_id: int, since: datetime) -> int:
    """Count what left through the outbox since a time, and what is about to leave. Passive replies cost nothing."""
    of_it = outbox.c.conversation_id == conversation_id
    sent = select(func.count()).where(of_it, outbox.c.state == "sent", outbox.c.settled_at >= since)
    waiting = select(func.count()).where(of_it, outbox.c.state == "pending")
    under_way = select(func.count()).where(of_it, outbox.c.state == "claimed")
    return sum(connection.scalar(query) or 0 for query in (sent, waiting, under_way))
