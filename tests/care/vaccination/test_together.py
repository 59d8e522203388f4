"""A combination that a family follows gives the doses that it counts for: they are not asked for beside it."""

from datetime import date

import pytest

from care.vaccination.child import Child, Given
from care.vaccination.forecast import forecast
from care.vaccination.rule_files import load
from care.vaccination.together import without_covered

BORN = date(2026, 7, 23)
TWO_GIVEN = (
    Given(on=date(2026, 9, 23), vaccine="DTaP_IPV_HIB"),
    Given(on=date(2026, 10, 23), vaccine="DTaP_IPV_HIB"),
)


def told(as_of: date, *, selected: tuple[str, ...] = ("DTaP_IPV_HIB",)) -> dict[str, int | None]:
    child = Child(id="1", sex=None, options={}, birth=BORN, as_of=as_of, selected=selected, given=TWO_GIVEN)
    rows = forecast(child, load())
    return {row.vaccine: row.dose for row in without_covered(rows, load(), as_of) if row.recommended}


def test_nobody_is_sent_for_two_vaccines_against_polio_on_one_day():
    rows = told(date(2026, 11, 20))
    assert rows["DTaP_IPV_HIB"] == 3
    assert "POLIO" not in rows
    assert "DTP" not in rows
    assert "HepB" in rows


def test_without_the_combination_its_vaccines_are_asked_for_one_by_one():
    assert {"POLIO", "DTP"} <= told(date(2026, 11, 20), selected=()).keys()


@pytest.mark.parametrize(("as_of", "is_asked_for"), [(date(2027, 1, 20), False), (date(2027, 2, 20), True)])
def test_a_combination_long_overdue_keeps_silent_about_nothing(as_of, is_asked_for):
    assert ("POLIO" in told(as_of)) is is_asked_for
