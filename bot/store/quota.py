"""How much of a conversation's window is left: what the platforms allow after a person's last message."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from bot.messages import Kind
from bot.store.prepared import Prepared
from bot.store.schema import inbound, outbox

_LAST_MESSAGE = Prepared(
    lambda _: (
        select(inbound.c.received_at)
        .where(inbound.c.conversation_id == bindparam("of_conversation"), inbound.c.kind != Kind.EVENT)
        .order_by(inbound.c.id.desc())
        .limit(1)
    )
)


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
