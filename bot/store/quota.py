"""How much of a conversation's window is left: what the platforms allow after a person's last message."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.messages import Kind
from bot.store.schema import inbound, outbox


def last_message_at(connection: Connection, conversation_id: int) -> datetime | None:
    """Return when the person last wrote (events open no window), or None."""
    query = (
        select(inbound.c.received_at)
        .where(inbound.c.conversation_id == conversation_id, inbound.c.kind != Kind.EVENT)
        .order_by(inbound.c.id.desc())
        .limit(1)
    )
    at: datetime | None = connection.scalar(query)
    return at


def sent_since(connection: Connection, conversation_id: int, since: datetime) -> int:
    """Count what left through the outbox since a time, and what is about to leave. Passive replies cost nothing."""
    of_it = outbox.c.conversation_id == conversation_id
    sent = select(func.count()).where(of_it, outbox.c.state == "sent", outbox.c.settled_at >= since)
    waiting = select(func.count()).where(of_it, outbox.c.state == "pending")
    under_way = select(func.count()).where(of_it, outbox.c.state == "claimed")
    return sum(connection.scalar(query) or 0 for query in (sent, waiting, under_way))
