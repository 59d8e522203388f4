"""Hand-overs as rows: opened by asking or taking, handed on, ended, rated. Statements and rights; whose conversation it
is stands in the conversation itself, which the caller has locked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from bot.store.people import insert_unless_there
from care.hand_over_tables import escalations, hand_over_steps, hand_overs

ASSISTANT = "assistant"


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """One hand-over. `staff_id` None: nobody has taken it. `asked_at` None: taken over unasked."""

    id: int
    conversation_id: int
    asked_at: datetime | None
    reason: str | None
    product: str | None
    is_red: bool
    offered_to: int | None
    offered_at: datetime | None
    staff_id: int | None
    taken_at: datetime | None
    held_since: datetime | None
    first_reply_at: datetime | None
    ended_at: datetime | None
    how: str | None
    end_reason: str | None
    rating_asked_at: datetime | None
    rating: int | None
    rated_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a hand-over: who did it, and to whom it led."""

    at: datetime
    kind: str
    actor: str
    staff_id: int | None


def hand_over_of(row: Row[Any]) -> HandOver:
    """Return a row as a value."""
    values = {name: getattr(row, name) for name in HandOver.__dataclass_fields__}
    return HandOver(**values)


def open_of(connection: Connection, conversation_id: int) -> HandOver | None:
    """Return the hand-over of a conversation that has not ended, or None."""
    found = select(hand_overs).where(hand_overs.c.conversation_id == conversation_id, hand_overs.c.ended_at.is_(None))
    row = connection.execute(found).first()
    return None if row is None else hand_over_of(row)


def count_held(connection: Connection, staff_id: int) -> int:
    """Count the conversations that somebody has in their hands."""
    held = (hand_overs.c.staff_id == staff_id, hand_overs.c.ended_at.is_(None))
    return int(connection.execute(select(func.count()).select_from(hand_overs).where(*held)).scalar_one())


def last_of(connection: Connection, conversation_id: int) -> HandOver | None:
    """Return the newest hand-over of a conversation, ended or not, or None."""
    found = select(hand_overs).where(hand_overs.c.conversation_id == conversation_id)
    row = connection.execute(found.order_by(hand_overs.c.id.desc()).limit(1)).first()
    return None if row is None else hand_over_of(row)


def steps_of(connection: Connection, hand_over_id: int) -> list[Step]:
    """Return the steps of a hand-over, the oldest first."""
    found = select(hand_over_steps).where(hand_over_steps.c.hand_over_id == hand_over_id)
    rows = connection.execute(found.order_by(hand_over_steps.c.id))
    return [Step(at=row.at, kind=row.kind, actor=row.actor, staff_id=row.staff_id) for row in rows]


def begin(
    connection: Connection, conversation_id: int, *, asked_at: datetime | None, reason: str | None,
    product: str | None = None, now: datetime,
) -> HandOver:  # fmt: skip
    """Return the open hand-over of a conversation; it is opened if there is none."""
    row = {
        "conversation_id": conversation_id,
        "asked_at": asked_at,
        "reason": reason,
        "product": product,
        "is_red": False,
    }
    opening = insert_unless_there(connection.dialect, hand_overs).values(row).returning(hand_overs.c.id)
    id = connection.execute(opening).scalar()
    if id is not None and asked_at is not None:
        note_step(connection, id, "asked", actor=ASSISTANT, now=asked_at)
    opened = open_of(connection, conversation_id)
    if opened is None:
        raise LookupError("a hand-over that was just opened is not there")
    return opened


def hold(connection: Connection, hand_over: HandOver, *, staff_id: int, kind: str, actor: str, now: datetime) -> None:
    """Put a hand-over into somebody's hands; `kind` is taken or handed."""
    values: dict[str, Any] = {"staff_id": staff_id, "held_since": now, "offered_to": None, "offered_at": None}
    if hand_over.taken_at is None:
        values["taken_at"] = now
    connection.execute(update(hand_overs).where(hand_overs.c.id == hand_over.id).values(values))
    note_step(connection, hand_over.id, kind, actor=actor, staff_id=staff_id, now=now)
    seen(connection, hand_over.id, kinds=("untaken",), by=staff_id, now=now)


def offer(connection: Connection, hand_over_id: int, *, staff_id: int, now: datetime) -> bool:
    """Assign a hand-over that nobody has taken; False when somebody has meanwhile."""
    is_free = (hand_overs.c.id == hand_over_id, hand_overs.c.staff_id.is_(None), hand_overs.c.ended_at.is_(None))
    offered = connection.execute(update(hand_overs).where(*is_free).values(offered_to=staff_id, offered_at=now))
    if offered.rowcount == 1:
        note_step(connection, hand_over_id, "offered", actor=ASSISTANT, staff_id=staff_id, now=now)
    return offered.rowcount == 1


