"""Rounds over what waits for a person: each is assigned to somebody, and what nobody answers in time escalates.

Every few seconds, in any process: what was done before is found done. An assignment is a hint and no lock: whoever is
quicker may take the conversation.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple

import structlog
from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from bot.messages import Kind, Owner
from bot.store.outbox import MEDIA
from bot.store.schema import conversations, inbound, outbox
from bot.store.store import Store
from care import hand_overs, staff
from care.duty import Assignment, Colleague, Waiting, assigned
from care.hand_over_tables import escalations, hand_over_steps
from care.hand_over_tables import hand_overs as table
from care.service_hours import ServiceHours
from handlers.native_service import is_in_platform

log = structlog.get_logger()

OFFER_STANDS = timedelta(minutes=3)  # so long somebody has to take what was assigned; then it is another's turn
_EVERY = timedelta(seconds=3)
_AT_ONCE = 200
_NEVER_ARRIVED = ("dead", "dropped")  # states of the outbox


# Who is looked after in WeCom's own app is none of our managers'.
_OPEN = select(table).where(table.c.ended_at.is_(None), ~is_in_platform(table.c.conversation_id))


class Late(NamedTuple):
    """Who waits too long since a time: untaken (for a person to come) or unanswered."""

    hand_over_id: int
    kind: str
    since: datetime
    is_red: bool


@dataclass(kw_only=True)
class Rota:
    """Assigns and escalates for one process. `answer_within`: of service time; `serves`: the products of an account
    (None: all), whose conversations only those open who have one of them."""

    store: Store
    hours: ServiceHours
    answer_within: timedelta = timedelta(minutes=10)
    serves: Callable[[str], Collection[str] | None] = lambda _account: None
    _looked_at: datetime | None = field(default=None, init=False)

    def tick(self, now: datetime) -> Counter[str]:
        """Do one round, every few seconds; returns how many were assigned and escalated. Raises RetryLater."""
        if self._looked_at is not None and now - self._looked_at < _EVERY:
            return Counter()
        self._looked_at = now
        with self.store.reading() as connection:
            unnoted = self._unnoted(connection)
            assigning = self._assigning(connection, now)
            escalating = [*self._untaken(connection, now), *self._unanswered(connection, now)]
        if not (unnoted or assigning or escalating):
            return Counter()

        def work(connection: Connection) -> Counter[str]:
            for row in unnoted:
                hand_overs.begin(
                    connection, row.id, asked_at=row.waiting_since, reason=row.hand_over_reason, product=None, now=now
                )
            offers = [
                hand_overs.offer(connection, one.hand_over_id, staff_id=one.staff_id, now=now) for one in assigning
            ]
            told = [
                hand_overs.escalate(connection, one.hand_over_id, one.kind, since=one.since, now=now)
                for one in escalating
            ]
            return +Counter(noted=len(unnoted), assigned=sum(offers), escalated=sum(told))

        done = self.store.write(work)
        if done["escalated"]:
            log.warning("conversations unanswered", count=done["escalated"])
        return done

    def _unnoted(self, connection: Connection) -> Sequence[Row[Any]]:
        """Find who waits without a hand-over: asked before this program, or by another way than the desk."""
        opened = select(table.c.id).where(table.c.conversation_id == conversations.c.id, table.c.ended_at.is_(None))
        unnoted = select(conversations).where(conversations.c.owner == Owner.WAITING, ~opened.exists())
        return connection.execute(unnoted.limit(_AT_ONCE)).all()

    def _assigning(self, connection: Connection, now: datetime) -> list[Assignment]:
        """Assign what nobody has or was offered lately, while people are there; danger at any time."""
        colleagues = self._colleagues(connection, now)
        on_duty = [one for one in colleagues if one.is_on_duty]
        if not on_duty:
            return []
        free = _OPEN.where(table.c.staff_id.is_(None), _is_free(now))
        # However many wait, only danger is looked at where nothing else can go to anybody.
        if not self.hours.is_open(now) or all(one.load >= one.capacity for one in on_duty):
            free = free.where(table.c.is_red)
        with_account = free.join(conversations, conversations.c.id == table.c.conversation_id)
        rows = connection.execute(with_account.add_columns(conversations.c.account)).all()
        refused = _refused(connection)
        waiting = (_waiting(row, self.serves(row.account), refused[row.id]) for row in rows)
        return assigned(waiting, colleagues)[:_AT_ONCE]

    def _colleagues(self, connection: Connection, now: datetime) -> list[Colleague]:
        has_it = func.coalesce(table.c.staff_id, table.c.offered_to)
        held = (
            select(has_it, func.count())
            .where(table.c.ended_at.is_(None), or_(table.c.staff_id.is_not(None), ~_is_free(now)))
            .group_by(has_it)
        )
        load = {row[0]: int(row[1]) for row in connection.execute(held)}
        return [
            Colleague(
                id=member.id,
                is_on_duty=member.on_duty and member.is_active and member.role == "manager",
                products=None if member.products is None else frozenset(member.products),
                capacity=member.capacity,
                load=load.get(member.id, 0),
            )
            for member in staff.everybody(connection)
        ]

    def _untaken(self, connection: Connection, now: datetime) -> list[Late]:
        """Find for whom no person came in time, and supervisors were not told."""
        told = select(escalations.c.id).where(
            escalations.c.hand_over_id == table.c.id,
            escalations.c.kind == "untaken",
            escalations.c.since == table.c.asked_at,
        )
        asked = _OPEN.where(table.c.staff_id.is_(None), table.c.asked_at <= now - self.answer_within, ~told.exists())
        rows = connection.execute(asked.order_by(table.c.asked_at)).all()
        # The oldest stand first: behind the first who does not wait too long nobody does.
        late = takewhile(lambda row: self._is_late(row.asked_at, now), rows)
        return _soonest(Late(row.id, "untaken", row.asked_at, row.is_red) for row in late)

    def _unanswered(self, connection: Connection, now: datetime) -> list[Late]:
        """Find whom whoever has the conversation does not answer in time, and supervisors were not told."""
        kind = "unanswered"
        told = select(escalations.c.hand_over_id, escalations.c.since).join(table).where(table.c.ended_at.is_(None))
        known = {(row.hand_over_id, row.since) for row in connection.execute(told.where(escalations.c.kind == kind))}
        rows = connection.execute(_held()).all()
        since = ((row, _unanswered_since(row)) for row in rows)
        waiting = [(row, at) for row, at in since if at is not None and (row.id, at) not in known]
        return _soonest(Late(row.id, kind, at, row.is_red) for row, at in waiting if self._is_late(at, now))

    def _is_late(self, since: datetime, now: datetime) -> bool:
        return self.hours.seconds_between(since, now) >= self.answer_within.total_seconds()


def _soonest(late: Iterable[Late]) -> list[Late]:
    return sorted(late, key=lambda one: (not one.is_red, one.since, one.hand_over_id))[:_AT_ONCE]


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Whether a hand-over that nobody has was offered to nobody lately."""
    return or_(table.c.offered_at.is_(None), table.c.offered_at <= now - OFFER_STANDS)


