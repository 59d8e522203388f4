"""Every child of the table gets the row that was worked out by hand from the fact file."""

import pytest

from tests.care.vaccination.children import Case, cases, rows, shown

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_child_gets_the_row_worked_out_by_hand(case: Case) -> None:
    row = rows(case.told)[case.family]
    assert shown(row) == case.expected, case.why


def test_the_table_is_long_and_says_nothing_twice() -> None:
    assert len(CASES) >= 200
    assert len({str(sorted(case.told.items(), key=str)) + case.family for case in CASES}) == len(CASES)


def test_every_status_is_in_the_table() -> None:
    statuses = {"upcoming", "due", "overdue", "complete", "aged_out", "not_applicable", "ask_clinic"}
    assert {case.expected[0] for case in CASES} == statuses
