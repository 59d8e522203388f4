"""The places that the platform gives: five messages within 48 hours of the customer's last, or one by a code.

A place is taken, durably, before the message is handed over; who tries again finds the place already taken.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from bot.errors import AssistantError, GiveUp, RetryLater, WaitForPerson
from bot.kf.sessions import Session, State
from bot.kf.tables import kf_sends, kf_sessions
from bot.store.quota import MESSAGES, WINDOW

QUEUED_SECONDS = 600.0
_FULL_SECONDS = 6 * 3600.0  # the customer's next message wakes what waits
_KEPT = timedelta(days=4)  # the platform tells of failures for as long as it keeps messages: three days
_ID = re.compile(r"[0-9A-Za-z_-]{1,32}")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Leave to hand over one message. With a `code` it is sent on that event, beside the five."""

    message_id: str
    open_kfid: str
    conversation_id: int
    code: str = ""


def message_id_of(key: str) -> str:
    """Return our own id of a message as the platform takes it: at most 32 of 0-9a-zA-Z_-."""
    return key if _ID.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:32]


def take(
    connection: Connection, session: Session, *, account: str, key: str, is_menu: bool, now: datetime,
    takes_code: bool = True,
) -> Place:  # fmt: skip
    """Take a place for the message `key`. Raises RetryLater or GiveUp where the platform would take no message."""
    message_id = message_id_of(key)
    of_it = kf_sessions.c.conversation_id == session.conversation_id
    connection.execute(update(kf_sessions).where(of_it).values(menu_id=message_id if is_menu else None))
    mine = (kf_sends.c.account == account, kf_sends.c.message_id == message_id)
    before = connection.execute(select(kf_sends).where(*mine)).first()
    code = (before.code or "") if before else _code(session, now) if takes_code else ""
    if not code:
        _refuse(session, now, has_place=before is not None)
    if before is None:
        place = {"account": account, "message_id": message_id, "outbox_key": key, "code": code or None, "at": now}
        connection.execute(insert(kf_sends).values(conversation_id=session.conversation_id, **place))
        taken = {"code": None, "code_until": None} if code else {"used": kf_sessions.c.used + 1}
        connection.execute(update(kf_sessions).where(of_it).values(**taken))
    return Place(message_id=message_id, open_kfid=session.open_kfid, conversation_id=session.conversation_id, code=code)


def free(connection: Connection, place: Place, *, account: str) -> None:
    """Free the place of a message that the platform did not take; one with a code goes the usual way next time."""
    mine = (kf_sends.c.account == account, kf_sends.c.message_id == place.message_id)
    freed = connection.execute(delete(kf_sends).where(*mine)).rowcount
    if freed and not place.code:
        used = (kf_sessions.c.conversation_id == place.conversation_id, kf_sessions.c.used > 0)
        connection.execute(update(kf_sessions).where(*used).values(used=kf_sessions.c.used - 1))


def outbox_key_of(connection: Connection, *, account: str, message_id: str) -> str | None:
    """Return which message of the outbox the platform speaks of; None for one that is not ours."""
    key: str | None = connection.scalar(
        select(kf_sends.c.outbox_key).where(kf_sends.c.account == account, kf_sends.c.message_id == message_id)
    )
    return key


def full(session: Session, *, code: int | None = None) -> AssistantError:
    """Return what it means that the five are used: wait for the customer for as long as the platform would."""
    reason = "the five messages after the customer's last one are used"
    if session.window_at is None:
        return GiveUp(reason, code=code)
    return WaitForPerson(reason, until=session.window_at + WINDOW, wait_seconds=_FULL_SECONDS, code=code)


def clear_away(connection: Connection, *, now: datetime) -> int:
    """Delete what nobody will ask for any more; return how many rows."""
    return connection.execute(delete(kf_sends).where(kf_sends.c.at < now - _KEPT)).rowcount


def _code(session: Session, now: datetime) -> str:
    is_good = session.code_until is not None and session.code_until > now and session.state is not State.SERVICER
    return session.code if is_good else ""


def _refuse(session: Session, now: datetime, *, has_place: bool) -> None:
    if session.state is State.SERVICER:
        raise GiveUp("a servicer has the session")
    if session.state is State.ENDED:
        raise GiveUp("the session has ended")
    if session.state is State.QUEUE:
        raise RetryLater("the session waits for a servicer", wait_seconds=QUEUED_SECONDS)
    if session.window_at is None or now - session.window_at >= WINDOW:
        raise GiveUp("the customer's last message is more than 48 hours old")
    if not has_place and session.used >= MESSAGES:
        raise full(session)
