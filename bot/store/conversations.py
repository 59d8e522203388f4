"""Whose conversation it is: taking over, giving back, listing. Every change of hands starts a new epoch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from bot.keys import KeyRing, Unreadable
from bot.messages import Conversation, Owner
from bot.store import encoding
from bot.store.inbox import state_place
from bot.store.outbox import pass_on
from bot.store.people import cipher_of, person_of
from bot.store.schema import conversations


@dataclass(frozen=True, kw_only=True)
class Held:
    """A conversation that is locked until the commit, as a turn would find it, and how long it has waited."""

    conversation: Conversation
    updated_at: datetime
    waiting_since: datetime | None
    hand_over_reason: str | None
    paged_at: datetime | None


def hold(connection: Connection, keys: KeyRing, conversation_id: int) -> Held | None:
    """Lock a conversation until the commit and return it; None where there is none. Raises Unreadable for a person
    who has been deleted."""
    found = select(conversations).where(conversations.c.id == conversation_id).with_for_update(key_share=True)
    return _held(connection, keys, connection.execute(found).first())


def stir(connection: Connection, contact_id: int, *, now: datetime) -> None:
    """Let open pages look at a person's conversation again: something of it changed outside its turns."""
    table = conversations
    changed = update(table).where(table.c.contact_id == contact_id)
    connection.execute(changed.values(version=table.c.version + 1, updated_at=now))


def seen(connection: Connection, keys: KeyRing, conversation_id: int) -> Conversation | None:
    """Return a conversation as it is now, without a lock. Raises Unreadable as `hold` does."""
    row = connection.execute(select(conversations).where(conversations.c.id == conversation_id)).first()
    held = _held(connection, keys, row)
    return None if held is None else held.conversation


def _held(connection: Connection, keys: KeyRing, row: Row[Any] | None) -> Held | None:
    if row is None:
        return None
    cipher = cipher_of(connection, keys, row.contact_id)
    sealed = row.state
    conversation = Conversation(
        id=row.id,
        account=row.account,
        owner=Owner(row.owner),
        epoch=row.epoch,
        contact_id=row.contact_id,
        state={} if sealed is None else encoding.state_from(cipher.open(sealed, place=state_place(row.id))),
    )
    return Held(
        conversation=conversation,
        updated_at=row.updated_at,
        waiting_since=row.waiting_since,
        hand_over_reason=row.hand_over_reason,
        paged_at=row.paged_at,
    )


def change(
    connection: Connection, keys: KeyRing, conversation: Conversation, *, now: datetime,
    state: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Note that something of a conversation changed beside its turns; `state` replaces its state."""
    values: dict[str, Any] = {"version": conversations.c.version + 1, "updated_at": now}
    if state is not None:
        cipher = cipher_of(connection, keys, conversation.contact_id)
        values["state"] = cipher.seal(encoding.state_bytes(state), place=state_place(conversation.id))
    connection.execute(update(conversations).where(conversations.c.id == conversation.id).values(values))


def take_over(connection: Connection, conversation_id: int, *, now: datetime) -> bool:
    """Give a conversation to a person, unless a person has it already. The bot's unsent messages are not sent."""
    return _change_hands(connection, conversation_id, Owner.HUMAN, now=now)


def give_back(connection: Connection, conversation_id: int, *, now: datetime) -> bool:
    """Give a conversation back to the bot, unless the bot has it already. It resumes at its stored state; what people
    wrote is sent all the same."""
    return _change_hands(connection, conversation_id, Owner.BOT, now=now)


def owner_of(connection: Connection, conversation_id: int) -> Owner:
    """Return who answers a conversation."""
    found = select(conversations.c.owner).where(conversations.c.id == conversation_id)
    return Owner(connection.execute(found).scalar_one())


def stop_waiting(connection: Connection, conversation_id: int, *, now: datetime) -> bool:
    """Let a conversation wait for a person no more. It stays in the bot's hands, so what the bot said still leaves."""
    table = conversations
    values = {"owner": Owner.BOT, "updated_at": now, "waiting_since": None, "hand_over_reason": None, "paged_at": None}
    waiting = (table.c.id == conversation_id, table.c.owner == Owner.WAITING)
    changed = connection.execute(update(table).where(*waiting).values(**values, version=table.c.version + 1))
    return changed.rowcount == 1


def _change_hands(connection: Connection, conversation_id: int, owner: Owner, *, now: datetime) -> bool:
    table = conversations
    values = {"owner": owner, "updated_at": now, "waiting_since": None, "hand_over_reason": None}
    if owner is not Owner.HUMAN:
        values["paged_at"] = None
    changed = connection.execute(
        update(table)
        .where(table.c.id == conversation_id, table.c.owner != owner)
        .values(**values, epoch=table.c.epoch + 1, version=table.c.version + 1)
    )
    if changed.rowcount != 1:
        return False
    pass_on(connection, conversation_id)
    return True


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
