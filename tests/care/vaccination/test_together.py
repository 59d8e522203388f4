"""A combination that a family follows gives the doses that it counts for: they are not asked for beside it."""

from datetime import date

import pytest

from care.vaccination.child import Child, Given
from care.vaccination.forecast import forecast
from care.vaccination.rows import Row
from care.vaccination.rule_files import load
from care.vaccination.together import begun, with_begun, without_covered

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


def followed(as_of: date, *given: Given) -> dict[str, Row]:
    programme, code = load(), begun(given, load())
    assert code == "DTaP_IPV_HIB"
    child = Child(id="1", sex=None, options={}, birth=BORN, as_of=as_of, selected=(code,), given=given)
    return {row.vaccine: row for row in with_begun(forecast(child, programme), code, programme, as_of)}


def test_a_combination_that_nobody_chose_goes_on_once_begun_and_says_why():
    rows = followed(date(2026, 11, 20), *TWO_GIVEN)
    third = rows["DTaP_IPV_HIB"]
    assert (third.dose, third.recommended) == (3, date(2026, 11, 23))
    assert [reason.code for reason in third.reasons][-1] == "combination_begun"
    assert not {"POLIO", "DTP"} & rows.keys()


def test_a_combination_that_nobody_came_for_in_two_months_gives_way_to_the_programme():
    rows = followed(date(2027, 1, 23), *TWO_GIVEN)
    assert "DTaP_IPV_HIB" not in rows
    assert rows["POLIO"].dose == rows["DTP"].dose == 3


def test_a_combination_given_whole_has_no_dose_to_come():
    whole = (*TWO_GIVEN, *(Given(on=on, vaccine="DTaP_IPV_HIB") for on in (date(2026, 11, 23), date(2028, 1, 23))))
    rows = followed(date(2028, 3, 1), *whole)
    assert "DTaP_IPV_HIB" not in rows
    assert (rows["DTP"].dose, rows["POLIO"].status) == (5, "complete")


@pytest.mark.parametrize("vaccine", ["DTaP", "IPV", "bOPV", "DTaP_HIB"])
def test_beside_a_dose_of_something_else_only_the_clinic_knows_what_goes_on(vaccine):
    assert begun((*TWO_GIVEN, Given(on=date(2026, 11, 25), vaccine=vaccine)), load()) is None


@pytest.mark.parametrize("vaccine", ["HepB", "MCV4", "PCV13"])
def test_a_vaccine_for_itself_begins_no_combination(vaccine):
    assert begun((Given(on=date(2026, 11, 25), vaccine=vaccine),), load()) is None
