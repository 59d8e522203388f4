"""The way through a flow: legal moves and what lies behind, without any database."""

import pytest

from bot.errors import ConfigurationFault
from care.steps import is_past, legal_moves, step_of
from tests.care.rules_made_up import Flow, Step

FLOW = Flow(
    steps=(
        Step("submitted", next=("reviewed", "refused")),
        Step("reviewed", next=("papers", "approved", "refused")),
        Step("papers", next=("reviewed",), waits_for="customer"),
        Step("approved", next=("signed", "quick")),
        Step("signed", next=("paid",), when={"kind": ("advance",)}),
        Step("quick", next=("paid",), when={"kind": ("small",)}),
        Step("paid", ends="done"),
        Step("refused", ends="refused"),
    )
)


@pytest.mark.parametrize(
    ("step", "answers", "expected"),
    [
        ("submitted", {}, ["reviewed", "refused"]),
        ("reviewed", {}, ["papers", "approved", "refused"]),
        ("approved", {"kind": "advance"}, ["signed"]),
        ("approved", {"kind": "small"}, ["quick"]),
        ("approved", {"kind": "other"}, ["paid"]),  # neither is for this one: go on after them
        ("approved", {}, ["paid"]),
        ("paid", {}, []),
    ],
)
def test_legal_moves_are_the_next_steps_that_hold(step: str, answers: dict[str, str], expected: list[str]) -> None:
    assert legal_moves(FLOW, step, answers) == expected


def test_conditions_in_a_circle_end() -> None:
    never = {"kind": ("never",)}
    flow = Flow(steps=(Step("a", next=("b",)), Step("b", next=("c",), when=never), Step("c", next=("b",), when=never)))
    assert legal_moves(flow, "a", {}) == []


@pytest.mark.parametrize(
    ("step", "mark", "expected"),
    [
        ("approved", "submitted", True),
        ("paid", "signed", True),
        ("paid", "submitted", True),
        ("submitted", "approved", False),
        ("signed", "signed", False),
        ("papers", "reviewed", False),  # a circle
        ("reviewed", "papers", False),
        ("quick", "signed", False),  # beside each other
        ("paid", "taken out of the flow", False),
    ],
)
def test_a_step_is_past_another_when_there_is_no_way_back(step: str, mark: str, expected: bool) -> None:
    assert is_past(FLOW, step, mark) is expected


def test_a_step_that_was_taken_out_is_named_with_flow_and_remedy() -> None:
    with pytest.raises(ConfigurationFault, match="inpatient-advance, version 1: step gone is missing"):
        step_of(FLOW, "gone")
