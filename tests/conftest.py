"""What all tests share: a store on each database, the private PostgreSQL, keys, a clock that is moved by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.keys import KeyRing
from bot.logs import configure_logs
from bot.store.migrate import upgrade
from bot.store.store import Store, open_store
from tests.clocks import FixedClock
from tests.postgresql import Cluster, binaries

pytest_plugins = ["tests.assistants"]

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session", autouse=True)
def _logs_as_in_service() -> None:
    """Log in the service's own way: what must not be in logs is not in test output either."""
    configure_logs("WARNING")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing(masters=[b"m" * 32], index_key=b"i" * 32)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """The private cluster of this test process; one that cannot be had skips its tests (install_tools.sh says so)."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: its half of the contract tests is NOT run")
    cluster = Cluster(programs)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def migrated(postgresql: Cluster) -> str:
    """The database of the contract tests; each test leaves it empty."""
    name = postgresql.create()
    upgrade(postgresql.url(name))
    return name


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An address without any table behind it. Ask for it by indirect parameters: one of DATABASES."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'assistant.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgresql")
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database for one test, on each kind of server in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'assistant.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgresql")
    name = request.getfixturevalue("migrated")
    yield cluster.url(name)
    cluster.let_in(name)
    cluster.empty(name)


@pytest.fixture
def store(database_url: str, keys: KeyRing) -> Iterator[Store]:
    """An open store, on each kind of server in turn."""
    opened = open_store(database_url, keys)
    yield opened
    opened.close()
