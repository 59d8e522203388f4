"""The promises of a case: when they start, rest, are kept, missed or dropped."""

import pytest
from sqlalchemy import Connection

from bot.clock import in_china
from bot.store.store import Store
from care import cases, promises
from care.case_records import Case
from care.promises import Overdue
from tests.care.desk import MANAGER, Desk, china
from tests.care.rules_made_up import Eligibility, Flow, Promise, Step, Within
from tests.clocks import FixedClock


@pytest.fixture
def desk(store: Store, clock: FixedClock) -> Desk:
    clock.now = china("2026-11-23 10:00")
    made = Desk(store, clock)
    made.flow = Flow(
        steps=made.flow.steps,
        promises=made.flow.promises,
        eligibility=Eligibility(hours=made.flow.eligibility.hours),
    )
    return made


def due(desk: Desk, case: Case, promise: str = "review") -> str:
    [found] = [one for one in desk.deadlines(case) if one.promise == promise]
    return in_china(found.due_at).strftime("%Y-%m-%d %H:%M")


def sweep(desk: Desk, **options: int) -> list[Overdue]:
    def swept(connection: Connection) -> list[Overdue]:
        return list(promises.missed(connection, desk.clock(), **options))

    return desk.do(swept)


def test_a_promise_starts_with_its_step_and_its_condition(desk: Desk) -> None:
    plain, urgent = desk.open(), desk.open(answers={"urgent": "yes"})
    assert desk.states(plain) == {"review": "running"}
    assert desk.states(urgent) == {"review": "running", "haste": "running"}
    assert due(desk, plain) == "2026-11-30 18:00"
    assert due(desk, urgent, "haste") == "2026-11-23 11:00"
    [deadline] = desk.deadlines(plain)
    assert (deadline.started_at, deadline.is_provisional, deadline.ended_at) == (desk.clock(), False, None)


def test_a_promise_is_met_when_its_end_is_reached_in_time(desk: Desk) -> None:
    case = desk.open()
    desk.clock.now = china("2026-11-30 18:00")  # the last moment
    desk.move(case, "reviewed")
    [deadline] = desk.deadlines(case)
    assert (deadline.state, deadline.ended_at) == ("met", desk.clock())


def test_a_promise_kept_too_late_is_missed_even_before_anybody_looked(desk: Desk) -> None:
    case = desk.open()
    desk.clock.now = china("2026-11-30 18:01")
    desk.move(case, "reviewed")
    [deadline] = desk.deadlines(case)
    assert (deadline.state, deadline.ended_at) == ("missed", desk.clock())
    assert sweep(desk) == []


def test_the_next_promise_starts_where_the_first_ended(desk: Desk) -> None:
    case = desk.open()
    desk.move(case, "reviewed")
    desk.clock.now = china("2026-11-24 19:00")
    desk.move(case, "signed")
    assert desk.states(case) == {"review": "met", "pay": "running"}
    assert due(desk, case, "pay") == "2026-11-26 18:00"  # signed after closing: as if on Wednesday
    desk.clock.now = china("2026-11-25 12:00")
    desk.move(case, "advanced")
    assert desk.states(case)["pay"] == "met"


def test_a_promise_rests_while_the_customer_is_awaited(desk: Desk) -> None:
    case = desk.open()
    desk.clock.now = china("2026-11-24 10:00")
    desk.move(case, "needs_papers")
    [paused] = desk.deadlines(case)
    assert (paused.state, paused.paused_at) == ("paused", desk.clock())
    desk.clock.now = china("2026-12-24 10:00")
    assert sweep(desk) == []
    desk.move(case, "submitted")
    [again] = desk.deadlines(case)
    assert (again.state, again.paused_at) == ("running", None)
    assert due(desk, case) == "2026-12-30 18:00"  # four working days were left
    desk.move(case, "reviewed")
    assert desk.states(case) == {"review": "met"}