def _refused(connection: Connection) -> defaultdict[int, frozenset[int]]:
    """Return who was offered which hand-over that still waits."""
    steps = (
        select(hand_over_steps.c.hand_over_id, hand_over_steps.c.staff_id)
        .join(table, table.c.id == hand_over_steps.c.hand_over_id)
        .where(table.c.ended_at.is_(None), table.c.staff_id.is_(None), hand_over_steps.c.kind == "offered")
    )
    refused: defaultdict[int, frozenset[int]] = defaultdict(frozenset)
    for row in connection.execute(steps.where(hand_over_steps.c.staff_id.is_not(None))):
        refused[row.hand_over_id] |= {row.staff_id}
    return refused


def _waiting(row: Row[Any], serves: Collection[str] | None, refused: frozenset[int]) -> Waiting:
    asked_at = row.asked_at or row.taken_at
    if asked_at is None:
        raise LookupError("a hand-over that was neither asked for nor taken")
    return Waiting(
        hand_over_id=row.id,
        asked_at=asked_at,
        product=row.product,
        is_red=row.is_red,
        served=None if serves is None else frozenset(serves),
        refused=refused,
    )


def _held() -> Select[Any]:
    """Return what somebody has, with when the person was last answered, first wrote after that, and when the last
    answer was written that never arrived."""
    answers = (
        select(func.max(outbox.c.created_at))
        .where(outbox.c.conversation_id == table.c.conversation_id, outbox.c.kind.in_(("human", MEDIA)))
        .correlate(table)
    )
    answered = answers.where(outbox.c.state.not_in(_NEVER_ARRIVED)).scalar_subquery()
    failed = answers.where(outbox.c.state.in_(_NEVER_ARRIVED)).scalar_subquery()
    said = (
        select(func.min(inbound.c.received_at))
        .where(inbound.c.conversation_id == table.c.conversation_id, inbound.c.kind != Kind.EVENT)
        .where(inbound.c.received_at > answered)
        .correlate(table)
        .scalar_subquery()
    )
    held = _OPEN.where(table.c.staff_id.is_not(None))
    return held.add_columns(answered.label("answered_at"), said.label("said_at"), failed.label("failed_at"))


def _unanswered_since(row: Row[Any]) -> datetime | None:
    """Return since when the person waits for an answer of who has the conversation; None where they don't."""
    since: datetime | None = row.said_at
    failed_at: datetime | None = row.failed_at
    if row.answered_at is None or row.answered_at < row.held_since:
        since = row.held_since
    if since is not None and failed_at is not None:
        # Who wrote had seen that somebody waits; that it did not arrive is another matter to be told of.
        return max(since, failed_at)
    return since
