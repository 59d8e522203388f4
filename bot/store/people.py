"""Contacts, their keys and their conversations: found by blind index, made at the first message."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.keys import Cipher, KeyRing, Unreadable, WrappedKey
from bot.messages import Owner
from bot.store.schema import contacts, conversations, person_keys


def insert_unless_there(dialect: Dialect, table: Table) -> Any:
    """Return an INSERT that does nothing when a unique key is already taken."""
    make: Callable[[Table], Any] = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    return make(table).on_conflict_do_nothing()


def introduce(connection: Connection, keys: KeyRing, *, account: str, platform_id: str, now: datetime) -> None:
    """Make the contact, key and conversation of a person, as far as they are missing.

    A person whose key was deleted gets a new one; what the old one sealed stays unreadable.
    """
    index = keys.blind_index(account, platform_id)
    row = {"account": account, "blind_index": index, "created_at": now}
    insert: Insert = insert_unless_there(connection.dialect, contacts)
    # Sealing needs the row's key, which needs the row's number: first the row, then its content.
    connection.execute(insert.values(**row, platform_id=b""))
    contact_id = connection.execute(
        select(contacts.c.id).where(contacts.c.account == account, contacts.c.blind_index == index)
    ).scalar_one()
    if _give_key(connection, keys, contact_id, now):
        cipher = cipher_of(connection, keys, contact_id)
        connection.execute(
            update(contacts)
            .where(contacts.c.id == contact_id)
            .values(platform_id=cipher.seal(platform_id.encode(), place=_id_place(contact_id)))
        )
        connection.execute(update(conversations).where(conversations.c.contact_id == contact_id).values(state=None))
    connection.execute(
        insert_unless_there(connection.dialect, conversations).values(
            contact_id=contact_id, account=account, owner=Owner.BOT, epoch=0, version=0, updated_at=now
        )
    )


def _give_key(connection: Connection, keys: KeyRing, contact_id: int, now: datetime) -> bool:
    fresh = keys.new_person(contact_id)
    given = connection.execute(
        insert_unless_there(connection.dialect, person_keys)
        .values(contact_id=contact_id, master_key_id=fresh.master_key_id, wrapped=fresh.wrapped, created_at=now)
        .returning(person_keys.c.contact_id)
    )
    return given.first() is not None


def cipher_of(connection: Connection, keys: KeyRing, contact_id: int) -> Cipher:
    """Return a person's cipher. Raises Unreadable when the person has been deleted."""
    row = connection.execute(select(person_keys).where(person_keys.c.contact_id == contact_id)).first()
    if row is None:
        raise Unreadable("person_keys")
    return keys.person(contact_id, WrappedKey(master_key_id=row.master_key_id, wrapped=row.wrapped))


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


def person_of(connection: Connection, keys: KeyRing, conversation_id: int) -> Person:
    """Return whom a conversation is with. Raises Unreadable when the person has been deleted."""
    row = connection.execute(
        select(contacts.c.id, contacts.c.account, contacts.c.platform_id)
        .join(conversations, conversations.c.contact_id == contacts.c.id)
        .where(conversations.c.id == conversation_id)
    ).one()
    plain = cipher_of(connection, keys, row.id).open(row.platform_id, place=_id_place(row.id))
    return Person(contact_id=row.id, account=row.account, platform_id=plain.decode())


def _id_place(contact_id: int) -> str:
    return f"contacts|platform_id|{contact_id}"
