"""The way of a case through its flow: which moves are legal, and which steps lie behind it. Pure."""

from collections.abc import Sequence

from bot.errors import ConfigurationFault
from bot.forms import holds
from care.rules import Answers, CaseStep, Flow

# A move that every flow knows and none lists: the customer withdraws.
CANCELLED = "cancelled"


def step_of(flow: Flow, id: str) -> CaseStep:
    """Return a step. Raises ConfigurationFault for one that this version of the flow doesn't have any more."""
    found = next((step for step in flow.steps if step.id == id), None)
    if found is None:
        raise ConfigurationFault(
            f"flow {flow.service}, version {flow.version}: step {id} is missing and a case stands at it; "
            "describe it again, or move the case before taking the step out"
        )
    return found


def legal_moves(flow: Flow, step: str, answers: Answers) -> list[str]:
    """Return the steps a case may go to, in the flow's order.

    Steps whose condition does not hold are left out. Where that leaves none, what comes after them is legal, so that a
    step on one kind of application only may stand in the way of all.
    """
    return _onward(flow, step_of(flow, step).next, answers, {step})


def _onward(flow: Flow, ids: Sequence[str], answers: Answers, seen: set[str]) -> list[str]:
    steps = [step_of(flow, id) for id in ids]
    open_steps = [step.id for step in steps if holds(step.when, answers)]
    if open_steps or not steps:
        return open_steps
    beyond = [id for step in steps if step.id not in seen for id in step.next]
    return _onward(flow, list(dict.fromkeys(beyond)), answers, seen | {step.id for step in steps})


def is_past(flow: Flow, step: str, mark: str) -> bool:
    """Whether a case at `step` has gone past `mark`: the one leads to the other and never back.

    Steps that lead to each other in a circle (asking for papers, looking at them) are not past one another.
    """
    return step != mark and step in _ahead(flow, mark) and mark not in _ahead(flow, step)


def _ahead(flow: Flow, step: str) -> set[str]:
    by_id = {one.id: one for one in flow.steps}
    found: set[str] = set()
    waiting = list(by_id[step].next) if step in by_id else []
    while waiting:
        id = waiting.pop()
        if id not in found and id in by_id:
            found.add(id)
            waiting += by_id[id].next
    return found
