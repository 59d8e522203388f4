"""Bring a database to the newest schema, once, however many processes start together."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from bot.errors import ConfigurationFault
from bot.store.engine import parse_url, postgresql_engine, sqlite_engine
from bot.store.faults import translated

_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_LOCK_NUMBER = 7_305_118_260_142  # any constant: whoever migrates this project's schema takes this advisory lock


def upgrade(database_url: str) -> None:
    """Apply the migrations that the database lacks. Raises RetryLater, ConfigurationFault (newer than this program)."""
    url = parse_url(database_url)
    try:
        with _locked(url) as connection:
            _refuse_a_newer_schema(connection)
            if is_current(connection):
                return
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except Exception as error:
        raise translated(error) from error


def is_current(connection: Connection) -> bool:
    """Whether the database has exactly the schema of this program."""
    return MigrationContext.configure(connection).get_current_heads() == _revisions()[-1:]


def _refuse_a_newer_schema(connection: Connection) -> None:
    known = _revisions()
    for head in MigrationContext.configure(connection).get_current_heads():
        if head not in known:
            raise ConfigurationFault(
                f"DATABASE_URL: its schema ({head}) is newer than this program; "
                "run the newer program, or restore a backup"
            )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


@cache
def _revisions() -> tuple[str, ...]:
    """Return the schemas that this program knows, the newest last."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(reversed([script.revision for script in scripts.walk_revisions()]))


@contextmanager
def _locked(url: URL) -> Iterator[Connection]:
    if url.get_backend_name() == "sqlite":
        with _file_locked(url) as connection:
            yield connection
    else:
        engine = postgresql_engine(url, connections=1)
        try:
            with engine.begin() as connection:
                # Held until the commit; a second starter waits here, longer than usual, and finds it done.
                connection.execute(text("SET LOCAL lock_timeout = '120s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
                yield connection
        finally:
            engine.dispose()


@contextmanager
def _file_locked(url: URL) -> Iterator[Connection]:
    engine = sqlite_engine(url, reading=False, connections=1)
    with Path(f"{url.database}.migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()
