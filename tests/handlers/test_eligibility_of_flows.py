"""The hand-checked verdicts hold for the handbooks' own flows, not only for the rules that care's tests make up."""

import pytest

from care import rules
from care.eligibility import judge
from knowledge.library import Library
from tests.care.eligibility_rows import Row, ask, found, policy_of, rows


def rule_of(library: Library, service: str) -> rules.Eligibility | None:
    product, name = service.split("/")
    flow = library.handbooks[product].flows.get(name)
    return None if flow is None else flow.eligibility


@pytest.mark.parametrize("row", rows(), ids=str)
def test_a_flow_gives_the_verdict_worked_out_by_hand(library: Library, row: Row) -> None:
    assert found(ask(rule_of(library, row.service), row)) == row.expected


def test_the_table_asks_for_every_flow(library: Library) -> None:
    asked = {row.service for row in rows()}
    assert {f"{handbook.product.id}/{name}" for handbook in library for name in handbook.flows} <= asked


@pytest.mark.parametrize("row", rows(), ids=str)
def test_a_refusal_by_the_handbook_cites_its_clauses(library: Library, row: Row) -> None:
    product = row.service.split("/")[0]
    known = {clause.id for clause in library.handbooks[product].clauses}
    rule = rule_of(library, row.service)
    for check in ask(rule, row).checks:
        assert set(check.clause) <= known
        if rule is not None and check.result != "pass" and check.check != "policy_in_force":
            assert check.clause


def test_needs_are_told_in_the_handbooks_words(library: Library) -> None:
    row = next(row for row in rows() if row.service == "zhenai-wuxian-2023/inpatient-advance")
    rule = rule_of(library, row.service)
    assert judge(rule, policy_of(row), on=row.told["day"]).to_json()["needs"]
