"""The assistant as it serves, built once a test session: learning from the phrasings takes its time.

The parts are imported on use, so that tests of the machine alone neither load nor need them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handlers.respond import Assistant
    from intents.router import Router
    from knowledge.library import Library
    from tests.service_desk import ServiceDesk

WUXIAN, ZHENAI21, GROWTH = PRODUCTS = ("zhenai-wuxian-2023", "junlong-zhenai-21", "chengzhang-youxiang-2025")
ACCOUNTS = {"all": PRODUCTS, "jdallianz": (WUXIAN, GROWTH), "junlong": (ZHENAI21,)}
FIXTURES = Path(__file__).parent / "fixtures"
LEARNED = "learned"  # where the commands keep what was learned, so that they share it


@pytest.fixture(scope="session")
def data_folder(request: pytest.FixtureRequest) -> Path:
    """A data folder that outlives the session, so that only the first run after a change has to learn."""
    return request.config.cache.mkdir("assistant")


@pytest.fixture(scope="session")
def library() -> Library:
    from knowledge.library import load

    return load()


@pytest.fixture(scope="session")
def router(library: Library, data_folder: Path) -> Router:
    from handlers.understanding import build_router

    return build_router(library, memory=data_folder / LEARNED)


@pytest.fixture(scope="session")
def assistant(library: Library, router: Router) -> Assistant:
    from handlers.respond import Assistant

    return Assistant(library, router, products=ACCOUNTS)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with nothing in it, made once a session and copied for every test of the desk."""
    from bot.store.store import open_store
    from tests.service_desk import KEYS

    path = tmp_path_factory.mktemp("empty") / "assistant.db"
    open_store(f"sqlite:///{path}", KEYS).close()
    return path


@pytest.fixture
def service_desk(empty_database: Path, tmp_path: Path, library: Library, router: Router) -> Iterator[ServiceDesk]:
    """A desk that serves on a database of its own."""
    from tests.clocks import FixedClock
    from tests.service_desk import ServiceDesk

    opened = ServiceDesk(empty_database, tmp_path, library=library, router=router, clock=FixedClock())
    yield opened
    opened.close()
