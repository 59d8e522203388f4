"""Bad input is refused with what is wrong and the remedy; nothing of it reaches the forecast."""

from datetime import date
from typing import Any

import pytest

from bot.errors import UserFault
from care.vaccination.child import Given, read_child
from tests.care.vaccination.children import RULES, child

GOOD = {"id": "a", "birth": "2026-01-15", "sex": "F", "as_of": "2026-11-21", "given": []}


def dose(vaccine: Any, day: Any) -> dict[str, Any]:
    return {"given": [{"vaccine": vaccine, "date": day}]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"birth": None}, "birth is missing: no date; write YYYY-MM-DD"),
        ({"birth": "2026-02-30"}, "no such day"),
        ({"birth": "2026/01/15"}, "write YYYY-MM-DD"),
        ({"birth": "20260115"}, "write YYYY-MM-DD"),
        ({"birth": 20260115}, "write YYYY-MM-DD"),
        ({"birth": "0001-01-01"}, "check the year"),
        ({"as_of": "9999-12-31"}, "check the year"),
        ({"as_of": "2026-01-14"}, "is before birth"),
        ({"id": None}, "id is missing"),
        ({"id": ["a"]}, "give the child a text or a number"),
        ({"id": "a\ud800"}, "can't be printed"),
        ({"sex": "X"}, "use one of M, F"),
        ({"given": "HepB"}, "given: no list"),
        ({"given": ["HepB"]}, "given 1: no JSON object"),
        ({"given": [{"vaccine": "HepB", "date": "2026-01-15"}] * 201}, "check the record"),
        (dose("HepB", "2026-01-14"), "given 1: date 2026-01-14: is before birth"),
        (dose("HepB", "2026-11-22"), "lies after as_of 2026-11-21"),
        (dose("HepB", "昨天"), "write YYYY-MM-DD"),
        (dose("Sputnik", "2026-02-01"), "'Sputnik' is unknown; use one of HepB"),
        (dose(None, "2026-02-01"), "vaccine is missing"),
        (dose(7, "2026-02-01"), "no text"),
        ({"events": [{"type": "surgery", "date": "2026-02-01"}]}, "use one of immunoglobulin"),
        ({"events": [{"date": "2026-02-01"}]}, "type is missing"),
        ({"events": [{"type": "immunoglobulin", "date": "2027-02-01"}]}, "lies after"),
        ({"events": {}}, "events: no list"),
        ({"options": {"JE": "JE_X"}}, "use one of JE_L, JE_I"),
        ({"options": []}, None),
        ({"options": ["JE"]}, "options: no JSON object"),
        ({"profile": "light"}, "profile: no JSON object"),
        ({"profile": {"mother_hbsag": "maybe"}}, "use one of positive"),
        ({"profile": {"birth_weight_g": 3.2}}, "give grams"),
        ({"profile": {"birth_weight_g": True}}, "give grams"),
        ({"profile": {"birth_weight_g": float("nan")}}, "give grams"),
        ({"profile": {"conditions": ["flu"]}}, "conditions: 'flu' is unknown"),
        ({"selected_optional": ["HepB"]}, "selected_optional: 'HepB' is unknown"),
        ({"selected_optional": [{}]}, "is unknown"),
        ({"history_complete_for": "HepB"}, "no list"),
        ({"history_complete_for": ["Foo"]}, "'Foo' is unknown"),
        ({"region": 31}, "region 31: no text"),
    ],
)
def test_what_is_wrong_is_said_with_its_remedy(change: dict[str, Any], said: str | None) -> None:
    if said is None:
        assert read_child({**GOOD, **change}, RULES).options == {}
        return
    with pytest.raises(UserFault) as caught:
        read_child({**GOOD, **change}, RULES)
    assert said in str(caught.value)


@pytest.mark.parametrize("told", [None, [], "x", 3, True])
def test_a_line_that_is_no_object_is_refused(told: Any) -> None:
    with pytest.raises(UserFault, match="no JSON object"):
        read_child(told, RULES)


@pytest.mark.parametrize("name", ["DTaP_IPV_HIB", "dtap-ipv-hib", "DTaP IPV Hib", "五联", "五联疫苗", "潘太欣"])
def test_a_vaccine_may_be_written_in_several_ways(name: str) -> None:
    found = child(birth="2026-01-15", as_of="2026-11-21", given=[{"vaccine": name, "date": "2026-03-15"}])
    assert found.given == (Given(on=date(2026, 3, 15), vaccine="DTaP_IPV_HIB"),)


def test_a_dose_may_name_its_product_beside_the_vaccine() -> None:
    given = [{"vaccine": "POLIO", "product": "bOPV", "date": "2026-03-15"}]
    assert child(birth="2026-01-15", as_of="2026-11-21", given=given).given[0].vaccine == "bOPV"


def test_a_dose_told_twice_is_one_dose_and_doses_come_in_order() -> None:
    given = [{"vaccine": "HepB", "date": day} for day in ("2026-02-15", "2026-01-15", "2026-02-15")]
    found = child(birth="2026-01-15", as_of="2026-11-21", given=given).given
    assert [dose.on for dose in found] == [date(2026, 1, 15), date(2026, 2, 15)]


def test_keys_that_mean_nothing_here_are_left_alone() -> None:
    told = {**GOOD, "note": "x", "profile": {"name": "y"}, "options": {"hospital": 1}}
    assert read_child(told, RULES) == read_child(GOOD, RULES)
