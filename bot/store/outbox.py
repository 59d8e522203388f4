"""The outbox: rows that wait to be sent. Claims keep each conversation's order and end by their lease at the latest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, Connection, Row, and_, func, literal_column, or_, select, update

from bot.files import Attachment
from bot.keys import KeyRing, Unreadable
from bot.messages import Owner
from bot.store import encoding
from bot.store.people import cipher_of, insert_unless_there, person_of
from bot.store.schema import conversations, outbox

_ERROR_LENGTH = 200

MEDIA = "media"  # a file that somebody of the staff sends
CARD = "card"  # a notice to somebody of the staff about their work; see bot.cards
# What people say, themselves or by moving a case, and what staff are told: it leaves whoever has the conversation by
# then. The rest is the bot's.
PEOPLE_SAY = ("human", MEDIA, "case", CARD)

# Written out rather than bound, so that the databases see that the partial indexes apply.
_PENDING: ColumnClause[str] = literal_column("'pending'")
_CLAIMED: ColumnClause[str] = literal_column("'claimed'")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A claimed row, opened. `has_changed_hands` tells that it must not be sent any more."""

    id: int
    kind: str
    claim_token: str
    account: str
    contact: str
    text: str
    key: str
    attempts: int
    created_at: datetime
    has_changed_hands: bool
    attachment: Attachment | None = None


def add(
    connection: Connection, keys: KeyRing, *, conversation_id: int, kind: str, text: str, key: str, now: datetime,
    due_at: datetime | None = None, expires_at: datetime | None = None, attachment: Attachment | None = None,
) -> bool:  # fmt: skip
    """Put one text (or a file, with the text that tells of it) into the outbox for whoever owns the conversation; False
    when `key` was used before.

    From `expires_at` on it is dropped rather than sent. Locks the conversation, so that rows get their numbers in the
    order in which they are committed.
    """
    locked = select(conversations).where(conversations.c.id == conversation_id).with_for_update(key_share=True)
    conversation = connection.execute(locked).one()
    cipher = cipher_of(connection, keys, conversation.contact_id)
    added = connection.execute(
        insert_unless_there(connection.dialect, outbox)
        .values(
            conversation_id=conversation_id,
            owner=_owner_of(kind, conversation.owner),
            epoch=conversation.epoch,
            kind=kind,
            body=cipher.seal(encoding.text_bytes(text, attachment), place=f"outbox|body|{key}"),
            idempotency_key=key,
            state="pending",
            attempts=0,
            created_at=now,
            due_at=due_at or now,
            expires_at=expires_at,
        )
        .returning(outbox.c.id)
    )
    return added.first() is not None


def _owner_of(kind: str, owner: str) -> str:
    # What the bot says on its own account while a person has the conversation is never sent: rather drop than speak.
    return Owner.BOT if owner == Owner.HUMAN and kind not in PEOPLE_SAY else owner


def pass_on(connection: Connection, conversation_id: int) -> None:
    """Let what people said leave though the conversation has changed hands: it goes over to who has it now."""
    of_it = (outbox.c.conversation_id == conversation_id, outbox.c.state.in_(("pending", "claimed")))
    now = select(conversations.c.owner, conversations.c.epoch).where(conversations.c.id == conversation_id)
    has_it = connection.execute(now).one()
    passed = update(outbox).where(*of_it, outbox.c.kind.in_(PEOPLE_SAY))
    connection.execute(passed.values(owner=has_it.owner, epoch=has_it.epoch))


def withdraw(connection: Connection, keys: Sequence[str], *, now: datetime) -> int:
    """Let messages that have not left be of no use any more; what is being sent this moment may still arrive."""
    waiting = (outbox.c.idempotency_key.in_(keys), outbox.c.state.in_(("pending", "claimed")))
    return connection.execute(update(outbox).where(*waiting).values(expires_at=now)).rowcount


