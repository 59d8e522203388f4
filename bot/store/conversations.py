"""Whose conversation it is: taking over, giving back, listing. Every change of hands starts a new epoch."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.keys import KeyRing, Unreadable
from bot.messages import Owner
from bot.store.people import person_of
from bot.store.schema import conversations


def take_over(connection: Connection, conversation_id: int, *, now: datetime) -> bool:
    """Give a conversation to a person, unless a person has it already. The bot's unsent messages are not sent."""
    return _change_hands(connection, conversation_id, Owner.HUMAN, now=now)


def give_back(connection: Connection, conversation_id: int, *, now: datetime) -> bool:
    """Give a conversation back to the bot, unless the bot has it already. It resumes at its stored state."""
    return _change_hands(connection, conversation_id, Owner.BOT, now=now)


def _change_hands(connection: Connection, conversation_id: int, owner: Owner, *, now: datetime) -> bool:
    table = conversations
    changed = connection.execute(
        update(table)
        .where(table.c.id == conversation_id, table.c.owner != owner)
        .values(
            owner=owner,
            epoch=table.c.epoch + 1,
            version=table.c.version + 1,
            updated_at=now,
            waiting_since=None,
            hand_over_reason=None,
        )
    )
    return changed.rowcount == 1


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A conversation as the list shows it; `contact` is empty for a deleted person."""

    id: int
    account: str
    contact: str
    owner: Owner
    waiting_since: datetime | None
    hand_over_reason: str | None
    updated_at: datetime


def listed(connection: Connection, keys: KeyRing) -> Iterator[Listed]:
    """Yield all conversations, the longest waiting first, then the latest changed."""
    table = conversations
    rows = connection.execute(
        select(table).order_by(table.c.waiting_since.is_(None), table.c.waiting_since, table.c.updated_at.desc())
    ).all()
    for row in rows:
        yield Listed(
            id=row.id,
            account=row.account,
            contact=_contact(connection, keys, row.id),
            owner=Owner(row.owner),
            waiting_since=row.waiting_since,
            hand_over_reason=row.hand_over_reason,
            updated_at=row.updated_at,
        )


def _contact(connection: Connection, keys: KeyRing, conversation_id: int) -> str:
    try:
        return person_of(connection, keys, conversation_id).platform_id
    except Unreadable:
        return ""
