"""The inbox: what was received, once for each message key, and what a turn over it leaves behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, func, insert, select, update
from sqlalchemy import literal as number
from sqlalchemy.dialects import postgresql, sqlite

from bot.keys import Cipher, KeyRing, WrappedKey
from bot.messages import Conversation, Inbound, Outcome, Owner
from bot.store import encoding
from bot.store.people import introduce
from bot.store.schema import contacts, conversations, inbound, outbox, person_keys, questions


class Changed(Exception):
    """The conversation or the message changed after it was loaded: load and decide again."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A turn that was taken: the text that answers the request and its retries, or None (nothing, or by the outbox)."""

    text: str | None
    by_outbox: bool


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A conversation as a turn finds it. `stored` is the turn of this very message, when it was taken already;
    `owed_id` an earlier message whose turn never ended (its process died)."""

    contact_id: int
    cipher: Cipher
    conversation: Conversation
    version: int
    waiting_since: datetime | None
    last_question_id: int | None
    stored: Stored | None
    is_acknowledged: bool
    owed_id: int | None


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """One text on its way out through the outbox. `key` is the same however often the turn is tried."""

    key: str
    text: str
    kind: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Ending:
    """All that a turn leaves behind besides the message itself."""

    outcome: Outcome
    state: bytes | None
    reply_state: str
    passive: str | None
    leaving: Sequence[Leaving]
    now: datetime


_NO_ID = 2**62


def _load_query() -> Select[Any]:
    v, c, k, i = conversations.c, contacts.c, person_keys.c, inbound.c
    earlier = inbound.alias("earlier")
    owed = (
        select(func.min(earlier.c.id))
        .where(earlier.c.conversation_id == v.id, earlier.c.reply_state == number("acknowledged", literal_execute=True))
        .where(earlier.c.id < func.coalesce(i.id, number(_NO_ID, literal_execute=True)))
        .correlate(conversations, inbound)
        .scalar_subquery()
    )
    return (
        select(
            c.id.label("contact_id"),
            k.master_key_id,
            k.wrapped,
            v.id,
            v.owner,
            v.epoch,
            v.version,
            v.state,
            v.waiting_since,
            v.last_question_id,
            i.reply_state,
            i.reply,
            owed.label("owed_id"),
        )
        .select_from(contacts.join(person_keys).join(conversations))
        .outerjoin(inbound, (i.account == _account) & (i.message_key == bindparam("message_key")))
        .where(c.account == _account, c.blind_index == bindparam("blind_index"))
    )


_account: BindParameter[Any] = bindparam("account")
_LOAD = _load_query()
# The lock comes first and alone: what is read after it has been waited for is then the newest (READ COMMITTED).
_LOCK = (
    select(conversations.c.id)
    .select_from(contacts.join(conversations))
    .where(contacts.c.account == _account, contacts.c.blind_index == bindparam("blind_index"))
    .with_for_update(key_share=True, of=conversations)
)


def load(connection: Connection, keys: KeyRing, message: Inbound, *, locking: bool) -> Loaded | None:
    """Return the conversation of a message, or None when its person is new. `locking` holds it until the commit."""
    by = {"account": message.account, "blind_index": keys.blind_index(message.account, message.contact)}
    if locking:
        connection.execute(_LOCK, by)
    row = connection.execute(_LOAD, {**by, "message_key": message.key}).first()
    if row is None:
        return None
    cipher = keys.person(row.contact_id, WrappedKey(master_key_id=row.master_key_id, wrapped=row.wrapped))
    return Loaded(
        contact_id=row.contact_id,
        cipher=cipher,
        conversation=_conversation(row, message.account, cipher),
        version=row.version,
        waiting_since=row.waiting_since,
        last_question_id=row.last_question_id,
        stored=_stored(row, message, cipher),
        is_acknowledged=row.reply_state == "acknowledged",
        owed_id=row.owed_id,
    )


def loaded(connection: Connection, keys: KeyRing, message: Inbound, *, locking: bool, now: datetime) -> Loaded:
    """Return the conversation of a message; a new person is introduced first."""
    found = load(connection, keys, message, locking=locking)
    if found is None:
        introduce(connection, keys, account=message.account, platform_id=message.contact, now=now)
        found = load(connection, keys, message, locking=locking)
    if found is None:
        raise LookupError("a person who was just introduced is not there")
    return found


def _conversation(row: Any, account: str, cipher: Cipher) -> Conversation:
    state = {} if row.state is None else encoding.state_from(cipher.open(row.state, place=_state_place(row.id)))
    return Conversation(id=row.id, account=account, owner=Owner(row.owner), epoch=row.epoch, state=state)


def _stored(row: Any, message: Inbound, cipher: Cipher) -> Stored | None:
    if row.reply_state in (None, "acknowledged"):
        return None
    if row.reply_state == "passive":
        plain = cipher.open(row.reply, place=_place("reply", message))
        return Stored(text=encoding.passive_from(plain), by_outbox=False)
    return Stored(text=None, by_outbox=row.reply_state == "outbox")


def owed(connection: Connection, cipher: Cipher, inbound_id: int) -> Inbound:
    """Return a recorded message as it was received."""
    row = connection.execute(select(*_RECEIVED).where(inbound.c.id == inbound_id)).one()
    return _received(row, cipher)


def acknowledged(connection: Connection, keys: KeyRing, now: datetime, older_than_seconds: float) -> list[Inbound]:
    """Return the messages that were acknowledged that long ago and whose turns are still to come, oldest first.

    Those of deleted people are left out: nobody can read them.
    """
    rows = connection.execute(
        select(*_RECEIVED, person_keys)
        .select_from(
            inbound.join(conversations).join(person_keys, person_keys.c.contact_id == conversations.c.contact_id)
        )
        .where(inbound.c.reply_state == number("acknowledged", literal_execute=True))
        .where(inbound.c.received_at <= now - timedelta(seconds=older_than_seconds))
        .order_by(inbound.c.id)
        .limit(500)
    ).all()
    wrapped = [WrappedKey(master_key_id=row.master_key_id, wrapped=row.wrapped) for row in rows]
    return [_received(row, keys.person(row.contact_id, key)) for row, key in zip(rows, wrapped, strict=True)]


_RECEIVED = (inbound.c.account, inbound.c.message_key, inbound.c.body)


def _received(row: Any, cipher: Cipher) -> Inbound:
    return encoding.inbound_from(cipher.open(row.body, place=f"inbound|body|{row.account}|{row.message_key}"))


def acknowledge(connection: Connection, keys: KeyRing, message: Inbound, *, now: datetime) -> Stored | None:
    """Record a message whose turn takes too long, so that it may be acknowledged without its reply.

    Returns None when this is what was recorded, or when it had been before: the reply leaves by the outbox.
    Returns the stored turn when that was committed first. The unique key decides between the two.
    """
    found = loaded(connection, keys, message, locking=False, now=now)
    if found.stored is not None or found.is_acknowledged:
        return found.stored
    values = _inbound_values(message, found, now) | {"reply_state": "acknowledged", "reply": None}
    if connection.execute(_RECORD[connection.dialect.name], values).first() is not None:
        return None
    return loaded(connection, keys, message, locking=False, now=now).stored


def _inbound_values(message: Inbound, found: Loaded, now: datetime) -> dict[str, Any]:
    return {
        "account": message.account,
        "message_key": message.key,
        "conversation_id": found.conversation.id,
        "kind": message.kind,
        "body": found.cipher.seal(encoding.inbound_bytes(message), place=_place("body", message)),
        "received_at": now,
    }


def save(connection: Connection, message: Inbound, found: Loaded, ending: Ending) -> None:
    """Write a whole turn. Raises Changed (write nothing then) when somebody else changed what it was decided on."""
    inbound_id = _save_message(connection, message, found, ending)
    _save_question(connection, message, found, ending, inbound_id)
    _save_conversation(connection, found, ending, inbound_id)
    if ending.leaving:
        connection.execute(_ADD_TO_OUTBOX, [_outbox_values(item, found, ending.now) for item in ending.leaving])


_RECORD = {
    "sqlite": sqlite.insert(inbound).on_conflict_do_nothing().returning(inbound.c.id),
    "postgresql": postgresql.insert(inbound).on_conflict_do_nothing().returning(inbound.c.id),
}
_END_ACKNOWLEDGED = (
    update(inbound)
    .where(inbound.c.account == bindparam("of_account"), inbound.c.message_key == bindparam("of_key"))
    .where(inbound.c.reply_state == number("acknowledged", literal_execute=True))
    .values(reply_state=bindparam("new_reply_state"), reply=bindparam("new_reply"))
    .returning(inbound.c.id)
)


def _save_message(connection: Connection, message: Inbound, found: Loaded, ending: Ending) -> int:
    reply = None
    if ending.reply_state != "none":
        plain = encoding.reply_bytes(ending.outcome, passive=ending.passive)
        reply = found.cipher.seal(plain, place=_place("reply", message))
    if found.is_acknowledged:
        by = {"of_account": message.account, "of_key": message.key}
        new = {"new_reply_state": ending.reply_state, "new_reply": reply}
        row = connection.execute(_END_ACKNOWLEDGED, by | new).first()
    else:
        values = _inbound_values(message, found, ending.now) | {"reply_state": ending.reply_state, "reply": reply}
        row = connection.execute(_RECORD[connection.dialect.name], values).first()
    if row is None:
        raise Changed
    inbound_id: int = row[0]
    return inbound_id


_ADD_QUESTION = insert(questions)
_ADD_TO_OUTBOX = insert(outbox)
_SET_NEXT_MOVE = (
    update(questions).where(questions.c.id == bindparam("of_id")).values(next_move=bindparam("new_next_move"))
)


def _save_question(connection: Connection, message: Inbound, found: Loaded, ending: Ending, inbound_id: int) -> None:
    what = ending.outcome.understanding
    if what is None:
        return
    if what.next_move is not None and found.last_question_id is not None:
        connection.execute(_SET_NEXT_MOVE, {"of_id": found.last_question_id, "new_next_move": what.next_move})
    detail = encoding.question_bytes(message.text, what)
    connection.execute(
        _ADD_QUESTION,
        {
            "id": inbound_id,
            "conversation_id": found.conversation.id,
            "asked_at": ending.now,
            "decision": what.decision,
            "product": what.product,
            "service": what.service,
            "attribute": what.attribute,
            "facts": list(what.facts),
            "detail": found.cipher.seal(detail, place=f"questions|detail|{inbound_id}"),
        },
    )


_CHANGE = (
    update(conversations)
    .where(conversations.c.id == bindparam("of_id"), conversations.c.version == bindparam("of_version"))
    .values(version=conversations.c.version + 1, updated_at=bindparam("new_updated_at"))
)
_CHANGES: dict[frozenset[str], Any] = {}


def _save_conversation(connection: Connection, found: Loaded, ending: Ending, inbound_id: int) -> None:
    conversation, outcome = found.conversation, ending.outcome
    values: dict[str, Any] = {}
    if ending.state is not None:
        values["state"] = found.cipher.seal(ending.state, place=_state_place(conversation.id))
    if outcome.understanding is not None:
        values["last_question_id"] = inbound_id
    if outcome.hand_over is not None and conversation.owner is Owner.BOT:
        values |= {"owner": Owner.WAITING, "waiting_since": ending.now, "hand_over_reason": outcome.hand_over}
    if outcome.page:
        values["paged_at"] = ending.now
    changed = connection.execute(
        _change_of(frozenset(values)),
        {
            **{f"new_{name}": value for name, value in values.items()},
            "of_id": conversation.id,
            "of_version": found.version,
            "new_updated_at": ending.now,
        },
    )
    if changed.rowcount != 1:
        raise Changed


def _change_of(columns: frozenset[str]) -> Any:
    # One statement object for each set of columns, so that it is compiled once and not at every turn.
    if columns not in _CHANGES:
        _CHANGES[columns] = _CHANGE.values({name: bindparam(f"new_{name}") for name in columns})
    return _CHANGES[columns]


def _outbox_values(item: Leaving, found: Loaded, now: datetime) -> dict[str, Any]:
    return {
        "conversation_id": found.conversation.id,
        "owner": found.conversation.owner,
        "epoch": found.conversation.epoch,
        "kind": item.kind,
        "body": found.cipher.seal(encoding.text_bytes(item.text), place=f"outbox|body|{item.key}"),
        "idempotency_key": item.key,
        "state": "pending",
        "attempts": 0,
        "created_at": now,
        "due_at": item.due_at,
    }


def _place(column: str, message: Inbound) -> str:
    return f"inbound|{column}|{message.account}|{message.key}"


def _state_place(conversation_id: int) -> str:
    return f"conversations|state|{conversation_id}"
