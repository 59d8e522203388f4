"""Connections: how each database is opened. SQLite gets one writing connection and reading ones, PostgreSQL a pool."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from bot.errors import ConfigurationFault

_BUSY_MILLISECONDS = 5000
_PAGE_CACHE_KIB = 16_384


def parse_url(text: str) -> URL:
    """Return the database URL with the driver we use. Raises ConfigurationFault (which never quotes the URL)."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigurationFault("DATABASE_URL: not a URL; give sqlite:///FILE or postgresql://…") from error
    backend = "postgresql" if url.drivername == "postgres" else url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigurationFault(f"DATABASE_URL: {backend} is not supported; give sqlite:///FILE or postgresql://…")
    if url.database in (None, "", ":memory:"):
        raise ConfigurationFault("DATABASE_URL: SQLite needs a file here; give sqlite:///FILE")
    return url


def sqlite_engine(url: URL, *, reading: bool, connections: int) -> Engine:
    """Open SQLite as bundled with pysqlite3: the system's own may have the WAL-reset corruption bug (3.7.0–3.51.2)."""
    from pysqlite3 import dbapi2

    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        module=dbapi2,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=2,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 256},
    )
    event.listen(engine, "connect", _prepare_reading if reading else _prepare_writing)
    if not reading:
        event.listen(engine, "begin", _begin_immediate)
    return engine


def postgresql_engine(url: URL, *, connections: int) -> Engine:
    """Open a pool of at most `connections`. Connecting gives up after 2 s: an absent database is told at once."""
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=2,
        hide_parameters=True,
        pool_recycle=1800,
        connect_args={"connect_timeout": 2, "options": "-c timezone=utc -c lock_timeout=8000"},
    )


def _prepare_writing(connection: Any, _record: Any) -> None:
    _set_pragmas(
        connection,
        # First, since switching to WAL itself may have to wait for another process.
        f"busy_timeout={_BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"cache_size=-{_PAGE_CACHE_KIB}",
    )


def _prepare_reading(connection: Any, _record: Any) -> None:
    _set_pragmas(
        connection, f"busy_timeout={_BUSY_MILLISECONDS}", "query_only=ON", f"cache_size=-{_PAGE_CACHE_KIB // 4}"
    )


def _set_pragmas(connection: Any, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # A transaction that starts by reading cannot become a writing one while another process writes; so write at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
