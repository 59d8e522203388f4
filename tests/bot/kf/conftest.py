"""Fixtures of the customer service's tests."""

import pytest

from tests.bot.kf.place import Place, kf_twin
from tests.clocks import FixedClock


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def twin(tmp_path, clock):
    made = kf_twin(tmp_path, clock)
    made.employ("wk0000000000000000000000000001", "WangGuanjia", on_duty=False)
    return made


@pytest.fixture
def place_of(store, twin, clock):
    made = []

    def make(**how):
        made.append(Place(store, twin, clock, **how))
        return made[-1]

    yield make
    for place in made:
        place.turns.stop(within_seconds=2)


@pytest.fixture
def place(place_of):
    return place_of()
