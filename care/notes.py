"""Private notes on a conversation: seen by staff alone, sealed with the person's key, added and never changed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.keys import KeyRing, Unreadable
from bot.store.people import cipher_of, insert_unless_there
from bot.store.schema import conversations
from care.hand_over_tables import conversation_notes

_LONGEST = 2000


@dataclass(frozen=True, kw_only=True)
class Note:
    """One note. `actor` is user:<name> or assistant."""

    id: int
    at: datetime
    actor: str
    text: str


def add(
    connection: Connection, keys: KeyRing, *, conversation_id: int, actor: str, text: str, key: str, now: datetime
) -> bool:
    """Add a note; False when `key` was used before (a form sent twice). Raises Unreadable for a deleted person."""
    note_key = hashlib.sha256(f"note\0{conversation_id}\0{actor}\0{key}".encode()).hexdigest()[:32]
    sealed = cipher_of(connection, keys, _contact(connection, conversation_id)).seal(
        text[:_LONGEST].encode(), place=_place(note_key)
    )
    row = {"conversation_id": conversation_id, "at": now, "actor": actor, "note_key": note_key, "body": sealed}
    adding = insert_unless_there(connection.dialect, conversation_notes).values(row)
    return connection.execute(adding.returning(conversation_notes.c.id)).first() is not None


def notes_of(connection: Connection, keys: KeyRing, conversation_id: int) -> list[Note]:
    """Return the notes of a conversation, the oldest first; none of a deleted person."""
    table = conversation_notes
    rows = connection.execute(select(table).where(table.c.conversation_id == conversation_id).order_by(table.c.id))
    return [note for row in rows for note in _opened(connection, keys, conversation_id, row)]


def _opened(connection: Connection, keys: KeyRing, conversation_id: int, row: Row[Any]) -> Iterator[Note]:
    try:
        cipher = cipher_of(connection, keys, _contact(connection, conversation_id))
        plain = cipher.open(row.body, place=_place(row.note_key))
    except Unreadable:
        return
    yield Note(id=row.id, at=row.at, actor=row.actor, text=plain.decode())


def _contact(connection: Connection, conversation_id: int) -> int:
    found = select(conversations.c.contact_id).where(conversations.c.id == conversation_id)
    return int(connection.execute(found).scalar_one())


def _place(note_key: str) -> str:
    return f"conversation_notes|body|{note_key}"
