"""The three handbooks as entered: without fault, every clause covered, every printed line accounted for."""

from pathlib import Path

import pytest

from knowledge.check import coverage, find_faults
from knowledge.library import Library, load

TEXTS = Path(__file__).parents[3] / "shared" / "handbooks"

SERVICES = {
    "zhenai-wuxian-2023": {
        "specialty-drug", "inpatient-advance", "inpatient-fast-track", "international-second-opinion",
        "text-consultation",
    },
    "junlong-zhenai-21": {
        "video-consultation", "outpatient-fast-track", "inpatient-fast-track", "gene-test", "second-opinion",
        "specialty-drug", "car-t", "hongai-hospital",
    },
    "chengzhang-youxiang-2025": {
        "vaccine-appointment", "special-needs-desk", "inpatient-advance", "family-doctor", "e-card", "online-payment",
        "pre-authorisation", "public-hospital-appointment", "reimbursement-claim", "vaccine-claim",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def library() -> Library:
    return load()


def test_the_handbooks_have_no_fault(library: Library) -> None:
    assert find_faults(library) == []


@pytest.mark.skipif(not TEXTS.is_dir(), reason="the handbooks' text editions are not beside this checkout")
def test_every_printed_line_belongs_to_a_clause(library: Library) -> None:
    assert find_faults(library, texts=TEXTS) == []


def test_products_and_services_have_the_ids_of_the_contract(library: Library) -> None:
    offered = {
        handbook.product.id: {service.id for service in handbook.services} - handbook.topics for handbook in library
    }
    assert offered == SERVICES


@pytest.mark.parametrize("product", SERVICES)
def test_every_clause_is_covered_by_an_entry_or_holds_no_fact(library: Library, product: str) -> None:
    handbook = library.handbooks[product]
    free = {clause.id for clause in handbook.clauses if clause.fact_free}
    bare = {clause for clause, entries in coverage(handbook).items() if not entries}
    assert bare <= free
    assert len(free) < len(handbook.clauses) / 3


def test_only_one_handbook_prints_a_drug_list_and_it_has_102_rows(library: Library) -> None:
    drugs = {handbook.product.id: [drug.no for drug in handbook.drugs] for handbook in library}
    assert drugs.pop("zhenai-wuxian-2023") == list(range(1, 103))
    assert drugs == {"junlong-zhenai-21": [], "chengzhang-youxiang-2025": []}


def test_entries_have_ids_of_their_own(library: Library) -> None:
    assert len(library.entries) == sum(len(handbook.entries) for handbook in library)


def test_telephone_numbers_stay_in_their_own_handbook(library: Library) -> None:
    numbers = {
        handbook.product.id: {telephone.number for telephone in handbook.product.telephones} for handbook in library
    }
    assert numbers["zhenai-wuxian-2023"] == set()
    everywhere = set().union(*numbers.values())
    for entry in library.entries.values():
        strange = everywhere - numbers[entry.product.id]
        told = [number for number in strange if number in entry.fact.say]
        assert not told, f"{entry.id} tells {told}"


def test_what_the_handbook_does_not_say_points_to_somebody_or_says_so(library: Library) -> None:
    unsaid = [entry for entry in library.entries.values() if entry.fact.status == "unsaid"]
    assert len(unsaid) > 50
    for entry in unsaid:
        assert any(word in entry.fact.say for word in ("没有", "没写", "未写", "不写", "没说", "没列")), entry.id
