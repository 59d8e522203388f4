"""What the twin remembers, in one small file that all processes of a service share. Texts in it are sealed."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from console.platform.phone import Delivery

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (value TEXT PRIMARY KEY, app_id TEXT NOT NULL, issued_at REAL, expires_at REAL);
CREATE TABLE IF NOT EXISTS forced (app_id TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS people (
    app_id TEXT, contact TEXT, follows INTEGER NOT NULL,
    said_until REAL NOT NULL DEFAULT 0, said_left INTEGER NOT NULL DEFAULT 0,
    acted_until REAL NOT NULL DEFAULT 0, acted_left INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (app_id, contact)
);
CREATE TABLE IF NOT EXISTS unionids (app_id TEXT, contact TEXT, unionid TEXT NOT NULL, PRIMARY KEY (app_id, contact));
CREATE TABLE IF NOT EXISTS bubbles (
    id INTEGER PRIMARY KEY AUTOINCREMENT, app_id TEXT NOT NULL, contact TEXT NOT NULL, sealed BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_bubbles ON bubbles (app_id, contact, id);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, app_id TEXT NOT NULL, interface TEXT NOT NULL, code INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS pushes (app_id TEXT, contact TEXT, at REAL NOT NULL, digest TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ix_pushes ON pushes (app_id, contact, at);
CREATE TABLE IF NOT EXISTS deliveries (
    app_id TEXT, contact TEXT, at REAL NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (app_id, contact)
);
CREATE TABLE IF NOT EXISTS kf_list (
    id INTEGER PRIMARY KEY AUTOINCREMENT, open_kfid TEXT NOT NULL, at REAL NOT NULL, sealed BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_kf_list ON kf_list (open_kfid, id);
CREATE TABLE IF NOT EXISTS notices (
    number INTEGER PRIMARY KEY AUTOINCREMENT, app_id TEXT NOT NULL, contact TEXT NOT NULL, key TEXT NOT NULL,
    at REAL NOT NULL, event TEXT NOT NULL, status TEXT NOT NULL, is_told INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS agreed (
    app_id TEXT, contact TEXT, template TEXT, messages_left INTEGER NOT NULL, PRIMARY KEY (app_id, contact, template)
);
CREATE TABLE IF NOT EXISTS media (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL, sealed BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS media_names (id TEXT PRIMARY KEY, sealed BLOB NOT NULL);
"""
_KEPT_BUBBLES = 400  # of each chat
_KEPT_MEDIA = 20
_LINE = "kf_list"


