"""The inbox: what was received, once for each message key, and what its turn must know."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnClause,
    Connection,
    Dialect,
    Select,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from bot.keys import Cipher, KeyRing, Unreadable, WrappedKey
from bot.messages import Conversation, Inbound, Owner
from bot.store import encoding
from bot.store.people import FIRST_VERSION, insert_unless_there, introduce
from bot.store.prepared import Prepared
from bot.store.schema import contacts, conversations, inbound, person_keys

# Written out rather than bound, so that the databases see that the partial index applies.
ACKNOWLEDGED: ColumnClause[Any] = literal_column("'acknowledged'")


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

    @property
    def is_new(self) -> bool:
        """Whether nothing was said in the conversation and nothing is known of the message."""
        is_unknown = self.stored is None and not self.is_acknowledged and self.owed_id is None
        return is_unknown and self.version == FIRST_VERSION


_NO_ID = 2**62


def _load_statement(_: Dialect) -> Select[Any]:
    v, c, k, i = conversations.c, contacts.c, person_keys.c, inbound.c
    earlier = inbound.alias("earlier")
    owed = (
        select(func.min(earlier.c.id))
        .where(earlier.c.conversation_id == v.id, earlier.c.reply_state == ACKNOWLEDGED)
        .where(earlier.c.id < func.coalesce(i.id, literal_column(str(_NO_ID))))
        .correlate(conversations, inbound)
        .scalar_subquery()
    )
    person = (c.id.label("contact_id"), k.master_key_id, k.wrapped)
    conversation = (v.id, v.owner, v.epoch, v.version, v.state, v.waiting_since, v.last_question_id)
    return (
        select(*person, *conversation, i.reply_state, i.reply, owed.label("owed_id"))
        .select_from(contacts.join(person_keys).join(conversations))
        .outerjoin(inbound, (i.account == _account) & (i.message_key == bindparam("message_key")))
        .where(c.account == _account, c.blind_index == bindparam("blind_index"))
    )


def _lock_statement(_: Dialect) -> Select[Any]:
    return (
        select(conversations.c.id)
        .select_from(contacts.join(conversations))
        .where(contacts.c.account == _account, contacts.c.blind_index == bindparam("blind_index"))
        .with_for_update(key_share=True, of=conversations)
    )


_account: BindParameter[Any] = bindparam("account", type_=inbound.c.account.type)
_LOAD = Prepared(_load_statement)
# The lock comes first and alone: what is read after it has been waited for is then the newest (READ COMMITTED).
_LOCK = Prepared(_lock_statement)


def load(connection: Connection, keys: KeyRing, message: Inbound, *, locking: bool) -> Loaded | None:
    """Return the conversation of a message, or None when its person is new. `locking` holds it until the commit."""
    by = {"account": message.account, "blind_index": keys.blind_index(message.account, message.contact)}
    if locking:
        _LOCK.rows(connection, by)
    rows = _LOAD.rows(connection, {**by, "message_key": message.key})
    if not rows:
        return None
    [row] = rows
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


def not_begun(message: Inbound) -> Conversation:
    """Return the conversation of a person who is not stored yet; it has no number."""
    return Conversation(id=0, account=message.account, owner=Owner.BOT, epoch=0, state={})


def _conversation(row: Any, account: str, cipher: Cipher) -> Conversation:
    state = {} if row.state is None else encoding.state_from(cipher.open(row.state, place=state_place(row.id)))
    return Conversation(
        id=row.id, contact_id=row.contact_id, account=account, owner=Owner(row.owner), epoch=row.epoch, state=state
    )


def _stored(row: Any, message: Inbound, cipher: Cipher) -> Stored | None:
    if row.reply_state in (None, "acknowledged"):
        return None
    if row.reply_state == "passive":
        return Stored(text=_passive(row.reply, message, cipher), by_outbox=False)
    return Stored(text=None, by_outbox=row.reply_state == "outbox")


def _passive(sealed: bytes, message: Inbound, cipher: Cipher) -> str | None:
    try:
        return encoding.passive_from(cipher.open(sealed, place=place("reply", message)))
    except Unreadable:
        return None  # the person was deleted and came back with a new key; what was said before is gone


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
        .where(inbound.c.reply_state == ACKNOWLEDGED)
        # What was received "after now" was received before the clock was set back: it is old, too.
        .where(or_(inbound.c.received_at <= now - timedelta(seconds=older_than_seconds), inbound.c.received_at > now))
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
    if record(connection, message, found, now=now, reply_state="acknowledged", reply=None) is not None:
        return None
    return loaded(connection, keys, message, locking=False, now=now).stored


def record(
    connection: Connection, message: Inbound, found: Loaded, *, now: datetime, reply_state: str, reply: bytes | None
) -> int | None:
    """Write the row of a message and return its id, or None when its key is taken."""
    rows = _RECORD.rows(
        connection,
        {
            "account": message.account,
            "message_key": message.key,
            "conversation_id": found.conversation.id,
            "kind": message.kind.value,
            "body": found.cipher.seal(encoding.inbound_bytes(message), place=place("body", message)),
            "received_at": now,
            "reply_state": reply_state,
            "reply": reply,
        },
    )
    return rows[0].id if rows else None


_COLUMNS = ("account", "message_key", "conversation_id", "kind", "body", "received_at", "reply_state", "reply")
_RECORD = Prepared(
    lambda dialect: (
        insert_unless_there(dialect, inbound)
        .values({name: bindparam(name, type_=inbound.c[name].type) for name in _COLUMNS})
        .returning(inbound.c.id)
    )
)


def place(column: str, message: Inbound) -> str:
    """Name the place of a sealed value in a message's row."""
    return f"inbound|{column}|{message.account}|{message.key}"


def state_place(conversation_id: int) -> str:
    """Name the place of a conversation's sealed state."""
    return f"conversations|state|{conversation_id}"