def _is_next(now: datetime) -> ColumnElement[bool]:
    """Whether a row is due and nothing of its conversation is before it: under way, being retried, or due as well.

    Two questions rather than one with OR, so that each is one look into an index, however long the queue is.
    """
    other = outbox.alias("other")
    under_way = select(other.c.id).where(other.c.conversation_id == outbox.c.conversation_id, other.c.state == _CLAIMED)
    earlier = select(other.c.id).where(
        other.c.conversation_id == outbox.c.conversation_id,
        other.c.state == _PENDING,
        other.c.id < outbox.c.id,
        or_(other.c.attempts > 0, other.c.due_at <= now),
    )
    return and_(outbox.c.state == _PENDING, outbox.c.due_at <= now, ~under_way.exists(), ~earlier.exists())


def claim(
    connection: Connection, keys: KeyRing, *, now: datetime, lease: timedelta, limit: int, claim_token: str
) -> list[Delivery]:
    """Take up to `limit` rows that are next in their conversations; a row whose text nobody can read any more dies."""
    chosen = (
        select(outbox.c.id)
        .where(_is_next(now))
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = connection.scalars(chosen).all()
    if not ids:
        return []
    rows = connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(ids), outbox.c.state == "pending")
        .values(state="claimed", claim_token=claim_token, lease_until=now + lease, attempts=outbox.c.attempts + 1)
        .returning(outbox)
    ).all()
    return [one for row in sorted(rows, key=lambda row: row.id) for one in _opened(connection, keys, row, now)]


def _opened(connection: Connection, keys: KeyRing, row: Row[Any], now: datetime) -> Iterator[Delivery]:
    conversation = connection.execute(select(conversations).where(conversations.c.id == row.conversation_id)).one()
    try:
        person = person_of(connection, keys, row.conversation_id)
        sealed = cipher_of(connection, keys, person.contact_id).open(
            row.body, place=f"outbox|body|{row.idempotency_key}"
        )
    except Unreadable:
        settle(connection, row.id, row.claim_token, state="dead", now=now, error="the person was deleted")
        return
    yield Delivery(
        id=row.id,
        kind=row.kind,
        claim_token=row.claim_token,
        account=person.account,
        contact=person.platform_id,
        text=encoding.text_from(sealed),
        key=row.idempotency_key,
        attempts=row.attempts,
        created_at=row.created_at,
        has_changed_hands=has_changed_hands(row, conversation),
        attachment=encoding.attachment_from(sealed),
    )


def has_changed_hands(row: Row[*tuple[Any, ...]], conversation: Row[*tuple[Any, ...]]) -> bool:
    """Whether a row was written under another owner. Waiting for a person is no change: the bot goes on answering."""
    by_human, is_human = row.owner == Owner.HUMAN, conversation.owner == Owner.HUMAN
    return bool(row.epoch != conversation.epoch or by_human != is_human)


def is_still_wanted(connection: Connection, delivery: Delivery, *, now: datetime) -> bool:
    """Ask once more, right before sending: the claim is still ours, the conversation in the same hands, and the
    message still of use."""
    row = connection.execute(
        select(outbox.c.owner, outbox.c.epoch, outbox.c.conversation_id, outbox.c.expires_at).where(
            *_claimed_by(delivery)
        )
    ).first()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return False
    conversation = connection.execute(select(conversations).where(conversations.c.id == row.conversation_id)).one()
    return not has_changed_hands(row, conversation)


def _claimed_by(delivery: Delivery) -> tuple[ColumnElement[bool], ...]:
    return (outbox.c.id == delivery.id, outbox.c.claim_token == delivery.claim_token)


def lengthen(connection: Connection, delivery: Delivery, *, lease_until: datetime) -> bool:
    """Keep a claim for longer than usual; False when it was lost meanwhile."""
    longer = update(outbox).where(*_claimed_by(delivery)).values(lease_until=lease_until)
    return connection.execute(longer).rowcount == 1


