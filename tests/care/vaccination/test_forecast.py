"""What the table of children can't hold: which rows there are, and why they are as they are."""

from typing import Any

import pytest

from care.vaccination.rows import Row
from tests.care.vaccination.children import rows

ROUTINE = ["HepB", "BCG", "POLIO", "DTP", "MMR", "JE_L", "MPSV_A", "MPSV_AC", "HepA_L", "HPV2"]


def told(**more: Any) -> dict[str, Row]:
    return rows({"id": "a", "birth": "2026-01-15", "sex": "F", "as_of": "2026-11-21", "given": [], **more})


def given(*doses: tuple[str, str]) -> list[dict[str, str]]:
    return [{"vaccine": vaccine, "date": day} for vaccine, day in doses]


def codes(row: Row) -> list[str]:
    return [reason.code for reason in row.reasons]


def test_the_routine_families_come_in_the_order_of_the_programme() -> None:
    assert list(told()) == ROUTINE


def test_self_paid_families_have_a_row_only_when_selected() -> None:
    assert list(told(selected_optional=["VAR", "Hib"])) == [*ROUTINE, "VAR", "HIB"]


def test_only_families_whose_record_is_whole_have_a_row() -> None:
    assert list(told(history_complete_for=["MMR", "HPV2", "JE"])) == ["MMR", "JE_L", "HPV2"]
    assert told(history_complete_for=[]) == {}


def test_a_live_dose_of_an_unknown_family_still_keeps_the_others_away() -> None:
    row = told(history_complete_for=["MMR"], given=given(("JE_L", "2026-11-01")))["MMR"]
    assert str(row.earliest) == "2026-11-29"


def test_the_option_chooses_the_family() -> None:
    chosen = told(options={"JE": "JE_I", "HepA": "HepA_I"})
    assert [code for code in chosen if code.startswith(("JE", "HepA"))] == ["JE_I", "HepA_I"]


def test_a_finished_series_stays_finished_whatever_the_option_says() -> None:
    doses = given(("JE_L", "2024-09-15"), ("JE_L", "2026-01-15"))
    found = told(birth="2024-01-15", options={"JE": "JE_I"}, given=doses)
    assert found["JE_L"].status == "complete"


def test_a_province_shows_what_it_gives_free() -> None:
    assert "VAR" in told(region="江苏省")
    assert "VAR" not in told(region="浙江省")
    assert list(told(region="上海", selected_optional=["VAR"])).count("VAR") == 1


def test_rows_below_high_certainty_are_marked_to_be_confirmed() -> None:
    found = told(selected_optional=["PCV13"])
    assert found["PCV13"].certainty == "medium"
    assert codes(found["PCV13"])[-1] == "to_confirm"
    assert found["MMR"].certainty == "high"
    assert "to_confirm" not in codes(found["MMR"])


def test_each_reason_names_its_rule_and_says_it_in_chinese() -> None:
    reason = told()["MMR"].reasons[0].to_json()
    assert reason == {"code": "min_age", "say": "满8月龄就可以打", "rule": "MMR.1", "certainty": "high"}


def test_two_live_vaccines_falling_close_together_want_one_day() -> None:
    doses = given(("MMR", "2026-10-20"), ("JE_L", "2025-09-01"), ("HepA_L", "2026-06-15"))
    found = told(birth="2024-12-01", given=doses)
    assert (str(found["MMR"].recommended), str(found["JE_L"].recommended)) == ("2026-11-17", "2026-12-01")
    assert "live_together" in codes(found["MMR"])
    assert "live_together" in codes(found["JE_L"])


@pytest.mark.parametrize(("mother", "words"), [("positive", ["born_to_carrier_first"]), ("negative", [])])
def test_the_newborn_of_a_carrier_is_told_about_twelve_hours(mother: str, words: list[str]) -> None:
    found = told(as_of="2026-01-15", profile={"mother_hbsag": mother})["HepB"]
    assert [code for code in codes(found) if code.startswith("born")] == words


def test_the_child_of_a_carrier_is_tested_after_the_last_dose() -> None:
    doses = given(("HepB", "2026-01-15"), ("HepB", "2026-02-15"), ("HepB", "2026-07-15"))
    found = told(profile={"mother_hbsag": "positive"}, given=doses)["HepB"]
    assert codes(found) == ["born_to_carrier_test", "complete"]


def test_high_dose_immunoglobulin_is_for_the_clinic() -> None:
    found = told(events=[{"type": "ivig", "date": "2026-10-01"}])
    assert (found["MMR"].status, found["BCG"].status) == ("ask_clinic", "ask_clinic")
    assert "high_dose_immunoglobulin" in codes(found["MMR"])
    assert found["MPSV_A"].status == "due"


def test_immunoglobulin_soon_after_mmr_is_for_the_clinic() -> None:
    event = [{"type": "immunoglobulin", "date": "2026-09-25"}]
    found = told(events=event, given=given(("MMR", "2026-09-15")))
    assert codes(found["MMR"])[0] == "before_immunoglobulin"


def test_mmr_within_three_months_after_immunoglobulin_is_for_the_clinic() -> None:
    event = [{"type": "immunoglobulin", "date": "2026-08-01"}]
    found = told(events=event, given=given(("MMR", "2026-09-15")))
    assert codes(found["MMR"])[0] == "after_immunoglobulin"


def test_without_a_sex_hpv_is_asked() -> None:
    assert told(sex=None)["HPV2"].status == "ask_clinic"


def test_a_dose_late_by_a_month_without_a_completion_age_says_so() -> None:
    assert "late" in codes(told()["DTP"])
    assert told()["DTP"].status == "due"


def test_high_risk_vaccines_are_for_the_clinic() -> None:
    assert told(selected_optional=["PPV23"])["PPV23"].status == "ask_clinic"


def test_a_plan_that_only_the_label_knows_is_for_the_clinic() -> None:
    doses = given(("MCV4", "2026-09-15"))
    assert told(selected_optional=["MCV4"], given=doses)["MCV4"].status == "ask_clinic"
    assert told(given=doses)["MPSV_A"].status == "complete"
    assert "conjugate_once" in codes(told(given=doses)["MPSV_A"])


def test_two_doses_of_another_hpv_vaccine_are_judged_by_their_label() -> None:
    young = given(("HPV9", "2025-01-10"), ("HPV9", "2025-08-10"))
    assert told(birth="2012-06-01", given=young)["HPV2"].status == "complete"
    grown = given(("HPV9", "2028-01-10"), ("HPV9", "2028-08-10"))
    assert told(birth="2012-06-01", as_of="2029-01-01", given=grown)["HPV2"].status == "ask_clinic"


def test_dt_before_six_years_is_for_the_clinic() -> None:
    doses = given(("DTaP", "2021-08-05"), ("DTaP", "2021-09-05"), ("DT", "2021-10-05"))
    assert told(birth="2021-05-05", given=doses)["DTP"].status == "ask_clinic"
