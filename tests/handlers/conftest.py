"""Fixtures of the handlers' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.store import Store
from intents.router import Router
from knowledge.library import Library
from tests.clocks import FixedClock
from tests.handlers.office import Office


@pytest.fixture
def office(store: Store, clock: FixedClock, tmp_path: Path, library: Library, router: Router) -> Iterator[Office]:
    """A desk with its worker, on each database in turn, with the demo's policies."""
    opened = Office(store, clock, tmp_path, library=library, router=router)
    yield opened
    opened.close()
