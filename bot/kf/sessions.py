"""A customer's session: its state, which the platform rules, and who owns the conversation because of it.

The bot may speak in states 0 and 1 only. A servicer who has the session owns the conversation; its end gives it back.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import Connection, select, update

from bot.keys import KeyRing
from bot.kf.tables import kf_sessions
from bot.messages import Owner
from bot.store import conversations as hands
from bot.store.people import insert_unless_there
from bot.store.schema import contacts, conversations, outbox


class State(IntEnum):
    """The platform's states of a session."""

    NEW = 0
    BOT = 1
    QUEUE = 2
    SERVICER = 3
    ENDED = 4


WITH_PEOPLE = frozenset((State.QUEUE, State.SERVICER))
SILENT = WITH_PEOPLE | {State.ENDED}
_ANEW = {"state": None, "servicer": None, "move_at": None}
_QUEUED = "queued on the platform"


@dataclass(frozen=True, kw_only=True)
class Session:
    """How a customer's session stands; `state` None means unknown: ask the platform."""

    conversation_id: int
    open_kfid: str
    state: State | None
    servicer: str
    window_at: datetime | None
    used: int
    code: str
    code_until: datetime | None
    menu_id: str


def of(connection: Connection, conversation_id: int) -> Session | None:
    """Return the session of a conversation; None for somebody who was never in one."""
    row = connection.execute(select(kf_sessions).where(kf_sessions.c.conversation_id == conversation_id)).first()
    return None if row is None else _session(row)


def of_contact(connection: Connection, keys: KeyRing, *, account: str, contact: str) -> Session | None:
    """Return the session of a person as the platform names them."""
    row = connection.execute(
        select(kf_sessions)
        .join(conversations, conversations.c.id == kf_sessions.c.conversation_id)
        .join(contacts, contacts.c.id == conversations.c.contact_id)
        .where(contacts.c.account == account, contacts.c.blind_index == keys.blind_index(account, contact))
    ).first()
    return None if row is None else _session(row)


def met(connection: Connection, conversation_id: int, *, account: str, open_kfid: str, now: datetime) -> Session:
    """Return the session of a conversation, made if it is the first; its state is then unknown."""
    found = of(connection, conversation_id)
    if found is not None:
        return found
    start = {"conversation_id": conversation_id, "account": account, "open_kfid": open_kfid, "changed_at": now}
    connection.execute(insert_unless_there(connection.dialect, kf_sessions).values(**start))
    return met(connection, conversation_id, account=account, open_kfid=open_kfid, now=now)


def heard(connection: Connection, session: Session, *, at: datetime, now: datetime) -> None:
    """Note that the customer wrote: five messages are free again, and after an end a new session begins."""
    values: dict[str, Any] = {"window_at": max(min(at, now), session.window_at or min(at, now)), "used": 0}
    if session.state is State.ENDED:
        values |= _ANEW | {"changed_at": now}
    connection.execute(_of(session).values(**values))
    _wake(connection, session.conversation_id, now)


def follow(
    connection: Connection, session: Session, state: State, *, servicer: str = "", now: datetime, code: str = "",
    code_until: datetime | None = None,
) -> None:  # fmt: skip
    """Take over the state that the platform tells, and let the conversation change hands with it.

    What waited for another state goes, or is dropped, now: behind it the words at an end would miss their time.
    """
    values: dict[str, Any] = {"state": state, "servicer": servicer or None, "changed_at": now}
    if code and code_until is not None:
        values |= {"code": code, "code_until": code_until}
    connection.execute(_of(session).values(**values))
    if state is State.SERVICER:
        hands.take_over(connection, session.conversation_id, now=now)
    elif state is State.QUEUE:
        _queue(connection, session.conversation_id, now)
    elif session.state in WITH_PEOPLE:
        # Only what the platform had taken: a conversation that somebody has in our console stays there.
        hands.give_back(connection, session.conversation_id, now=now)
    if state is not session.state:
        _wake(connection, session.conversation_id, now)


def welcome(connection: Connection, session: Session, code: str, *, until: datetime, now: datetime) -> None:
    """Keep the code by which one message may be sent until then beside the five.

    The platform gives it after an end, too: then the session's state is unknown, as after a message of the customer, so
    that the welcome is not kept back. The words for an end have their code without that: they alone may use it.
    """
    values: dict[str, Any] = {"code": code, "code_until": until}
    if session.state is State.ENDED:
        values |= _ANEW | {"changed_at": now}
    connection.execute(_of(session).values(**values))


def put_off_move(connection: Connection, session: Session, *, until: datetime, now: datetime) -> bool:
    """Take the right to move the session until then; False when somebody else has it."""
    free = kf_sessions.c.move_at.is_(None) | (kf_sessions.c.move_at <= now)
    return connection.execute(_of(session).where(free).values(move_at=until)).rowcount == 1


def _wake(connection: Connection, conversation_id: int, now: datetime) -> None:
    """Let what was put off until the customer writes, or the session is another's, be tried now."""
    waiting = (outbox.c.conversation_id == conversation_id, outbox.c.state == "pending")
    connection.execute(update(outbox).where(*waiting, outbox.c.attempts > 0, outbox.c.due_at > now).values(due_at=now))


def _queue(connection: Connection, conversation_id: int, now: datetime) -> None:
    table = conversations
    connection.execute(
        update(table)
        .where(table.c.id == conversation_id, table.c.owner == Owner.BOT)
        .values(
            owner=Owner.WAITING,
            waiting_since=now,
            hand_over_reason=_QUEUED,
            version=table.c.version + 1,
            updated_at=now,
        )
    )


def _of(session: Session) -> Any:
    return update(kf_sessions).where(kf_sessions.c.conversation_id == session.conversation_id)


def _session(row: Any) -> Session:
    return Session(
        conversation_id=row.conversation_id,
        open_kfid=row.open_kfid,
        state=None if row.state is None else State(row.state),
        servicer=row.servicer or "",
        window_at=row.window_at,
        used=row.used,
        code=row.code or "",
        code_until=row.code_until,
        menu_id=row.menu_id or "",
    )
