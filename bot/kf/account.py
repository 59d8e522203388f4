"""What all parts of one customer service account work with, and the one way in which its sessions change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Connection

from bot.clock import Clock, system_clock
from bot.errors import RetryLater
from bot.fetching import Ended, Taken
from bot.kf import sessions
from bot.kf.api import KfApi
from bot.kf.people import customer_of
from bot.kf.sessions import Session, State
from bot.store.store import Store

log = structlog.get_logger()


@dataclass
class Listeners:
    """What others do in the transaction in which a session changes."""

    taken: Taken = lambda *_: None
    ended: Ended = lambda *_: None
    duty_changed: Callable[[], None] = lambda: None


@dataclass(frozen=True, kw_only=True)
class KfAccount:
    """One account: its id here, its service points, its API and its database."""

    id: str
    open_kfids: tuple[str, ...]
    store: Store
    api: KfApi
    clock: Clock = system_clock
    listeners: Listeners = field(default_factory=Listeners)

    def customer_of(self, contact: str) -> tuple[str, str]:
        """Return external_userid and open_kfid of a contact."""
        return customer_of(contact, self.open_kfids)

    def follow(
        self, connection: Connection, session: Session, state: State, *, servicer: str = "", now: datetime,
        code: str = "", code_until: datetime | None = None,
    ) -> None:  # fmt: skip
        """Take over the state that the platform tells; nothing happens for one that is known."""
        if (session.state, session.servicer) == (state, servicer):
            return
        sessions.follow(connection, session, state, servicer=servicer, now=now, code=code, code_until=code_until)
        # A code that is over carries no words: what is asked then would never be seen, and still be answered.
        can_tell = bool(code) and code_until is not None and code_until > now
        try:
            with connection.begin_nested():
                self._tell(connection, session, state, servicer, can_tell, now)
        except RetryLater:
            raise
        except Exception as error:
            # Whatever others make of it, the platform's word counts, and the messages behind it must come through.
            log.error("change of session not noted", conversation=session.conversation_id, exc_info=error)

    def _tell(
        self, connection: Connection, session: Session, state: State, servicer: str, can_tell: bool, now: datetime
    ) -> None:
        if state is State.SERVICER:
            self.listeners.taken(connection, session.conversation_id, servicer, now)
        elif session.state is State.SERVICER:
            self.listeners.ended(connection, session.conversation_id, can_tell, now)
