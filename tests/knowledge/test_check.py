"""Each fault that an author of handbook data can make is found, and its message names file, entry and remedy."""

import pytest
import yaml

from bot.errors import ConfigurationFault
from tests.knowledge.drafts import PRODUCT, Draft


def only_fault(draft: Draft) -> str:
    faults = draft.faults()
    assert len(faults) == 1, faults
    return faults[0]


def test_a_sound_handbook_has_no_fault(draft: Draft) -> None:
    assert draft.faults() == []


def test_a_product_name_claimed_twice_is_to_become_a_shared_name(draft: Draft) -> None:
    home = draft.second_product("xinghe-anxin-2027", "安心守护2027")
    text = (home / "product.yaml").read_text(encoding="utf-8")
    (home / "product.yaml").write_text(text.replace("called:", "called:\n- 安心守护"), encoding="utf-8")
    fault = only_fault(draft)
    assert "product.yaml" in fault
    assert PRODUCT in fault
    assert "xinghe-anxin-2027" in fault
    assert "'安心守护'" in fault
    assert "shared_names" in fault


def test_a_doubled_clause_is_found(draft: Draft) -> None:
    with draft.edit("clauses.yaml") as clauses:
        clauses.append(clauses[2])
    fault = only_fault(draft)
    assert "clauses.yaml: clause '一、1' stands 2 times" in fault
    assert "its own id" in fault


def test_a_clause_without_a_fact_is_found(draft: Draft) -> None:
    with draft.fact("specialty-drug", "materials") as fact:
        fact["clause"] = "一、5"
    fault = only_fault(draft)
    assert "clauses.yaml: clause '一、6' is covered by no entry" in fault
    assert "fact_free" in fault


def test_a_clause_marked_fact_free_needs_no_fact(draft: Draft) -> None:
    with draft.edit("clauses.yaml") as clauses:
        clauses.append({"id": "附件二", "title": "空白页", "lines": [20, 20], "fact_free": True})
    assert draft.faults() == []


def test_a_doctor_service_that_does_not_exist_is_found(draft: Draft) -> None:
    with draft.edit("product.yaml") as product:
        product["doctor_service"] = "house-call"
    fault = only_fault(draft)
    assert "product.yaml: doctor_service 'house-call' has no file" in fault
    assert "name one that has" in fault


def test_an_unknown_family_is_found(draft: Draft) -> None:
    with draft.edit("services/phone-consultation.yaml") as service:
        service["family"] = "fortune-telling"
    fault = only_fault(draft)
    assert "phone-consultation.yaml: family 'fortune-telling' is unknown" in fault
    assert "families.yaml" in fault


def test_a_doubled_fact_is_told_to_take_a_condition(draft: Draft) -> None:
    with draft.edit("services/phone-consultation.yaml") as service:
        service["facts"].append({**service["facts"][0], "also": []})
    fault = only_fault(draft)
    assert "phone-consultation.yaml: fact 'overview' stands 2 times" in fault
    assert "key.condition" in fault


def test_an_unknown_attribute_is_found(draft: Draft) -> None:
    with draft.fact("phone-consultation", "nature") as fact:
        fact["key"] = "colour"
    fault = only_fault(draft)
    assert "phone-consultation.yaml: fact 'colour': attribute 'colour' is unknown" in fault
    assert "attributes.yaml" in fault


def test_a_time_without_its_step_is_found(draft: Draft) -> None:
    with draft.fact("phone-consultation", "nature") as fact:
        fact["key"] = "timing"
    fault = only_fault(draft)
    assert "phone-consultation.yaml: fact 'timing'" in fault
    assert "timing.review" in fault


def test_a_clause_that_the_handbook_does_not_have_is_found(draft: Draft) -> None:
    with draft.fact("specialty-drug", "uses") as fact:
        fact["clause"] = ["一、4", "九、9"]
    fault = only_fault(draft)
    assert "specialty-drug.yaml: fact 'uses': clause '九、9' is not in clauses.yaml" in fault
    assert "correct it or add the clause" in fault


@pytest.mark.parametrize(("shape", "longest"), [("fact", 200), ("howto", 420), ("list", 560)])
def test_an_answer_too_long_for_its_shape_is_found(draft: Draft, shape: str, longest: int) -> None:
    with draft.fact("specialty-drug", "uses") as fact:
        fact |= {"shape": shape, "say": "长" * longest}
    assert draft.faults() == []
    with draft.fact("specialty-drug", "uses") as fact:
        fact["say"] += "。"
    fault = only_fault(draft)
    assert f"specialty-drug.yaml: fact 'uses': say has {longest + 1} characters, a {shape} may have {longest}" in fault
    assert "shorten it" in fault


def test_a_contradiction_names_both_clauses(draft: Draft) -> None:
    with draft.fact("phone-consultation", "uses") as fact:
        fact["clause"] = "二、4"
    contradiction, uncovered = sorted(draft.faults(), key=lambda fault: "covered by no entry" in fault)
    assert "phone-consultation.yaml: fact 'uses': a conflict names both clauses" in contradiction
    assert "add the other one" in contradiction
    assert "'二、9'" in uncovered


