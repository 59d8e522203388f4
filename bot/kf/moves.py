"""Native hand-over: a conversation that waits for a person goes to a servicer on duty, or into the platform's queue.

The wish stands in the database (the conversation waits), so it survives everything; the platform is told once the bot's
last words have left, because in the queue the bot may say nothing more.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, func, or_, select

from bot.errors import AssistantError, ConfigurationFault, GiveUp
from bot.keys import Unreadable
from bot.kf import sessions
from bot.kf.account import KfAccount
from bot.kf.api import Servicer
from bot.kf.sessions import Session, State
from bot.kf.tables import kf_sessions
from bot.messages import Owner
from bot.store.people import person_of
from bot.store.schema import conversations, inbound, outbox

log = structlog.get_logger()

_AT_ONCE = 20
_AGAIN = timedelta(seconds=30)
_LIST_LIVES = timedelta(seconds=15)
_ABOUT_TO_LEAVE = timedelta(seconds=5)
_MOST_SESSIONS = 10  # of one servicer; who comes then waits in the queue, from where colleagues take
_MOST_TRIED = 3
_OFF_DUTY = 95014


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A conversation that waits for a person."""

    session: Session
    customer: str
    contact: str


class Mover:
    """Moves the sessions of one account. Any number may work on one database."""

    def __init__(self, account: KfAccount) -> None:
        self._account = account
        self._store = account.store
        self._api = account.api
        self._lists: dict[str, tuple[datetime, Sequence[Servicer] | None]] = {}

    def once(self) -> int:
        """Move whoever waits and can be moved; returns how many were. Raises RetryLater while the database is away."""
        now = self._account.clock()
        with self._store.reading() as connection:
            waiting = self._waiting(connection, now)
        return sum(self._moved(one, now) for one in waiting)

    def duty_changed(self) -> None:
        """Somebody went on or off duty: ask anew who is there."""
        self._lists.clear()

    def _waiting(self, connection: Connection, now: datetime) -> list[Waiting]:
        of_it = outbox.c.conversation_id == conversations.c.id
        first = select(func.min(outbox.c.id)).where(of_it, outbox.c.state == "pending")
        under_way = select(outbox.c.id).where(of_it, outbox.c.state == "claimed")
        # What waits for the customer (the five are used) would keep them from a person for hours.
        about_to_leave = select(outbox.c.id).where(
            outbox.c.id == first.correlate(conversations).scalar_subquery(), outbox.c.due_at <= now + _ABOUT_TO_LEAVE
        )
        turn_to_come = (inbound.c.conversation_id == conversations.c.id, inbound.c.reply_state == "acknowledged")
        rows = connection.execute(
            select(kf_sessions.c.conversation_id)
            .join(conversations, conversations.c.id == kf_sessions.c.conversation_id)
            .where(conversations.c.owner == Owner.WAITING, kf_sessions.c.account == self._account.id)
            .where(or_(kf_sessions.c.state.is_(None), kf_sessions.c.state.in_((State.NEW, State.BOT))))
            .where(or_(kf_sessions.c.move_at.is_(None), kf_sessions.c.move_at <= now))
            .where(~under_way.exists(), ~about_to_leave.exists())
            .where(~select(inbound.c.id).where(*turn_to_come).exists())
            .order_by(conversations.c.waiting_since)
            .limit(_AT_ONCE)
        )
        return [one for row in rows.all() for one in self._opened(connection, row.conversation_id)]

    def _opened(self, connection: Connection, conversation_id: int) -> list[Waiting]:
        session = sessions.of(connection, conversation_id)
        try:
            contact = person_of(connection, self._store.keys, conversation_id).platform_id
        except Unreadable:
            return []
        customer, _ = self._account.customer_of(contact)
        return [] if session is None else [Waiting(session=session, customer=customer, contact=contact)]

    def _moved(self, one: Waiting, now: datetime) -> bool:
        until = now + _AGAIN
        if not self._store.write(
            lambda connection: sessions.put_off_move(connection, one.session, until=until, now=now)
        ):
            return False
        try:
            return self._move(one, now)
        except GiveUp:
            self._follow(one, *self._api.state(customer=one.customer, open_kfid=one.session.open_kfid))
            return False
        except AssistantError as fault:
            is_ours = isinstance(fault, ConfigurationFault)
            say = log.error if is_ours else log.warning
            say("session not moved", conversation=one.session.conversation_id, reason=str(fault), code=fault.code)
            return False

    def _move(self, one: Waiting, now: datetime) -> bool:
        open_kfid, was_off_duty = one.session.open_kfid, False
        on_duty = self._on_duty(open_kfid, now)
        for userid in self._least_busy(on_duty or [])[:_MOST_TRIED]:
            try:
                self._api.move(customer=one.customer, open_kfid=open_kfid, to=State.SERVICER, servicer=userid)
            except ConfigurationFault as fault:
                if fault.code != _OFF_DUTY:
                    raise
                was_off_duty = True
                continue
            self._follow(one, State.SERVICER, userid)
            return True
        if was_off_duty:
            self.duty_changed()
            on_duty = self._on_duty(open_kfid, now)
        if on_duty == []:
            # In the queue the bot would have to be silent until the morning: here it goes on answering.
            return False
        self._api.move(customer=one.customer, open_kfid=open_kfid, to=State.QUEUE)
        self._follow(one, State.QUEUE, "")
        return True

    def _on_duty(self, open_kfid: str, now: datetime) -> list[str] | None:
        """Return who is on duty at a service point; None where the platform knows nobody or does not tell."""
        servicers = self._servicers(open_kfid, now)
        return [one.userid for one in servicers if one.is_on_duty] if servicers else None

    def _servicers(self, open_kfid: str, now: datetime) -> Sequence[Servicer] | None:
        """Return who answers for a service point; None where the platform does not tell."""
        until, known = self._lists.get(open_kfid, (now, None))
        if until > now:
            return known
        try:
            known = self._api.servicers(open_kfid)
        except (GiveUp, ConfigurationFault) as fault:
            log.error("servicers not known", account=self._account.id, reason=str(fault), code=fault.code)
            known = None
        self._lists[open_kfid] = (now + _LIST_LIVES, known)
        return known

    def _least_busy(self, userids: list[str]) -> list[str]:
        """Return those who can take one more, the least busy first."""
        with self._store.reading() as connection:
            counted = connection.execute(
                select(kf_sessions.c.servicer, func.count())
                .where(kf_sessions.c.account == self._account.id, kf_sessions.c.state == State.SERVICER)
                .group_by(kf_sessions.c.servicer)
            )
            busy = Counter({row[0]: row[1] for row in counted})
        return sorted((one for one in userids if busy[one] < _MOST_SESSIONS), key=lambda one: (busy[one], one))

    def _follow(self, one: Waiting, state: State, servicer: str) -> None:
        def note(connection: Connection) -> None:
            session = sessions.of(connection, one.session.conversation_id)
            if session is not None:
                self._account.follow(connection, session, state, servicer=servicer, now=self._account.clock())

        self._store.write(note)
