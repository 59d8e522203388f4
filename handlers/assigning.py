"""Rounds over what waits for a person: each is assigned to somebody, and what nobody answers in time escalates.

Every few seconds, in any process: what was done before is found done. An assignment is a hint and no lock: whoever is
quicker may take the conversation.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, func, select

from bot.messages import Kind, Owner
from bot.store.outbox import MEDIA
from bot.store.schema import conversations, inbound, outbox
from bot.store.store import Store
from care import hand_overs, staff
from care.duty import Assignment, Colleague, Waiting, assigned
from care.hand_over_tables import hand_over_steps
from care.hand_over_tables import hand_overs as table
from care.hand_overs import HandOver
from care.service_hours import ServiceHours

log = structlog.get_logger()

OFFER_STANDS = timedelta(minutes=3)  # so long somebody has to take what was assigned; then it is another's turn
_EVERY = timedelta(seconds=3)
_AT_ONCE = 200


@dataclass(kw_only=True)
class Rota:
    """Assigns and escalates for one process. `answer_within`: of service time."""

    store: Store
    hours: ServiceHours
    answer_within: timedelta = timedelta(minutes=10)
    _looked_at: datetime | None = field(default=None, init=False)

    def tick(self, now: datetime) -> Counter[str]:
        """Do one round, every few seconds; returns how many were assigned and escalated. Raises RetryLater."""
        if self._looked_at is not None and now - self._looked_at < _EVERY:
            return Counter()
        self._looked_at = now
        with self.store.reading() as connection:
            unnoted = self._unnoted(connection)
            open_ones = self._open(connection)
            assigning = self._assigning(connection, open_ones, now)
            escalating = [told for one in open_ones for told in self._escalating(connection, one, now)]
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
                hand_overs.escalate(connection, one.id, kind, since=since, now=now) for one, kind, since in escalating
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

    def _open(self, connection: Connection) -> list[HandOver]:
        found = select(table).where(table.c.ended_at.is_(None)).order_by(table.c.id).limit(_AT_ONCE)
        return [hand_overs.hand_over_of(row) for row in connection.execute(found)]

    def _assigning(self, connection: Connection, open_ones: Sequence[HandOver], now: datetime) -> list[Assignment]:
        """Assign what nobody has or was offered lately, while people are there; danger at any time."""
        free = [one for one in open_ones if _is_free(one, now) and (one.is_red or self.hours.is_open(now))]
        if not free:
            return []
        colleagues = self._colleagues(connection, open_ones, free)
        return assigned([self._waiting(connection, one) for one in free], colleagues)

    def _waiting(self, connection: Connection, one: HandOver) -> Waiting:
        steps = select(hand_over_steps.c.staff_id).where(
            hand_over_steps.c.hand_over_id == one.id, hand_over_steps.c.kind == "offered"
        )
        refused = frozenset(id for id in connection.scalars(steps) if id is not None)
        asked_at = one.asked_at or one.taken_at
        if asked_at is None:
            raise LookupError("a hand-over that was neither asked for nor taken")
        return Waiting(hand_over_id=one.id, asked_at=asked_at, product=one.product, is_red=one.is_red, refused=refused)

    def _colleagues(
        self, connection: Connection, open_ones: Sequence[HandOver], free: Sequence[HandOver]
    ) -> list[Colleague]:
        moving = {one.id for one in free}
        held = Counter(one.staff_id or one.offered_to for one in open_ones if one.id not in moving)
        return [
            Colleague(
                id=member.id,
                is_on_duty=member.on_duty and member.is_active and member.role == "manager",
                products=None if member.products is None else frozenset(member.products),
                capacity=member.capacity,
                load=held[member.id],
            )
            for member in staff.everybody(connection)
        ]

    def _escalating(
        self, connection: Connection, one: HandOver, now: datetime
    ) -> Iterator[tuple[HandOver, str, datetime]]:
        """Tell supervisors of who waits too long for a person to come, or to answer."""
        kind = "untaken" if one.staff_id is None else "unanswered"
        since = one.asked_at if one.staff_id is None else self._unanswered_since(connection, one)
        if since is None or self.hours.seconds_between(since, now) < self.answer_within.total_seconds():
            return
        if not hand_overs.is_escalated(connection, one.id, kind, since=since):
            yield one, kind, since

    def _unanswered_since(self, connection: Connection, one: HandOver) -> datetime | None:
        """Return since when the person waits for an answer of who has the conversation; None where they don't."""
        of_it = outbox.c.conversation_id == one.conversation_id
        last = select(func.max(outbox.c.created_at)).where(of_it, outbox.c.kind.in_(("human", MEDIA)))
        answered_at: datetime | None = connection.scalar(last)
        if one.held_since is None or answered_at is None or answered_at < one.held_since:
            return one.held_since
        said = select(func.min(inbound.c.received_at)).where(
            inbound.c.conversation_id == one.conversation_id,
            inbound.c.kind != Kind.EVENT,
            inbound.c.received_at > answered_at,
        )
        since: datetime | None = connection.scalar(said)
        return since


def _is_free(one: HandOver, now: datetime) -> bool:
    return one.staff_id is None and (one.offered_at is None or now - one.offered_at >= OFFER_STANDS)
