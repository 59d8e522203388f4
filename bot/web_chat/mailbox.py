"""What waits for people of the web chat until they read it, and the files they send; sealed with each person's key."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.clock import Clock, system_clock
from bot.errors import GiveUp, RefusedInput
from bot.keys import Unreadable
from bot.store.people import cipher_of, insert_unless_there, introduce
from bot.store.schema import contacts
from bot.store.store import Store
from bot.web_chat.tables import web_chat_files, web_chat_letters

KEPT = timedelta(days=7)
_AT_ONCE = 50
_CLEARED_AT_ONCE = 100
_FILES_A_DAY = 40


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One text for a person. Numbers grow in the order of sending."""

    number: int
    text: str = field(repr=False)


class Mailbox:
    """Letters and files of one account. Every method raises RetryLater while the database is away."""

    def __init__(self, store: Store, *, account: str, clock: Clock = system_clock) -> None:
        self._store = store
        self._account = account
        self._clock = clock

    def put(self, contact: str, text: str, *, key: str) -> None:
        """Keep a text until it is read; a key that is known adds nothing. Raises GiveUp for who was deleted."""
        now, letters = self._clock(), web_chat_letters

        def work(connection: Connection) -> None:
            contact_id = self._contact_id(connection, contact)
            if contact_id is None:
                raise GiveUp("nobody of this name has written")
            try:
                cipher = cipher_of(connection, self._store.keys, contact_id)
            except Unreadable:
                raise GiveUp("the person was deleted") from None
            row = {
                "contact_id": contact_id,
                "outbox_key": key,
                "body": cipher.seal(text.encode(), place=_letter_place(key)),
                "made_at": now,
            }
            _clear_old(connection, letters, now)
            connection.execute(insert_unless_there(connection.dialect, letters).values(row))

        self._store.write(work)

    def unread(self, contact: str, *, after: int = 0) -> list[Letter]:
        """Return some of what a person has not read, the oldest first."""
        letters = web_chat_letters
        with self._store.reading() as connection:
            contact_id = self._contact_id(connection, contact)
            if contact_id is None:
                return []
            found = (
                select(letters.c.id, letters.c.outbox_key, letters.c.body)
                .where(letters.c.contact_id == contact_id, letters.c.read_at.is_(None), letters.c.id > after)
                .order_by(letters.c.id)
                .limit(_AT_ONCE)
            )
            rows = connection.execute(found).all()
            try:
                cipher = cipher_of(connection, self._store.keys, contact_id) if rows else None
            except Unreadable:
                return []
        opened = []
        for row in rows:
            try:
                plain = cipher.open(row.body, place=_letter_place(row.outbox_key)) if cipher else b""
            except Unreadable:
                continue  # written for who this person was before they were deleted
            opened.append(Letter(number=row.id, text=plain.decode()))
        return opened

    def read(self, contact: str, *, up_to: int) -> None:
        """Note that a person has everything up to a number; the texts go."""
        letters = web_chat_letters
        now = self._clock()
        with self._store.reading() as connection:
            contact_id = self._contact_id(connection, contact)
            wanted = (letters.c.contact_id == contact_id, letters.c.read_at.is_(None), letters.c.id <= up_to)
            is_news = contact_id is not None and connection.execute(select(letters.c.id).where(*wanted)).first()
        if is_news:
            ending = update(letters).where(*wanted).values(read_at=now, body=None)
            self._store.write(lambda connection: connection.execute(ending) and None)

    def keep_file(self, contact: str, content: bytes) -> str:
        """Keep a file that a person sends, and return its name. Raises RefusedInput for too many."""
        name, now, files = secrets.token_hex(16), self._clock(), web_chat_files

        def work(connection: Connection) -> None:
            introduce(connection, self._store.keys, account=self._account, platform_id=contact, now=now)
            contact_id = self._contact_id(connection, contact)
            if contact_id is None:
                raise LookupError("a person who was just introduced is not there")
            of_today = (files.c.contact_id == contact_id, files.c.made_at > now - timedelta(days=1))
            if (connection.scalar(select(func.count()).select_from(files).where(*of_today)) or 0) >= _FILES_A_DAY:
                raise RefusedInput("too many files in one day")
            cipher = cipher_of(connection, self._store.keys, contact_id)
            row = {
                "id": name,
                "account": self._account,
                "contact_id": contact_id,
                "content": cipher.seal(content, place=_file_place(name)),
                "made_at": now,
            }
            _clear_old(connection, files, now)
            connection.execute(insert(files).values(row))

        self._store.write(work)
        return name

    def file(self, name: str) -> bytes:
        """Return a file's content. Raises GiveUp for one that is not there (any more)."""
        files = web_chat_files
        with self._store.reading() as connection:
            row = connection.execute(
                select(files.c.contact_id, files.c.content).where(files.c.id == name, files.c.account == self._account)
            ).first()
            if row is None:
                raise GiveUp("there is no such file any more")
            try:
                cipher = cipher_of(connection, self._store.keys, row.contact_id)
                return cipher.open(row.content, place=_file_place(name))
            except Unreadable:
                raise GiveUp("the person was deleted") from None

    def _contact_id(self, connection: Connection, contact: str) -> int | None:
        index = self._store.keys.blind_index(self._account, contact)
        of_it = (contacts.c.account == self._account, contacts.c.blind_index == index)
        found: int | None = connection.scalar(select(contacts.c.id).where(*of_it))
        return found


def _clear_old(connection: Connection, table: Any, now: datetime) -> None:
    old = select(table.c.id).where(table.c.made_at < now - KEPT).order_by(table.c.made_at).limit(_CLEARED_AT_ONCE)
    connection.execute(delete(table).where(table.c.id.in_(old)))


def _letter_place(key: str) -> str:
    return f"web_chat_letters|body|{key}"


def _file_place(name: str) -> str:
    return f"web_chat_files|content|{name}"
