"""Where somebody who writes in several channels is reached: where a window is open, the own channel first."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from bot.store import quota
from bot.store.people import conversation_of
from bot.store.schema import conversations
from care.joins import others_of


def conversations_of(connection: Connection, contact_id: int, conversation_id: int) -> tuple[int, ...]:
    """Return the conversations of the person behind a contact: this one first, then where they wrote last."""
    elsewhere = [conversation_of(connection, one) for one in others_of(connection, contact_id)]
    wrote = {one: quota.last_message_at(connection, one) for one in elsewhere if one is not None}
    lately = sorted(wrote, key=lambda one: at.timestamp() if (at := wrote[one]) else 0.0, reverse=True)
    return (conversation_id, *lately)


def where_open(
    connection: Connection, contact_id: int, conversation_id: int, *, windowless: Collection[str], now: datetime
) -> int:
    """Return the conversation in which a person can be told something now: this one while its window is open, else
    another one of theirs whose window is; this one where none is. `windowless`: accounts that are always open."""
    places = conversations_of(connection, contact_id, conversation_id)
    if len(places) == 1:
        return conversation_id
    rows = connection.execute(select(conversations.c.id, conversations.c.account).where(conversations.c.id.in_(places)))
    unlimited = {row.id for row in rows if row.account in windowless}
    is_open = (one for one in places if quota.room(connection, one, is_unlimited=one in unlimited, now=now).is_open)
    return next(is_open, conversation_id)