def replied(connection: Connection, hand_over: HandOver, *, actor: str, now: datetime) -> None:
    """Note the first answer of a person."""
    if hand_over.first_reply_at is None:
        of_it = hand_overs.c.id == hand_over.id
        connection.execute(update(hand_overs).where(of_it).values(first_reply_at=now))
        note_step(connection, hand_over.id, "replied", actor=actor, staff_id=hand_over.staff_id, now=now)


def end(
    connection: Connection, hand_over: HandOver, *, how: str, actor: str, now: datetime, reason: str | None = None,
    asks_rating: bool = False,
) -> None:  # fmt: skip
    """End a hand-over: given_back or closed."""
    values: dict[str, Any] = {"ended_at": now, "how": how, "end_reason": reason, "offered_to": None, "offered_at": None}
    if asks_rating:
        values["rating_asked_at"] = now
    connection.execute(update(hand_overs).where(hand_overs.c.id == hand_over.id).values(values))
    note_step(connection, hand_over.id, how, actor=actor, now=now)


def rate(connection: Connection, hand_over_id: int, rating: int, *, now: datetime) -> bool:
    """Store how satisfied the person was, from 1 to 5; False when that was not asked, or answered before."""
    of_it = (hand_overs.c.id == hand_over_id, hand_overs.c.rating_asked_at.is_not(None), hand_overs.c.rating.is_(None))
    return connection.execute(update(hand_overs).where(*of_it).values(rating=rating, rated_at=now)).rowcount == 1


def page(connection: Connection, hand_over: HandOver, *, now: datetime) -> None:
    """Raise the red flag: danger to life. Whoever has the conversation, and the supervisors, must see it now."""
    connection.execute(update(hand_overs).where(hand_overs.c.id == hand_over.id).values(is_red=True))
    note_step(connection, hand_over.id, "paged", actor=ASSISTANT, staff_id=hand_over.staff_id, now=now)
    escalate(connection, hand_over.id, "danger", since=now, now=now)


def escalate(connection: Connection, hand_over_id: int, kind: str, *, since: datetime, now: datetime) -> bool:
    """Let supervisors know; False when they were told of the same before."""
    row = {"hand_over_id": hand_over_id, "kind": kind, "since": since, "at": now}
    added = insert_unless_there(connection.dialect, escalations).values(row).returning(escalations.c.id)
    if connection.execute(added).scalar() is None:
        return False
    if kind != "danger":
        note_step(connection, hand_over_id, "escalated", actor=ASSISTANT, now=now)
    return True


def is_escalated(connection: Connection, hand_over_id: int, kind: str, *, since: datetime) -> bool:
    """Whether supervisors were told of this."""
    table = escalations
    told = (table.c.hand_over_id == hand_over_id, table.c.kind == kind, table.c.since == since)
    return connection.execute(select(table.c.id).where(*told)).first() is not None


def seen(connection: Connection, hand_over_id: int, *, kinds: tuple[str, ...], by: int, now: datetime) -> int:
    """Note that somebody looks after what escalated; returns how many rows that were."""
    table = escalations
    unseen = (table.c.hand_over_id == hand_over_id, table.c.kind.in_(kinds), table.c.seen_at.is_(None))
    return connection.execute(update(table).where(*unseen).values(seen_at=now, seen_by=by)).rowcount


def settle_escalations(connection: Connection, hand_over_id: int) -> None:
    """Forget what escalated of a hand-over that ended by itself."""
    connection.execute(delete(escalations).where(escalations.c.hand_over_id == hand_over_id))


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """What supervisors must see: danger | untaken | unanswered, about a conversation, since when."""

    id: int
    hand_over_id: int
    conversation_id: int
    kind: str
    since: datetime
    at: datetime


def unseen_escalations(connection: Connection, *, limit: int = 100) -> list[Escalation]:
    """Return what nobody has seen yet, danger first, then the oldest."""
    table = escalations
    found = (
        select(table, hand_overs.c.conversation_id)
        .join(hand_overs, hand_overs.c.id == table.c.hand_over_id)
        .where(table.c.seen_at.is_(None))
        .order_by(table.c.kind != "danger", table.c.at, table.c.id)
        .limit(limit)
    )
    names = tuple(Escalation.__dataclass_fields__)
    return [Escalation(**{name: getattr(row, name) for name in names}) for row in connection.execute(found)]


def note_step(
    connection: Connection, hand_over_id: int, kind: str, *, actor: str, now: datetime, staff_id: int | None = None
) -> None:
    """Add one step."""
    row = {"hand_over_id": hand_over_id, "at": now, "kind": kind, "actor": actor, "staff_id": staff_id}
    connection.execute(insert(hand_over_steps).values(row))
