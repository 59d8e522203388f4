"""Takes one page of fetched items into the store: messages, events and the cursor in one transaction.

An item that was taken before (the platform repeats a page, a process died) changes nothing.
"""

import hashlib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, update
from sqlalchemy.exc import OperationalError

from bot.decision import turn_id
from bot.errors import AssistantError, RetryLater
from bot.keys import KeyRing
from bot.kf import menus, places, sessions
from bot.kf.account import KfAccount
from bot.kf.cursors import LEASE
from bot.kf.items import Item, Origin
from bot.kf.sessions import Session, State
from bot.kf.tables import kf_cursors
from bot.messages import Inbound, Owner
from bot.store import encoding, inbox, reports
from bot.store.inbox import Loaded
from bot.store.people import insert_unless_there
from bot.store.schema import outbox

log = structlog.get_logger()

_WELCOME = timedelta(seconds=20)  # the platform's time for the codes of a welcome and of end words
_BEFORE_US = timedelta(minutes=10)
_CHANGE = "session_status_change"
_SERVICER_HAS_IT = frozenset(("1", "2", "4"))  # picked up, handed to a colleague, taken up again
_HAS_ENDED = "3"
# The answer to a sending can be lost, or be slower than the event that tells of its failure: a repeat would be taken
# for the same message, and shown to nobody.
_MAY_HAVE_LEFT = ("pending", "claimed", "sent")
# Window over, session closed, five used, refused by the customer: it says nothing about other people's messages.
_OF_ONE_PERSON, _BY_THE_USER = frozenset(("4", "5", "6", "10")), " (user)"
_LABELS = {
    "image": "[图片]",
    "voice": "[语音]",
    "video": "[视频]",
    "file": "[文件]",
    "location": "[位置]",
    "link": "[链接]",
}


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What the platform says of a session (`state`, `servicer`), and what stood here (`before`) when it was asked."""

    state: State
    servicer: str
    before: State | None


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """One page of a service point, and the cursors before and after it."""

    account: str
    open_kfid: str
    holder: str
    cursor: str
    following: str
    items: Sequence[Item]
    looked: Mapping[str, Looked] = field(default_factory=dict)  # what the platform says, by contact


class Taking:
    """Stores the pages of one account."""

    def __init__(self, account: KfAccount) -> None:
        self._account = account
        self._keys = account.store.keys

    def page(
        self, connection: Connection, fetched: Fetched, *, now: datetime, one_by_one: bool = False
    ) -> list[Inbound]:
        """Store a page and return the messages whose turns are to begin, in order.

        `one_by_one` leaves out, with an error in the log, what cannot be stored. Raises RetryLater when another
        process has meanwhile taken over the fetching: then nothing is stored.
        """
        table = kf_cursors
        moved = connection.execute(
            update(table)
            .where(table.c.account == fetched.account, table.c.open_kfid == fetched.open_kfid)
            .where(table.c.holder == fetched.holder, table.c.cursor == fetched.cursor)
            .values(cursor=fetched.following, lease_until=now + LEASE)
            .returning(table.c.began_at)
        ).first()
        if moved is None:
            raise RetryLater("another process fetches now")
        began_at = moved.began_at - _BEFORE_US
        take = self._alone if one_by_one else self._item
        beginning = [
            take(connection, item, fetched.looked.get(item.inbound.contact), began_at=began_at, now=now)
            for item in fetched.items
        ]
        return [message for message in beginning if message is not None]

    def _alone(
        self, connection: Connection, item: Item, looked: Looked | None, *, began_at: datetime, now: datetime
    ) -> Inbound | None:
        """Take one item so that its failure is nobody else's."""
        try:
            with connection.begin_nested():
                return self._item(connection, item, looked, began_at=began_at, now=now)
        except (AssistantError, OperationalError):
            raise
        except Exception as error:
            log.error("item left out", account=item.inbound.account, turn=turn_id(item.inbound), exc_info=error)
            return None

    def _item(
        self, connection: Connection, item: Item, looked: Looked | None, *, began_at: datetime, now: datetime
    ) -> Inbound | None:
        if not item.inbound.contact:
            if item.inbound.event == "servicer_status_change":
                self._account.listeners.duty_changed()
            return None
        found = inbox.loaded(connection, self._keys, item.inbound, locking=False, now=now)
        if found.stored is not None or found.is_acknowledged:
            return None
        session = sessions.met(
            connection, found.conversation.id, account=item.inbound.account, open_kfid=item.open_kfid, now=now
        )
        is_ours = item.inbound.sent_at >= began_at
        if item.origin is Origin.CUSTOMER:
            message = self._message(connection, item, found, session, is_ours=is_ours, now=now)
            # That it has ended cannot be: the customer has just written. Then it is asked for when they are answered.
            if looked is not None and looked.state is not State.ENDED and _is_news(looked, session):
                self._account.follow(connection, session, looked.state, servicer=looked.servicer, now=now)
            return message
        if item.origin is Origin.SERVICER:
            self._servicer(connection, item, found, session, is_ours=is_ours, now=now)
            return None
        return self._event(connection, item, found, session, looked, is_ours=is_ours, now=now)

    def _message(
        self, connection: Connection, item: Item, found: Loaded, session: Session, *, is_ours: bool, now: datetime
    ) -> Inbound | None:
        message = item.inbound
        if message.event_key:
            text = menus.chosen(message.event_key, message.text, last_menu=session.menu_id)
            message = replace(message, text=text)
        _record(connection, message, found, takes_turn=is_ours, now=now)
        sessions.heard(connection, session, at=message.sent_at, now=now)
        return message if is_ours else None

    def _servicer(
        self, connection: Connection, item: Item, found: Loaded, session: Session, *, is_ours: bool, now: datetime
    ) -> None:
        """Keep what a servicer said as what left for the person: sent by a person's hand, not by ours."""
        words = item.inbound.text or _LABELS.get(item.inbound.kind, "[其他消息]")
        of = f"{item.inbound.account}\0{item.inbound.key}".encode()
        key = f"kf-{hashlib.sha256(of).hexdigest()[:40]}"
        kept = connection.execute(
            insert_unless_there(connection.dialect, outbox)
            .values(
                conversation_id=found.conversation.id,
                owner=Owner.HUMAN,
                epoch=found.conversation.epoch,
                kind="human",
                body=found.cipher.seal(encoding.text_bytes(words), place=f"outbox|body|{key}"),
                idempotency_key=key,
                state="sent",
                attempts=0,
                created_at=item.inbound.sent_at,
                due_at=item.inbound.sent_at,
                settled_at=item.inbound.sent_at,
            )
            .returning(outbox.c.id)
        )
        if kept.first() is not None and is_ours and session.state is not State.SERVICER:
            # Only who has the session can speak in it: the event that told so was missed.
            self._account.follow(connection, session, State.SERVICER, servicer=item.servicer, now=now)

    def _event(
        self, connection: Connection, item: Item, found: Loaded, session: Session, looked: Looked | None, *,
        is_ours: bool, now: datetime,
    ) -> Inbound | None:  # fmt: skip
        event, at = item.inbound.event, item.inbound.sent_at
        code = _welcome_code(item)
        welcomes = bool(code) and now - at < _WELCOME
        _record(connection, item.inbound, found, takes_turn=welcomes, now=now)
        if welcomes:
            if looked is not None and _is_news(looked, session):
                self._account.follow(connection, session, looked.state, servicer=looked.servicer, now=now)
                session = replace(session, state=looked.state)
            sessions.welcome(connection, session, code, until=at + _WELCOME, now=now)
            return item.inbound
        if event == _CHANGE and is_ours:
            self._changed(connection, item, session, now)
        elif event == "msg_send_fail":
            self._fail(connection, item, now)
        return None

    def _changed(self, connection: Connection, item: Item, session: Session, now: datetime) -> None:
        change = item.fields.get("change_type", "")
        if change in _SERVICER_HAS_IT:
            servicer = item.fields.get("new_servicer_userid", "")[:64]
            self._account.follow(connection, session, State.SERVICER, servicer=servicer, now=now)
        elif change == _HAS_ENDED:
            code, until = item.fields.get("msg_code", "")[:256], item.inbound.sent_at + _WELCOME
            self._account.follow(connection, session, State.ENDED, now=now, code=code, code_until=until)

    def _fail(self, connection: Connection, item: Item, now: datetime) -> None:
        """The platform tells late that a message did not arrive: its row is dead after all."""
        message_id = item.fields.get("fail_msgid", "")
        key = places.outbox_key_of(connection, account=item.inbound.account, message_id=message_id)
        if key is None:
            return
        fail_type = item.fields.get("fail_type", "?")[:8]
        reason = f"not delivered: fail_type {fail_type}{_BY_THE_USER if fail_type in _OF_ONE_PERSON else ''}"
        failed = connection.execute(
            update(outbox)
            .where(outbox.c.idempotency_key == key, outbox.c.state.in_(_MAY_HAVE_LEFT))
            .values(state="dead", settled_at=now, error=reason, claim_token=None, lease_until=None)
        )
        if failed.rowcount:
            log.warning("message failed later", account=item.inbound.account, fail_type=fail_type)
            # Whoever wrote it (a reminder) hears of it as of any notice that did not arrive.
            reports.record(connection, account=item.inbound.account, provider_id=key, reason=reason, now=now)


