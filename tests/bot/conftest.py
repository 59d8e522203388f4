"""Fixtures of the machine's tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.store.store import Store
from tests.bot.workplace import Workplace
from tests.clocks import FixedClock


@pytest.fixture
def workplace_of(store: Store, clock: FixedClock) -> Iterator[Callable[..., Workplace]]:
    """Make workplaces over one store, each like a process of its own."""
    made: list[Workplace] = []

    def make(*arguments: Any, **options: Any) -> Workplace:
        made.append(Workplace(store, clock, *arguments, **options))
        return made[-1]

    yield make
    for workplace in made:
        workplace.turns.stop(within_seconds=2)


@pytest.fixture
def workplace(workplace_of: Callable[..., Workplace]) -> Workplace:
    return workplace_of()
