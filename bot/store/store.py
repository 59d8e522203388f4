"""The open database of one process: where to read, who writes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, insert, select

from bot.errors import ConfigurationFault
from bot.keys import KeyRing
from bot.store import schema
from bot.store.engine import parse_url, postgresql_engine, sqlite_engine
from bot.store.faults import translated
from bot.store.migrate import upgrade
from bot.store.writer import GroupWriter, PooledWriter, Work, Writer, transact, wait_for

T = TypeVar("T")

_READING_CONNECTIONS = 16
_POOLED_CONNECTIONS = 28
_POOLED_WRITERS = 4


class Store:
    """Reads from any thread; writes go through one writer (SQLite) or transactions of their own (PostgreSQL)."""

    def __init__(self, database_url: str, keys: KeyRing) -> None:
        """Nothing is opened yet. Raises ConfigurationFault for an address that cannot be one."""
        url = parse_url(database_url)
        self.keys = keys
        self.embedded = url.get_backend_name() == "sqlite"
        self._resident = threading.local()
        self.writer: Writer
        if self.embedded:
            self.engine: Engine = sqlite_engine(url, reading=True, connections=_READING_CONNECTIONS)
            self._writing: Engine = sqlite_engine(url, reading=False, connections=1)
            self.writer = GroupWriter(self._writing)
        else:
            self.engine = self._writing = postgresql_engine(url, connections=_POOLED_CONNECTIONS)
            self.writer = PooledWriter(self.engine, threads=_POOLED_WRITERS)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to read by: in a thread that reads often its own. Raises RetryLater while the database is
        away."""
        if getattr(self._resident, "connection", None) is not None:
            with self.reading_often() as connection:
                yield connection
            return
        try:
            with self.engine.connect() as connection:
                yield connection
        except Exception as error:
            raise translated(error) from error

    @contextmanager
    def reading_often(self) -> Iterator[Connection]:
        """Give a connection that stays with the calling thread: cheaper for a thread that reads at every message.

        Each statement sees the newest commit. Raises RetryLater while the database is away.
        """
        try:
            if getattr(self._resident, "connection", None) is None:
                self._resident.connection = self.engine.connect()
            yield self._resident.connection
        except Exception as error:
            self.end_reading_often()
            raise translated(error) from error

    def end_reading_often(self) -> None:
        """Give back the connection that stays with the calling thread, if there is one."""
        connection: Connection | None = getattr(self._resident, "connection", None)
        self._resident.connection = None
        if connection is not None:
            connection.close()

    def write(self, work: Work[T], *, timeout_seconds: float = 10.0) -> T:
        """Run `work` in a transaction and return its result after the commit. Raises RetryLater, or what it raised."""
        return wait_for(self.writer, work, timeout_seconds=timeout_seconds)

    def transact(self, work: Work[T]) -> T:
        """Run `work` in a transaction of this thread (PostgreSQL only: SQLite has one writer)."""
        if self.embedded:
            raise TypeError("SQLite has one writer; use write()")
        try:
            return transact(self.engine, work)
        except Exception as error:
            raise translated(error) from error

    def close(self) -> None:
        """End the writer after what it was given, and close all connections."""
        self.writer.stop()
        self.engine.dispose()
        self._writing.dispose()


def open_store(database_url: str, keys: KeyRing) -> Store:
    """Migrate the database, check that it belongs to these keys, and return it open.

    Safe when several processes start at once. Raises ConfigurationFault, RetryLater.
    """
    upgrade(database_url)
    store = Store(database_url, keys)
    try:
        store.write(lambda connection: _check_keys(connection, keys.fingerprint))
    except BaseException:
        store.close()
        raise
    return store


def _check_keys(connection: Connection, fingerprint: str) -> None:
    table = schema.key_checks
    known = connection.scalar(select(table.c.fingerprint).where(table.c.name == "index").with_for_update())
    if known is None:
        connection.execute(insert(table).values(name="index", fingerprint=fingerprint))
    elif known != fingerprint:
        raise ConfigurationFault(
            "DATABASE_URL: this database was written with other keys; set ASSISTANT_MASTER_KEY and "
            "ASSISTANT_INDEX_KEY, or ASSISTANT_DATA_DIR, to those it was made with"
        )
