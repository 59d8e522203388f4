"""Every flow of every handbook, walked as cases: no dead end, no promise that cannot be kept, nothing left held."""

from collections.abc import Iterator, Mapping
from itertools import product

import pytest

from bot.forms import Question, holds
from bot.store.store import Store
from care.cases import consequence
from care.steps import legal_moves, step_of
from knowledge.flow import Flow
from knowledge.library import load
from tests.care.desk import CALENDAR, Desk, china
from tests.clocks import FixedClock

FLOWS = {f"{id} {service}": flow for id, book in load().handbooks.items() for service, flow in book.flows.items()}
every_flow = pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)

Answers = Mapping[str, str]


def kinds(flow: Flow) -> Iterator[Answers]:
    """Yield the answers that tell one way through the flow from another."""
    deciding = {slot for step in flow.steps for slot in step.when}
    deciding |= {slot for promise in flow.promises for slot in promise.when}
    deciding |= {slot for rule in flow.eligibility.uses for slot in rule.when}
    questions = [question for question in flow.questions if question.slot in deciding]
    for values in product(*(_values(question) for question in questions)):
        yield {question.slot: value for question, value in zip(questions, values, strict=True)}


def _values(question: Question) -> list[str]:
    return [choice.id for choice in question.choices] or ["yes", "no"]


def reached(flow: Flow, answers: Answers, start: str) -> dict[str, list[str]]:
    """Return each step that can be reached, with a shortest way to it."""
    ways = {start: [start]}
    waiting = [start]
    while waiting:
        step = waiting.pop(0)
        for ahead in legal_moves(flow, step, answers):
            if ahead not in ways:
                ways[ahead] = [*ways[step], ahead]
                waiting.append(ahead)
    return ways


def test_all_services_have_flows() -> None:
    assert len(FLOWS) >= 23


@every_flow
def test_from_every_step_the_case_can_be_done(flow: Flow) -> None:
    for answers in kinds(flow):
        for step in reached(flow, answers, flow.first_step.id):
            ends = [step_of(flow, id).ends for id in reached(flow, answers, step)]
            assert step_of(flow, step).ends or "done" in ends, (answers, step)


@every_flow
def test_every_step_and_promise_belongs_to_some_application(flow: Flow) -> None:
    stood_at: set[str] = set()
    kept: set[str] = set()
    for answers in kinds(flow):
        ways = reached(flow, answers, flow.first_step.id)
        stood_at |= ways.keys()
        for promise in flow.promises:
            if holds(promise.when, answers) and promise.start in ways:
                assert promise.end in reached(flow, answers, promise.start), (answers, promise.id)
                kept.add(promise.id)
    assert stood_at == {step.id for step in flow.steps}
    assert kept == {promise.id for promise in flow.promises}


@every_flow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_case_walked_to_its_end_leaves_nothing_running_or_held(flow: Flow, store: Store, clock: FixedClock) -> None:
    clock.now = china("2026-11-23 10:00")
    desk = Desk(store, clock, flow)
    for answers in kinds(flow):
        ways = reached(flow, answers, flow.first_step.id)
        for end in (step for step in flow.steps if step.ends and step.id in ways):
            case = desk.open(insured_id=desk.insure(f"{answers} {end.id}", "child"), answers=answers)
            for step in ways[end.id][1:]:
                clock.move(minutes=1)
                case = desk.move(case, step).case
            assert not case.is_open
            assert "held" not in desk.use_states(case)
            assert all(deadline.ended_at for deadline in desk.deadlines(case)), (answers, end.id)


@every_flow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_case_can_be_withdrawn_at_every_step(flow: Flow, store: Store, clock: FixedClock) -> None:
    clock.now = china("2026-11-23 10:00")
    desk = Desk(store, clock, flow)
    for number, answers in enumerate(kinds(flow)):
        if number >= 4:  # the ways differ little beyond
            break
        for id, way in reached(flow, answers, flow.first_step.id).items():
            if step_of(flow, id).ends:
                continue
            case = desk.open(insured_id=desk.insure(f"{number} {id}", "child"), answers=answers)
            for step in way[1:]:
                case = desk.move(case, step).case
            with store.reading() as connection:
                told = consequence(connection, flow, case, now=clock(), calendar=CALENDAR)
            assert desk.cancel(case).use == told
            assert desk.use_states(case) in ([], [told])
            assert all(deadline.ended_at for deadline in desk.deadlines(case))
