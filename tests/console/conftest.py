"""The console under test, on each database."""

import pytest

from tests.console import desk


@pytest.fixture
def office(store, library, clock, tmp_path):
    desk.add_staff(store, clock)
    return desk.office_of(store, library, clock, tmp_path)


@pytest.fixture
def app(office):
    return desk.app_of(office)


@pytest.fixture
def visit(app):
    return desk.visitors(app)
