"""What all tests share: a store on each database, the private PostgreSQL, keys, a clock that is moved by hand."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "assistant.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_file: Path) -> Iterator[str]:
    """A migrated database for one test, on each kind of server in turn."""
    if request.param == "sqlite":
        copied = shutil.copy(migrated_file, tmp_path / "assistant.db")
        yield f"sqlite:///{copied}"
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


# What the suite plays of the pages in a browser; the rest of tests/browser is played by `make proof`, and so are the
# tests of handlers and pages on PostgreSQL: the contracts of the store and of care run on both databases everywhere.
_PLAYED_IN_THE_SUITE = frozenset(
    {
        "test_a_newcomer_applies_with_a_policy_that_the_page_shows",
        "test_a_paper_is_refused_in_the_console_sent_again_and_accepted",
        "test_a_person_chats_in_a_frame_and_pushes_arrive",
        "test_a_question_is_answered_and_the_panel_says_why",
        "test_every_page_fits_a_phone",
        "test_from_the_simulators_chat_to_the_first_human_reply",
        "test_given_back_in_mid_form_the_bot_asks_on_and_keeps_what_was_filled_in",
        "test_text_is_shown_as_text",
        "test_two_colleagues_bring_a_miss_to_an_answer",
    }
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        room = item.path.relative_to(Path(__file__).parent).parts[0]
        if room == "browser" and getattr(item, "originalname", item.name) not in _PLAYED_IN_THE_SUITE:
            item.add_marker(pytest.mark.proof)
        if room in ("handlers", "console", "proof") and "postgresql" in item.name:
            item.add_marker(pytest.mark.proof)
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_turns(items))


def _turns(items: list[pytest.Item]) -> Callable[[pytest.Item], tuple[int, int, str]]:
    """Order whole files for processes that share them: the biggest that wants the router begins, so that one process
    learns while the others have files that want none; big files before small ones, so that all end at once."""
    sizes = Counter(item.path for item in items)
    learning = {item.path for item in items if "router" in getattr(item, "fixturenames", ())}
    first = max(learning, key=lambda path: (sizes[path], str(path)), default=None)

    def turn(item: pytest.Item) -> tuple[int, int, str]:
        rank = 0 if item.path == first else 2 if item.path in learning else 1
        return rank, -sizes[item.path], str(item.path)

    return turn
