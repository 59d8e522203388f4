"""Looks slowly, over and over, at the sessions that people have: an end that was not heard frees them all the same.

Who writes is looked at when they write; this is for those who don't, so that their reminders leave, and no servicer
seems busy with somebody who has long gone.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from bot.errors import AssistantError
from bot.keys import Unreadable
from bot.kf.account import KfAccount
from bot.kf.sending import KfSender
from bot.kf.sessions import WITH_PEOPLE
from bot.kf.tables import kf_sessions
from bot.store.people import person_of

log = structlog.get_logger()

_EVERY = timedelta(minutes=5)
_AT_ONCE = 20
# An end is told by an event, with a code for the last words: that comes first.
_RESTS_FOR = timedelta(minutes=30)


class Watch:
    """Looks at the sessions of one account. Any number may do so on one database."""

    def __init__(self, account: KfAccount, sender: KfSender) -> None:
        self._account = account
        self._sender = sender
        self._last = 0
        self._due_at: datetime | None = None

    def once(self) -> int:
        """Look at the next few once in five minutes; returns how many were. Raises RetryLater (database away)."""
        now = self._account.clock()
        if self._due_at is not None and now < self._due_at:
            return 0
        self._due_at = now + _EVERY
        return sum(self._is_seen(contact) for contact in self._next(now))

    def _next(self, now: datetime) -> list[str]:
        of, table = self._account, kf_sessions.c
        chosen = (
            select(table.conversation_id)
            .where(table.account == of.id, table.state.in_(WITH_PEOPLE), table.changed_at <= now - _RESTS_FOR)
            .where(table.conversation_id > self._last)
            .order_by(table.conversation_id)
            .limit(_AT_ONCE)
        )
        contacts = []
        with of.store.reading() as connection:
            ids = connection.scalars(chosen).all()
            for conversation_id in ids:
                try:
                    contacts.append(person_of(connection, of.store.keys, conversation_id).platform_id)
                except Unreadable:
                    continue
        # After the last one it begins with the first again.
        self._last = ids[-1] if len(ids) == _AT_ONCE else 0
        return contacts

    def _is_seen(self, contact: str) -> bool:
        try:
            self._sender.look_again(contact)
        except AssistantError as fault:
            log.warning("session not looked at", account=self._account.id, reason=str(fault), code=fault.code)
            return False
        return True