def test_a_promise_already_overdue_does_not_rest(desk: Desk) -> None:
    case = desk.open()
    desk.clock.now = china("2026-12-01 10:00")
    desk.move(case, "needs_papers")
    [deadline] = desk.deadlines(case)
    assert (deadline.state, deadline.paused_at, deadline.ended_at) == ("missed", None, None)


def test_a_promise_that_starts_while_the_customer_is_awaited_rests_at_once(desk: Desk) -> None:
    desk.flow = Flow(
        steps=(
            Step("asked", next=("sent",), waits_for="customer"),
            Step("sent", next=("done",)),
            Step("done", ends="done"),
        ),
        promises=(Promise("answer", "asked", "done", Within(2, "working_days")),),
    )
    case = desk.open()
    assert desk.states(case) == {"answer": "paused"}
    desk.clock.now = china("2026-11-26 10:00")
    desk.move(case, "sent")
    assert due(desk, case, "answer") == "2026-11-30 18:00"


def test_a_step_past_the_promised_one_keeps_the_promise(desk: Desk) -> None:
    desk.flow = Flow(
        steps=(
            Step("asked", next=("booked", "visited")),
            Step("booked", next=("visited",)),
            Step("visited", ends="done"),
        ),
        promises=(Promise("book", "asked", "booked", Within(2, "working_days")),),
    )
    case = desk.open()
    desk.move(case, "visited")
    assert desk.states(case) == {"book": "met"}


def test_a_refusal_drops_what_was_promised_after_it(desk: Desk) -> None:
    case = desk.open()
    desk.move(case, "refused")
    [deadline] = desk.deadlines(case)
    assert (deadline.state, deadline.ended_at) == ("dropped", desk.clock())


def test_cancelling_drops_running_and_resting_promises(desk: Desk) -> None:
    running, resting = desk.open(), desk.open()
    desk.move(resting, "needs_papers")
    for case in (running, resting):
        desk.cancel(case)
        assert desk.states(case) == {"review": "dropped"}


def test_a_promise_runs_again_when_its_step_comes_again_after_it_was_met(desk: Desk) -> None:
    desk.flow = Flow(
        steps=(
            Step("reviewing", next=("decided",)),
            Step("decided", next=("reviewing", "done")),
            Step("done", ends="done"),
        ),
        promises=(Promise("review", "reviewing", "decided", Within(1, "working_days")),),
    )
    case = desk.open()
    desk.move(case, "decided")
    desk.move(case, "reviewing")
    assert [one.state for one in desk.deadlines(case)] == ["met", "running"]


def test_overdue_promises_are_told_once_the_longest_overdue_first(desk: Desk) -> None:
    first = desk.open()
    desk.clock.move(hours=30)
    second = desk.open(insured_id=desk.children[1])
    desk.do(lambda connection: cases.assign(connection, desk.keys, first.number, "a", actor=MANAGER, now=desk.clock()))
    desk.clock.now = china("2026-11-30 18:00")
    assert sweep(desk) == []  # due now is not overdue
    desk.clock.now = china("2026-12-05 10:00")
    assert [one.number for one in sweep(desk, limit=1)] == [first.number]
    [overdue] = sweep(desk)
    assert (overdue.number, overdue.owner, overdue.service) == (second.number, None, "inpatient-advance")
    assert (overdue.deadline.promise, overdue.deadline.state) == ("review", "missed")
    assert overdue.conversation_id == second.conversation_id
    assert sweep(desk) == []


def test_a_missed_promise_stays_missed_and_tells_when_it_was_kept(desk: Desk) -> None:
    case = desk.open()
    desk.clock.now = china("2026-12-05 10:00")
    assert len(sweep(desk)) == 1
    assert desk.deadlines(case)[0].ended_at is None
    desk.clock.move(days=2)
    desk.move(case, "reviewed")
    [deadline] = desk.deadlines(case)
    assert (deadline.state, deadline.ended_at) == ("missed", desk.clock())


def test_a_provisional_year_is_marked(desk: Desk) -> None:
    desk.clock.now = china("2039-12-29 10:00")
    [deadline] = desk.deadlines(desk.open())
    assert deadline.is_provisional