class Box(Protocol):
    """Seals what people typed. bot.keys.KeyRing is one."""

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """Encrypt."""

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt."""


@dataclass(frozen=True, kw_only=True)
class Bubble:
    """One message in a chat. `side` is person | reply (passive) | push (by API) | note (what the phone itself says)."""

    side: str
    kind: str
    text: str
    at: float
    id: int = 0


class Ledger:
    """The twin's memory. Each call is one short transaction; safe for threads and processes."""

    def __init__(self, path: Path, box: Box) -> None:
        """Open or make the file (mode 600)."""
        self._path = path
        self._box = box
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        with self.writing() as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection inside a transaction that is alone; it commits at the end, or undoes on an error."""
        # No write-ahead log: the system's SQLite may have the reset bug, and this file needs no speed.
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = OFF")  # a toy's memory need not survive a power cut
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.commit()
        finally:
            connection.close()

    def add_bubble(self, app_id: str, contact: str, bubble: Bubble) -> int:
        """Append one message to a chat, and return its id; ids grow."""
        plain = json.dumps(asdict(bubble), ensure_ascii=False).encode()
        sealed = self._box.seal(plain, place=_place(app_id, contact))
        with self.writing() as connection:
            row = connection.execute(
                "INSERT INTO bubbles (app_id, contact, sealed) VALUES (?, ?, ?)", (app_id, contact, sealed)
            )
            connection.execute(
                "DELETE FROM bubbles WHERE app_id = ? AND contact = ? AND id <= ("
                " SELECT id FROM bubbles WHERE app_id = ? AND contact = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (app_id, contact, app_id, contact, _KEPT_BUBBLES),
            )
            return int(row.lastrowid or 0)

    def bubbles(self, app_id: str, contact: str, *, after: int = 0) -> list[Bubble]:
        """Return a chat's messages with a greater id, oldest first."""
        with self.writing() as connection:
            rows = connection.execute(
                "SELECT id, sealed FROM bubbles WHERE app_id = ? AND contact = ? AND id > ? ORDER BY id",
                (app_id, contact, after),
            ).fetchall()
        place = _place(app_id, contact)
        return [Bubble(**{**json.loads(self._box.open(row["sealed"], place=place)), "id": row["id"]}) for row in rows]

    def keep_delivery(self, app_id: str, contact: str, delivery: Delivery, at: float) -> None:
        """Remember a person's last callback, for a retry."""
        plain = json.dumps([dict(delivery.query), delivery.body.decode(), delivery.key]).encode()
        sealed = self._box.seal(plain, place=_place(app_id, contact))
        with self.writing() as connection:
            connection.execute("REPLACE INTO deliveries VALUES (?, ?, ?, ?)", (app_id, contact, at, sealed))

    def last_delivery(self, app_id: str, contact: str) -> tuple[Delivery, float] | None:
        """Return a person's last callback and when it was made."""
        with self.writing() as connection:
            row = connection.execute(
                "SELECT at, sealed FROM deliveries WHERE app_id = ? AND contact = ?", (app_id, contact)
            ).fetchone()
        if row is None:
            return None
        query, body, key = json.loads(self._box.open(row["sealed"], place=_place(app_id, contact)))
        return Delivery(query=query, body=body.encode(), key=key), row["at"]

    def add_media(self, app_id: str, media_id: str, kind: str, content: bytes, at: float) -> None:
        """Keep a file; only the newest few are kept."""
        sealed = self._box.seal(content, place=f"media|{media_id}")
        with self.writing() as connection:
            connection.execute("INSERT INTO media VALUES (?, ?, ?, ?, ?)", (media_id, app_id, kind, at, sealed))
            connection.execute(
                "DELETE FROM media WHERE id NOT IN (SELECT id FROM media ORDER BY at DESC LIMIT ?)", (_KEPT_MEDIA,)
            )

    def name_media(self, media_id: str, name: str) -> None:
        """Note what a kept file is called."""
        sealed = self._box.seal(name.encode(), place=f"media_names|{media_id}")
        with self.writing() as connection:
            connection.execute("REPLACE INTO media_names VALUES (?, ?)", (media_id, sealed))
            connection.execute("DELETE FROM media_names WHERE id NOT IN (SELECT id FROM media)")

    def media_name(self, media_id: str) -> str:
        """Return what a file is called, or ""."""
        with self.writing() as connection:
            row = connection.execute("SELECT sealed FROM media_names WHERE id = ?", (media_id,)).fetchone()
        return "" if row is None else self._box.open(row["sealed"], place=f"media_names|{media_id}").decode()

    def media(self, app_id: str, media_id: str, *, since: float) -> tuple[str, bytes] | None:
        """Return kind and content of a file of this account kept since then; else None."""
        with self.writing() as connection:
            row = connection.execute(
                "SELECT kind, sealed FROM media WHERE id = ? AND app_id = ? AND at >= ?", (media_id, app_id, since)
            ).fetchone()
        return None if row is None else (row["kind"], self._box.open(row["sealed"], place=f"media|{media_id}"))

    def add_line(self, connection: sqlite3.Connection, open_kfid: str, line: bytes, at: float) -> None:
        """Append a line to what a customer service account's messages are fetched from."""
        insert = "INSERT INTO kf_list (open_kfid, at, sealed) VALUES (?, ?, ?)"
        connection.execute(insert, (open_kfid, at, self._box.seal(line, place=_LINE)))

    def lines(self, open_kfid: str, *, after: int, since: float, limit: int) -> list[tuple[int, bytes]]:
        """Return number and content of the lines after a number, oldest first."""
        with self.writing() as connection:
            rows = connection.execute(
                "SELECT id, sealed FROM kf_list WHERE open_kfid = ? AND id > ? AND at > ? ORDER BY id LIMIT ?",
                (open_kfid, after, since, limit),
            ).fetchall()
        return [(row["id"], self._box.open(row["sealed"], place=_LINE)) for row in rows]

    def reseal(self) -> int:
        """Seal everything anew with the box's newest key, in one transaction; returns how many values."""
        changed = 0
        with self.writing() as connection:
            for table in ("bubbles", "deliveries", "media", "media_names", "kf_list"):
                rows = connection.execute(f"SELECT rowid AS number, * FROM {table}").fetchall()  # noqa: S608 - our own names
                for row in rows:
                    place = _place_of(table, row)
                    sealed = self._box.seal(self._box.open(row["sealed"], place=place), place=place)
                    changing = f"UPDATE {table} SET sealed = ? WHERE rowid = ?"  # noqa: S608 - our own names
                    changed += connection.execute(changing, (sealed, row["number"])).rowcount
        return changed


def _place_of(table: str, row: sqlite3.Row) -> str:
    if table == "kf_list":
        return _LINE
    return f"{table}|{row['id']}" if table in ("media", "media_names") else _place(row["app_id"], row["contact"])


def _place(app_id: str, contact: str) -> str:
    return f"bubbles|{app_id}|{contact}"
