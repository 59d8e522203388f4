"""Which conversations stand in which queue, in which order: the statements. Each is built once: building costs most."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select

from bot.messages import Kind, Owner
from bot.store.prepared import Prepared
from bot.store.schema import conversations, inbound, outbox
from care.hand_over_tables import hand_overs

_IS_RED = case((or_(conversations.c.paged_at.is_not(None), hand_overs.c.is_red.is_(True)), 0), else_=1)
_LATEST = (conversations.c.updated_at.desc(), conversations.c.id)

# What somebody said, once for each message that comes while somebody looks.
SAID = Prepared(
    lambda _: select(inbound.c.account, inbound.c.message_key, inbound.c.body).where(
        inbound.c.id == bindparam("number")
    )
)


@cache
def of_queue(queue: str, *, is_whole: bool, sees_all: bool) -> Select[Any]:
    """Return a queue in its order, with all that a row shows or with numbers alone. Parameters: `at_most`, `past`; with
    mine and others `staff_id`; `accounts` where not all are seen."""
    c, h = conversations.c, hand_overs.c
    me: ColumnElement[int] = bindparam("staff_id")
    found = _states() if is_whole else select(c.id).select_from(_joined())
    found = found.limit(bindparam("at_most")).offset(bindparam("past"))
    if not sees_all:
        found = found.where(c.account.in_(bindparam("accounts", expanding=True)))
    if queue == "waiting":
        return found.where(c.owner == Owner.WAITING).order_by(_IS_RED, c.waiting_since, c.id)
    if queue == "mine":
        return found.where(c.owner == Owner.HUMAN, h.staff_id == me).order_by(_IS_RED, *_LATEST)
    if queue == "others":
        is_others = or_(h.staff_id != me, h.staff_id.is_(None))
        return found.where(c.owner == Owner.HUMAN, is_others).order_by(_IS_RED, *_LATEST)
    closed = _closed()
    if queue == "closed":
        return found.where(c.owner == Owner.BOT, closed).order_by(*_LATEST)
    # Of whom nothing ever came there is nothing to see: members of the staff who get cards in WeCom.
    came = select(inbound.c.id).where(inbound.c.conversation_id == c.id)
    return found.where(c.owner == Owner.BOT, ~closed, came.exists()).order_by(*_LATEST)


@cache
def of_numbers() -> Select[Any]:
    """Return what rows show of some conversations. Parameter: `ids`."""
    return _states().where(conversations.c.id.in_(bindparam("ids", expanding=True)))


@cache
def of_open() -> tuple[Select[Any], Select[Any]]:
    """Return who waits, and whom people look after: number, account and holder, each in the order of its queues."""
    c = conversations.c
    found = select(c.id, c.account, hand_overs.c.staff_id).select_from(_joined())
    return (
        found.where(c.owner == Owner.WAITING).order_by(_IS_RED, c.waiting_since, c.id),
        found.where(c.owner == Owner.HUMAN).order_by(_IS_RED, *_LATEST),
    )


def _joined() -> Any:
    is_open = and_(hand_overs.c.conversation_id == conversations.c.id, hand_overs.c.ended_at.is_(None))
    return conversations.outerjoin(hand_overs, is_open)


def _states() -> Select[Any]:
    c, h = conversations.c, hand_overs.c
    last_id = (
        select(inbound.c.id)
        .where(inbound.c.conversation_id == c.id, inbound.c.kind != Kind.EVENT)
        .order_by(inbound.c.id.desc())
        .limit(1)
        .correlate(conversations)
        .scalar_subquery()
    )
    last = inbound.alias("last")
    answered_at = (
        select(func.max(outbox.c.created_at))
        .where(outbox.c.conversation_id == c.id, outbox.c.owner == Owner.HUMAN)
        .where(outbox.c.state.not_in(("dead", "dropped")))  # what never arrived answers nothing
        .correlate(conversations)
        .scalar_subquery()
    )
    return select(
        c.id,
        c.account,
        c.contact_id,
        c.owner,
        c.version,
        c.updated_at,
        c.waiting_since,
        c.hand_over_reason,
        c.paged_at,
        h.staff_id,
        h.offered_to,
        h.is_red,
        h.reason,
        h.product,
        _closed().label("is_closed"),
        last.c.id.label("last_id"),
        last.c.received_at.label("said_at"),
        answered_at.label("answered_at"),
    ).select_from(_joined().outerjoin(last, last.c.id == last_id))


def _closed() -> ColumnElement[bool]:
    """Whether a conversation was closed, and nothing was said in it since."""
    ended, later = hand_overs.alias("closed"), hand_overs.alias("later")
    is_last = ~select(later.c.id).where(later.c.conversation_id == conversations.c.id, later.c.id > ended.c.id).exists()
    said = select(inbound.c.id).where(
        inbound.c.conversation_id == conversations.c.id, inbound.c.received_at > ended.c.ended_at
    )
    return (
        select(ended.c.id)
        .where(ended.c.conversation_id == conversations.c.id, ended.c.how == "closed", is_last, ~said.exists())
        .exists()
    )
