"""Loading stops at the first file that is not as the schema says, naming file, entry and remedy."""

from pathlib import Path

import pytest

from bot.errors import ConfigurationFault
from knowledge.library import load
from tests.knowledge.drafts import PRODUCT, Draft


def refusal(draft: Draft) -> str:
    with pytest.raises(ConfigurationFault) as raised:
        load(draft.folder)
    return str(raised.value)


def test_a_folder_without_handbooks_says_what_to_add(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigurationFault, match="add one folder a product"):
            load(folder)


@pytest.mark.parametrize("name", ["product.yaml", "clauses.yaml"])
def test_a_missing_file_is_named(draft: Draft, name: str) -> None:
    (draft.home / name).unlink()
    assert f"{draft.home / name}: the file is missing" in refusal(draft)


@pytest.mark.parametrize("name", ["product.yaml", "clauses.yaml", "services/specialty-drug.yaml"])
def test_yaml_that_cannot_be_read_names_file_and_line(draft: Draft, name: str) -> None:
    (draft.home / name).write_text("a: [1, 2\nb: }", encoding="utf-8")
    said = refusal(draft)
    assert f"{draft.home / name}: not readable as YAML" in said
    assert "line 2" in said


def test_a_product_id_other_than_its_folder_is_refused(draft: Draft) -> None:
    with draft.edit("product.yaml") as product:
        product["id"] = "xinghe-2026"
    said = refusal(draft)
    assert "product.yaml: id 'xinghe-2026'" in said
    assert f"must equal its folder's name '{PRODUCT}'" in said


def test_a_service_id_other_than_its_file_is_refused(draft: Draft) -> None:
    with draft.edit("services/phone-consultation.yaml") as service:
        service["id"] = "telephone"
    assert "phone-consultation.yaml: id 'telephone' must equal the file's name 'phone-consultation'" in refusal(draft)


def test_an_unknown_key_in_a_fact_names_the_fact(draft: Draft) -> None:
    with draft.fact("specialty-drug", "uses") as fact:
        fact["sagt"] = "2次"
    said = refusal(draft)
    assert "specialty-drug.yaml: entry facts.3 (uses).sagt" in said
    assert "docs/handbooks.md" in said


@pytest.mark.parametrize("key", ["say", "ask", "clause", "key"])
def test_a_fact_without_a_required_key_is_refused(draft: Draft, key: str) -> None:
    with draft.fact("specialty-drug", "uses") as fact:
        del fact[key]
    said = refusal(draft)
    assert "specialty-drug.yaml: entry facts.3 (" in said
    assert f").{key}" in said
    assert "required" in said


@pytest.mark.parametrize(
    ("key", "value"),
    [("say", ""), ("say", "  "), ("shape", "poem"), ("status", "maybe"), ("clause", [""]), ("key", "Wait Time")],
)
def test_a_fact_with_an_impossible_value_is_refused(draft: Draft, key: str, value: object) -> None:
    with draft.fact("specialty-drug", "uses") as fact:
        fact[key] = value
    assert f"specialty-drug.yaml: entry facts.3 ({'Wait Time' if key == 'key' else 'uses'}).{key}" in refusal(draft)


def test_an_unknown_key_of_a_product_is_refused(draft: Draft) -> None:
    with draft.edit("product.yaml") as product:
        product["colour"] = "blue"
    assert "product.yaml: entry colour" in refusal(draft)


def test_a_number_that_is_no_text_names_its_telephone(draft: Draft) -> None:
    with draft.edit("product.yaml") as product:
        product["telephones"][0]["number"] = 4000000000
    assert "product.yaml: entry telephones.0 (4000000000).number" in refusal(draft)


def test_an_empty_file_of_clauses_is_refused(draft: Draft) -> None:
    (draft.home / "clauses.yaml").write_text("# nothing yet\n", encoding="utf-8")
    assert "clauses.yaml" in refusal(draft)


def test_a_clause_with_an_impossible_value_is_named(draft: Draft) -> None:
    with draft.edit("clauses.yaml") as clauses:
        clauses[4]["lines"] = "6"
    said = refusal(draft)
    assert "clauses.yaml" in said
    assert "一、3" in said


@pytest.mark.parametrize("name", ["services/specialty-drug.yaml", "drugs.csv", "phrasings.csv"])
def test_a_file_in_another_encoding_is_refused(draft: Draft, name: str) -> None:
    path = draft.home / name
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    assert name in refusal(draft)


def test_a_drug_row_without_its_name_is_named(draft: Draft) -> None:
    draft.append("drugs.csv", "4,晨露片,,月湖生物,")
    said = refusal(draft)
    assert "drugs.csv" in said
    assert "generic" in said
    assert "晨露片" in said or "row 4" in said or "line 5" in said


def test_a_key_that_stands_twice_is_refused(draft: Draft) -> None:
    draft.append("services/specialty-drug.yaml", "name: 又一个名字")
    assert "specialty-drug.yaml" in refusal(draft)


def test_a_file_with_the_wrong_ending_is_not_passed_over_in_silence(draft: Draft) -> None:
    (draft.home / "services/phone-consultation.yaml").rename(draft.home / "services/phone-consultation.yml")
    with draft.edit("product.yaml") as product:
        product["doctor_service"] = "specialty-drug"
    assert "phone-consultation.yml" in refusal(draft)


def test_facts_are_found_by_service_and_key(draft: Draft) -> None:
    handbook = load(draft.folder).handbooks[PRODUCT]
    entry = handbook.find("specialty-drug", "timing.delivery")
    assert entry is not None
    assert entry.id == f"{PRODUCT}/specialty-drug/timing.delivery"
    assert (entry.fact.attribute, entry.fact.condition) == ("timing", "delivery")
    assert handbook.find("specialty-drug", "timing") is None


def test_one_clause_and_several_are_both_lists(draft: Draft) -> None:
    handbook = load(draft.folder).handbooks[PRODUCT]
    both, one = handbook.find("phone-consultation", "uses"), handbook.find("phone-consultation", "who")
    assert both is not None
    assert one is not None
    assert both.fact.clause == ["二、4", "二、9"]
    assert one.fact.clause == ["二、2"]


def test_a_drug_keeps_its_nicknames_and_may_have_none(draft: Draft) -> None:
    drugs = load(draft.folder).handbooks[PRODUCT].drugs
    assert [drug.nicknames for drug in drugs] == [["星愈", "塞洛"], ["月安针"], []]


def test_a_handbook_may_have_neither_drugs_nor_phrasings(draft: Draft) -> None:
    for name in ("drugs.csv", "phrasings.csv"):
        (draft.home / name).unlink()
    handbook = load(draft.folder).handbooks[PRODUCT]
    assert (handbook.drugs, handbook.phrasings) == ((), ())


def test_topics_are_told_from_services(draft: Draft) -> None:
    handbook = load(draft.folder).handbooks[PRODUCT]
    assert handbook.topics == {"no-gene-test"}
    assert {service.id for service in handbook.services} == {"no-gene-test", "phone-consultation", "specialty-drug"}