def _record(connection: Connection, message: Inbound, found: Loaded, *, takes_turn: bool, now: datetime) -> None:
    reply_state = "acknowledged" if takes_turn else "none"
    if inbox.record(connection, message, found, now=now, reply_state=reply_state, reply=None) is None:
        raise RetryLater("a message was stored by somebody else meanwhile")


def _welcome_code(item: Item) -> str:
    return item.fields.get("welcome_code", "")[:256] if item.inbound.event == "enter_session" else ""


def _is_news(looked: Looked, session: Session) -> bool:
    # What was noted since the platform was asked (our own move, an event of this page) is as true as its answer.
    return session.state in (None, State.ENDED) or session.state is looked.before


def sessions_to_look_at(
    connection: Connection, keys: KeyRing, items: Sequence[Item], *, limit: int, is_last_page: bool,
    seen_with_people: Container[str],
) -> dict[str, State | None]:  # fmt: skip
    """Return whose sessions should be looked at before their messages are taken, and the state that stands here.

    New ones and those that had ended; and those that people have here: their end may not have been heard (it comes
    without an event where an interface ended it, or as one that is lost). Not where an event that is still to be taken
    tells of it, with the code for the words at the end: in this page, or in one that follows. Nor where people were
    seen to have it a moment ago (`seen_with_people`).
    """
    writing = {item.inbound.contact for item in items if item.origin is Origin.CUSTOMER}
    coming = (item.inbound.contact for item in items if item.origin is Origin.CUSTOMER or _welcome_code(item))
    changing = {item.inbound.contact for item in items if item.inbound.event == _CHANGE}
    account = items[0].inbound.account if items else ""
    chosen: dict[str, State | None] = {}
    for contact in dict.fromkeys(coming):
        session = sessions.of_contact(connection, keys, account=account, contact=contact)
        state = None if session is None else session.state
        may_be_over = state in sessions.WITH_PEOPLE and is_last_page and contact not in changing
        may_begin = state in (None, State.ENDED) and contact in writing
        if may_begin or (may_be_over and contact not in seen_with_people):
            chosen[contact] = state
        if len(chosen) >= limit:
            break
    return chosen