def test_an_offer_of_a_fact_that_is_not_there_is_found(draft: Draft) -> None:
    with draft.fact("specialty-drug", "overview") as fact:
        fact["also"] = ["region"]
    fault = only_fault(draft)
    assert "specialty-drug.yaml: fact 'overview': also names 'region'" in fault
    assert "correct the key" in fault


def test_a_name_of_two_services_is_found(draft: Draft) -> None:
    with draft.edit("services/phone-consultation.yaml") as service:
        service["called"].append("送药上门")
    fault = only_fault(draft)
    assert PRODUCT in fault
    assert "'送药上门' is claimed by phone-consultation, specialty-drug" in fault
    assert "leave it to one" in fault


def test_names_that_differ_only_in_case_collide(draft: Draft) -> None:
    for service, name in (("phone-consultation", "CAR-T"), ("specialty-drug", "car-t")):
        with draft.edit(f"services/{service}.yaml") as content:
            content["called"].append(name)
    assert "'car-t'" in only_fault(draft)


def test_a_doubled_drug_row_is_found(draft: Draft) -> None:
    draft.append("drugs.csv", "3,云舒颗粒,佩诺度胺,星河制药,")
    fault = only_fault(draft)
    assert "drugs.csv: row 3 stands 2 times" in fault
    assert "its own number" in fault


def test_a_nickname_of_two_drugs_is_found(draft: Draft) -> None:
    draft.append("drugs.csv", "4,晨露片,恩曲替布,月湖生物,月安针")
    fault = only_fault(draft)
    assert "drugs.csv: nickname '月安针' is given to" in fault
    assert "one drug only" in fault


def test_a_phrasing_that_asks_for_nothing_known_is_found(draft: Draft) -> None:
    draft.append("phrasings.csv", "specialty-drug,region,plain,国外能用特药吗")
    fault = only_fault(draft)
    assert "phrasings.csv" in fault
    assert "'国外能用特药吗' asks for specialty-drug/region" in fault
    assert "correct service and key" in fault


def test_a_source_text_that_is_missing_is_found(draft: Draft) -> None:
    with draft.edit("product.yaml") as product:
        product["source"]["file"] = "another.txt"
    fault = only_fault(draft)
    assert "product.yaml: source file 'another.txt' is not in" in fault
    assert "correct the name" in fault


def test_a_source_text_that_changed_asks_to_be_compared(draft: Draft) -> None:
    path = draft.texts / f"{PRODUCT}.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("60天", "90天"), encoding="utf-8")
    fault = only_fault(draft)
    assert f"product.yaml: {PRODUCT}.txt has changed" in fault
    assert "compare, then update sha256" in fault


def test_a_printed_line_in_no_clause_is_found(draft: Draft) -> None:
    with draft.edit("clauses.yaml") as clauses:
        next(clause for clause in clauses if clause["id"] == "附件一")["lines"] = [20, 20]
    fault = only_fault(draft)
    assert f"clauses.yaml: line 21 of {PRODUCT}.txt belongs to no clause" in fault
    assert "add or widen one" in fault


def test_every_fault_is_told_at_once(draft: Draft) -> None:
    with draft.fact("specialty-drug", "uses") as fact:
        fact |= {"clause": ["一、4", "九、9"], "also": ["region"]}
    draft.append("drugs.csv", "3,云舒颗粒,佩诺度胺,星河制药,")
    assert len(draft.faults()) == 3


def test_a_fault_names_the_very_file_of_the_folder_that_was_loaded(draft: Draft) -> None:
    with draft.edit("clauses.yaml") as clauses:
        clauses.append(clauses[2])
    assert str(draft.home / "clauses.yaml") in only_fault(draft)


@pytest.mark.parametrize("place", ["telephones", "entrances", "person"])
def test_a_clause_of_the_product_page_that_does_not_exist_is_found(draft: Draft, place: str) -> None:
    with draft.edit("product.yaml") as product:
        for row in [product[place]] if place == "person" else product[place]:
            row["clause"] = "九、9"
    fault = only_fault(draft)
    assert "product.yaml" in fault
    assert "'九、9'" in fault


def test_a_service_file_and_a_topic_file_of_one_id_collide(draft: Draft) -> None:
    with draft.edit("topics/no-gene-test.yaml") as topic:
        twin = {**topic, "name": "甲", "short": "乙", "called": []}
    text = yaml.safe_dump(twin, allow_unicode=True)
    (draft.home / "services/no-gene-test.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationFault, match="no-gene-test"):
        draft.faults()


def test_a_drug_list_without_its_clause_is_found(draft: Draft) -> None:
    with draft.edit("clauses.yaml") as clauses:
        next(clause for clause in clauses if clause["id"] == "附件一")["id"] = "附录"
    with draft.fact("specialty-drug", "list") as fact:
        fact["clause"] = "附录"
    assert "附件一" in only_fault(draft)