def settle(
    connection: Connection, row_id: int, claim_token: str, *, state: str, now: datetime, error: str | None = None
) -> bool:
    """End a claimed row as sent, dead or dropped; False when the claim was lost meanwhile."""
    ended = connection.execute(
        update(outbox)
        .where(outbox.c.id == row_id, outbox.c.claim_token == claim_token)
        .values(state=state, settled_at=now, claim_token=None, lease_until=None, error=_short(error))
    )
    return ended.rowcount == 1


def postpone(
    connection: Connection, row_id: int, claim_token: str, *, due_at: datetime, error: str, attempts: int | None = None
) -> bool:
    """Let a claimed row be tried again later, as if tried so often; False when the claim was lost meanwhile."""
    counted = {} if attempts is None else {"attempts": attempts}
    postponed = connection.execute(
        update(outbox)
        .where(outbox.c.id == row_id, outbox.c.claim_token == claim_token)
        .values(state="pending", due_at=due_at, claim_token=None, lease_until=None, error=_short(error), **counted)
    )
    return postponed.rowcount == 1


def release_expired(connection: Connection, *, now: datetime, tries: int) -> int:
    """Free rows whose worker died while sending; those that have used up their tries are dead. Return how many."""
    is_expired = and_(outbox.c.state == "claimed", outbox.c.lease_until <= now)
    free = {"claim_token": None, "lease_until": None, "error": "the worker died while sending"}
    dead = connection.execute(
        update(outbox).where(is_expired, outbox.c.attempts >= tries).values(state="dead", settled_at=now, **free)
    )
    again = connection.execute(update(outbox).where(is_expired).values(state="pending", due_at=now, **free))
    return dead.rowcount + again.rowcount


def next_due_at(connection: Connection) -> datetime | None:
    """Return when the next pending row is due (it may have to wait for another one), or None."""
    due: datetime | None = connection.scalar(select(func.min(outbox.c.due_at)).where(outbox.c.state == "pending"))
    return due


def has_next(connection: Connection, *, now: datetime) -> bool:
    """Whether a claim would find something now. Reads only, so an idle worker never writes."""
    return connection.execute(select(outbox.c.id).where(_is_next(now)).limit(1)).first() is not None


def has_expired(connection: Connection, *, now: datetime) -> bool:
    """Whether `release_expired` would find something."""
    query = select(outbox.c.id).where(outbox.c.state == "claimed", outbox.c.lease_until <= now)
    return connection.execute(query.limit(1)).first() is not None


def depths(connection: Connection) -> dict[str, int]:
    """Count the rows that are pending, claimed and dead."""
    query = select(outbox.c.state, func.count()).where(outbox.c.state.in_(("pending", "claimed", "dead")))
    counted: dict[str, int] = {row[0]: row[1] for row in connection.execute(query.group_by(outbox.c.state))}
    return {"pending": 0, "claimed": 0, "dead": 0} | counted


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message that could not be delivered, without its text."""

    id: int
    conversation_id: int
    kind: str
    attempts: int
    created_at: datetime
    died_at: datetime
    error: str


def dead_letters(connection: Connection, *, limit: int = 100) -> Sequence[DeadLetter]:
    """Return the latest dead letters, the newest first."""
    query = select(outbox).where(outbox.c.state == "dead").order_by(outbox.c.settled_at.desc(), outbox.c.id.desc())
    return [
        DeadLetter(
            id=row.id,
            conversation_id=row.conversation_id,
            kind=row.kind,
            attempts=row.attempts,
            created_at=row.created_at,
            died_at=row.settled_at,
            error=row.error or "",
        )
        for row in connection.execute(query.limit(limit))
    ]


def replay(connection: Connection, row_id: int, *, now: datetime) -> bool:
    """Let a dead letter be tried afresh; False when the row is not dead."""
    revived = connection.execute(
        update(outbox)
        .where(outbox.c.id == row_id, outbox.c.state == "dead")
        .values(state="pending", attempts=0, created_at=now, due_at=now, settled_at=None, error=None)
    )
    return revived.rowcount == 1


def _short(error: str | None) -> str | None:
    return None if error is None else error[:_ERROR_LENGTH]
