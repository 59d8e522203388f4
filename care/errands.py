"""What is to be done for people outside their turns: wanted in the turn's commit, claimed by one worker, then done."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from bot.messages import Owner
from bot.store.people import insert_unless_there
from bot.store.schema import conversations
from care.tables import errands

EXPORT = "export"
LEASE = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Errand:
    """One thing to do for a person."""

    id: int
    kind: str
    contact_id: int
    conversation_id: int


def want(connection: Connection, kind: str, *, contact_id: int, conversation_id: int, now: datetime) -> bool:
    """Note an errand; False when the same is waiting already."""
    values = {"kind": kind, "contact_id": contact_id, "conversation_id": conversation_id, "wanted_at": now}
    added = connection.execute(
        insert_unless_there(connection.dialect, errands).values(**values).returning(errands.c.id)
    )
    return added.first() is not None


def claim(connection: Connection, *, now: datetime) -> Errand | None:
    """Take the oldest errand that nobody is doing, until the lease ends; None when there is none.

    While a person has the conversation, the errand waits: its end would be told over them.
    """
    free = or_(errands.c.lease_until.is_(None), errands.c.lease_until <= now)
    held = select(conversations.c.id).where(
        conversations.c.id == errands.c.conversation_id, conversations.c.owner == Owner.HUMAN
    )
    waiting = select(errands.c.id).where(free, ~held.exists()).order_by(errands.c.id).limit(1)
    oldest = waiting.with_for_update(skip_locked=True, of=errands)
    id = connection.scalar(oldest)
    if id is None:
        return None
    claiming = update(errands).where(errands.c.id == id, free).values(lease_until=now + LEASE)
    row = connection.execute(claiming.returning(errands)).first()
    if row is None:
        return None
    return Errand(id=row.id, kind=row.kind, contact_id=row.contact_id, conversation_id=row.conversation_id)


def done(connection: Connection, errand: Errand) -> None:
    """Forget an errand that is done, or cannot be."""
    connection.execute(delete(errands).where(errands.c.id == errand.id))


def drop(connection: Connection, contact_id: int) -> None:
    """Forget what is still to be done for a person."""
    connection.execute(delete(errands).where(errands.c.contact_id == contact_id))
