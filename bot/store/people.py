"""Contacts, their keys and their conversations: found by blind index, made at the first message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, delete, null, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.keys import Cipher, KeyRing, Unreadable, WrappedKey
from bot.messages import Owner
from bot.store.prepared import Prepared
from bot.store.schema import contacts, conversations, person_keys

FIRST_VERSION = 0  # of a conversation in which nothing has been said


def insert_unless_there(dialect: Dialect, table: Table) -> Any:
    """Return an INSERT that does nothing when a unique key is already taken."""
    make: Callable[[Table], Any] = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    return make(table).on_conflict_do_nothing()


_INDEX = ("account", "blind_index")
_ADD_CONTACT = Prepared(
    lambda dialect: (
        insert_unless_there(dialect, contacts)
        .values(_given(contacts, *_INDEX, "platform_id", "created_at"))
        .returning(contacts.c.id)
    )
)
_FIND_CONTACT = Prepared(
    lambda _: select(contacts.c.id).where(
        *(contacts.c[name] == given for name, given in _given(contacts, *_INDEX).items())
    )
)
_SET_PLATFORM_ID = Prepared(
    lambda _: (
        update(contacts)
        .where(contacts.c.id == bindparam("contact_id"))
        .values(platform_id=bindparam("sealed", type_=contacts.c.platform_id.type))
    )
)
_ADD_KEY = Prepared(
    lambda dialect: (
        insert_unless_there(dialect, person_keys)
        .values(_given(person_keys, "contact_id", "master_key_id", "wrapped", "created_at"))
        .returning(person_keys.c.contact_id)
    )
)
_EMPTY_CONVERSATION = Prepared(
    lambda _: update(conversations).where(conversations.c.contact_id == bindparam("of_contact")).values(state=null())
)
_ADD_CONVERSATION = Prepared(
    lambda dialect: insert_unless_there(dialect, conversations).values(
        _given(conversations, "contact_id", "account", "owner", "epoch", "version", "updated_at")
    )
)


def _given(table: Table, *columns: str) -> dict[str, Any]:
    return {name: bindparam(name, type_=table.c[name].type) for name in columns}


def introduce(connection: Connection, keys: KeyRing, *, account: str, platform_id: str, now: datetime) -> None:
    """Make the contact, key and conversation of a person, as far as they are missing.

    A person whose key was deleted gets a new one; what the old one sealed stays unreadable.
    """
    by = {"account": account, "blind_index": keys.blind_index(account, platform_id)}
    # Sealing needs the row's key, which needs the row's number: first the row, then its content.
    made = _ADD_CONTACT.rows(connection, {**by, "platform_id": b"", "created_at": now})
    [contact] = made or _FIND_CONTACT.rows(connection, by)
    fresh = keys.new_person(contact.id)
    key = {"master_key_id": fresh.master_key_id, "wrapped": fresh.wrapped, "created_at": now}
    if _ADD_KEY.rows(connection, {"contact_id": contact.id, **key}):
        sealed = keys.person(contact.id, fresh).seal(platform_id.encode(), place=_id_place(contact.id))
        _SET_PLATFORM_ID.changed(connection, {"contact_id": contact.id, "sealed": sealed})
        if not made:
            _EMPTY_CONVERSATION.changed(connection, {"of_contact": contact.id})
    start = {"account": account, "owner": Owner.BOT, "epoch": 0, "version": FIRST_VERSION, "updated_at": now}
    _ADD_CONVERSATION.changed(connection, {"contact_id": contact.id, **start})


_KEY_OF = Prepared(
    lambda _: select(person_keys.c.master_key_id, person_keys.c.wrapped).where(
        person_keys.c.contact_id == bindparam("of_contact")
    )
)


def cipher_of(connection: Connection, keys: KeyRing, contact_id: int) -> Cipher:
    """Return a person's cipher. Raises Unreadable when the person has been deleted."""
    rows = _KEY_OF.rows(connection, {"of_contact": contact_id})
    if not rows:
        raise Unreadable("person_keys")
    return keys.person(contact_id, WrappedKey(master_key_id=rows[0].master_key_id, wrapped=rows[0].wrapped))


def forget(connection: Connection, contact_id: int) -> None:
    """Delete a person's key: everything sealed for them is unreadable from the commit on, in backups' copies too
    once those have dropped the key."""
    connection.execute(delete(person_keys).where(person_keys.c.contact_id == contact_id))


@dataclass(frozen=True, kw_only=True)
class Person:
    """How to reach somebody: the account they wrote to and the platform's id of them."""

    contact_id: int
    account: str
    platform_id: str


_CONTACT_OF = Prepared(
    lambda _: (
        select(contacts.c.id, contacts.c.account, contacts.c.platform_id)
        .join(conversations, conversations.c.contact_id == contacts.c.id)
        .where(conversations.c.id == bindparam("of_conversation"))
    )
)


def person_of(connection: Connection, keys: KeyRing, conversation_id: int) -> Person:
    """Return whom a conversation is with. Raises Unreadable when the person has been deleted."""
    [row] = _CONTACT_OF.rows(connection, {"of_conversation": conversation_id})
    plain = cipher_of(connection, keys, row.id).open(row.platform_id, place=_id_place(row.id))
    return Person(contact_id=row.id, account=row.account, platform_id=plain.decode())


def platform_ids(connection: Connection, keys: KeyRing, contact_ids: Sequence[int]) -> dict[int, str]:
    """Return what the platform calls these contacts; nothing for those who have been deleted."""
    query = (
        select(contacts.c.id, contacts.c.platform_id, person_keys.c.master_key_id, person_keys.c.wrapped)
        .join(person_keys, person_keys.c.contact_id == contacts.c.id)
        .where(contacts.c.id.in_(contact_ids))
    )
    found = {}
    for row in connection.execute(query):
        cipher = keys.person(row.id, WrappedKey(master_key_id=row.master_key_id, wrapped=row.wrapped))
        found[row.id] = cipher.open(row.platform_id, place=_id_place(row.id)).decode()
    return found


_CONVERSATION_OF = Prepared(
    lambda _: (
        select(conversations.c.id)
        .join(person_keys, person_keys.c.contact_id == conversations.c.contact_id)
        .where(conversations.c.contact_id == bindparam("of_contact"))
    )
)


def conversation_of(connection: Connection, contact_id: int) -> int | None:
    """Return the number of a person's conversation, or None for a person who has been deleted."""
    rows = _CONVERSATION_OF.rows(connection, {"of_contact": contact_id})
    return rows[0].id if rows else None


def _id_place(contact_id: int) -> str:
    return f"contacts|platform_id|{contact_id}"
