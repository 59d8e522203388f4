"""Cases: opened once, moved legally, told in order, read no more than asked."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot.errors import UserFault
from bot.store.store import Store
from care import cases
from care.case_numbers import fresh_number, read_number
from care.case_records import all_cases, case_of, cases_of_contact, cases_of_policy, open_cases
from care.cases import ChangedMeanwhile
from care.uses import NoUseLeft
from tests.care.desk import CALENDAR, MANAGER, Desk, china
from tests.care.rules_made_up import Eligibility, Flow, Step, UseRule
from tests.clocks import FixedClock
from tests.conftest import DATABASES
from tests.waiting import eventually

UNLIMITED = Eligibility()
on_sqlite = pytest.mark.parametrize("database_url", DATABASES[:1], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", DATABASES[1:], indirect=True)


@pytest.fixture
def desk(store: Store, clock: FixedClock) -> Desk:
    clock.now = china("2026-11-23 10:00")
    return Desk(store, clock)


def unlimited(desk: Desk) -> Desk:
    desk.flow = Flow(steps=desk.flow.steps, promises=desk.flow.promises, cancelling=desk.flow.cancelling)
    return desk


def test_a_case_is_opened_at_the_first_step_with_what_was_answered(desk: Desk) -> None:
    opened = desk.open(answers={"kind": "further", "planned_on": "2026-11-30"}, labels={"kind": "追加垫付"})
    with desk.store.reading() as connection:
        assert case_of(connection, desk.keys, opened.number) == opened
    assert (opened.step, opened.is_open, opened.version, opened.owner) == ("submitted", True, 1, None)
    assert opened.answers == {"kind": "further", "planned_on": "2026-11-30"}
    assert opened.labels == {"kind": "追加垫付"}
    assert opened.number.startswith("20261123-")
    assert (opened.service, opened.flow_version) == ("inpatient-advance", 1)


def test_the_same_turn_tried_again_opens_no_second_case(desk: Desk) -> None:
    application = desk.application()
    first = desk.do(desk.opens(application))
    assert desk.do(desk.opens(application)) == first
    assert len(desk.events(first)) == 1
    assert desk.use_states(first) == ["held"]


def test_the_same_turn_in_two_threads_opens_one_case(desk: Desk) -> None:
    for _ in range(5):
        application = desk.application(insured_id=desk.insure(f"many {desk._asked}", "child"))
        opened = at_once(desk, desk.opens(application), desk.opens(application))
        assert opened[0] == opened[1], opened


def test_a_number_that_is_taken_is_drawn_again(desk: Desk) -> None:
    unlimited(desk)
    drawn = iter(["20261123-222222", "20261123-222222", "20261123-333333"])
    numbers = [desk.do(desk.opens(desk.application(), draw=lambda _: next(drawn))).number for _ in range(2)]
    assert numbers == ["20261123-222222", "20261123-333333"]


def test_a_refused_opening_leaves_nothing_and_the_turn_goes_on(desk: Desk) -> None:
    desk.open()
    second = desk.opens(desk.application())

    def turn(connection: Connection) -> str:
        with pytest.raises(NoUseLeft) as raised:
            second(connection)
        cases.add_note(connection, desk.keys, number, "又申请了一次", actor="assistant", now=desk.clock())
        return str(raised.value)

    with desk.store.reading() as connection:
        [number] = [case.number for case in cases_of_contact(connection, desk.keys, desk.contact_id)]
    assert "no use left" in desk.do(turn)
    with desk.store.reading() as connection:
        [only] = cases_of_contact(connection, desk.keys, desk.contact_id)
    assert [event.kind for event in desk.events(only)] == ["opened", "note"]
    assert len(desk.deadlines(only)) == 1


def at_once(desk: Desk, *works: Callable[..., object]) -> list[object]:
    """Run works in threads of their own, as nearly at once as can be, and return results or errors."""
    start = threading.Barrier(len(works))
    ended: list[object] = [None] * len(works)

    def run(place: int) -> None:
        start.wait()
        try:
            ended[place] = (desk.store.write if desk.store.embedded else desk.store.transact)(works[place])
        except Exception as error:
            ended[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def test_of_two_applications_for_the_last_use_one_wins(desk: Desk) -> None:
    for number in range(8):
        child = desk.insure(f"racer {number}", "child")
        ended = at_once(desk, *(desk.opens(desk.application(insured_id=child)) for _ in range(2)))
        assert sorted(type(one).__name__ for one in ended) == ["Case", "NoUseLeft"], ended


def test_two_places_are_given_to_two_of_three(desk: Desk) -> None:
    desk.flow = Flow(steps=desk.flow.steps, eligibility=Eligibility(uses=(UseRule(count=2),)))
    for number in range(4):
        child = desk.insure(f"racer {number}", "child")
        ended = at_once(desk, *(desk.opens(desk.application(insured_id=child)) for _ in range(3)))
        assert sorted(type(one).__name__ for one in ended) == ["Case", "Case", "NoUseLeft"], ended


@on_postgresql
def test_an_application_waits_for_the_one_that_is_taking_the_last_use(desk: Desk) -> None:
    """The second has read that a place is free before the first commits: only the unique index can stop it."""
    first, second = (desk.opens(desk.application()) for _ in range(2))
    ended: list[object] = []

    def run() -> None:
        try:
            ended.append(desk.store.transact(second))
        except NoUseLeft as error:
            ended.append(error)

    def hold_on(connection: Connection) -> None:
        first(connection)
        thread.start()
        with desk.store.reading() as other:
            blocked = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            assert eventually(lambda: bool(other.scalar(blocked)))
        assert ended == []

    thread = threading.Thread(target=run)
    desk.store.transact(hold_on)
    thread.join()
    assert isinstance(ended[0], NoUseLeft)


def test_a_move_goes_where_the_flow_allows(desk: Desk) -> None:
    case = desk.open()
    moved = desk.move(case, "reviewed", note="材料齐了")
    assert (moved.case.step, moved.case.version, moved.case.is_open) == ("reviewed", 2, True)
    assert moved.tell == "进度到了reviewed。"
    with desk.store.reading() as connection:
        assert case_of(connection, desk.keys, case.number) == moved.case


def test_an_illegal_move_names_the_legal_ones(desk: Desk) -> None:
    case = desk.open()
    with pytest.raises(UserFault, match="cannot go to settled; it can go to reviewed, needs_papers, refused"):
        desk.move(case, "settled")
    with pytest.raises(UserFault, match="cannot go to nowhere"):
        desk.move(case, "nowhere")
    assert [event.kind for event in desk.events(case)] == ["opened"]


def test_a_closed_case_and_an_unknown_number_have_no_moves(desk: Desk) -> None:
    case = desk.open()
    desk.move(case, "refused")
    with pytest.raises(UserFault, match="closed"):
        desk.move(case, "reviewed")
    with pytest.raises(UserFault, match="closed"):
        desk.cancel(case)
    with pytest.raises(UserFault, match="no case 20260101-222222"):
        desk.do(
            lambda connection: cases.assign(
                connection, desk.keys, "20260101-222222", "user:a", actor=MANAGER, now=desk.clock()
            )
        )


def test_a_move_on_an_older_sight_of_the_case_is_refused(desk: Desk) -> None:
    case = desk.open()
    desk.do(lambda connection: cases.assign(connection, desk.keys, case.number, "a", actor=MANAGER, now=desk.clock()))
    with pytest.raises(ChangedMeanwhile):
        desk.move(case, "reviewed", seen_version=case.version)
    assert desk.move(case, "reviewed", seen_version=2).case.version == 3


def test_of_two_movers_one_moves(desk: Desk) -> None:
    unlimited(desk)
    for _ in range(5):
        case = desk.open()
        told = {"actor": MANAGER, "now": desk.clock(), "calendar": CALENDAR, "seen_version": 1}

        def moves(to: str, number: str = case.number, told: dict[str, Any] = told) -> Callable[..., object]:
            return lambda connection: cases.move(connection, desk.keys, desk.flow, number, to, **told)

        ended = at_once(desk, moves("reviewed"), moves("refused"))
        assert sorted(type(one).__name__ for one in ended) == ["ChangedMeanwhile", "Moved"], ended
        assert [event.kind for event in desk.events(case)] == ["opened", "moved"]


def test_a_step_of_another_kind_of_application_is_no_move(desk: Desk) -> None:
    desk.flow = Flow(
        steps=(
            Step("submitted", next=("called_back", "prescribed", "refused")),
            Step("called_back", next=("settled",), when={"kind": ("consultation",)}),
            Step("prescribed", next=("checked",), when={"kind": ("purchase",)}),
            Step("checked", next=("settled",), when={"aided": ("yes",)}),
            Step("settled", ends="done"),
            Step("refused", ends="refused"),
        )
    )
    asked = desk.open(answers={"kind": "consultation"})
    with pytest.raises(UserFault, match="it can go to called_back, refused"):
        desk.move(asked, "prescribed")
    bought = desk.open(answers={"kind": "purchase", "aided": "no"})
    desk.move(bought, "prescribed")
    assert (
        desk.move(bought, "settled").case.is_open is False
    )  # a step in between that isn't for this one is passed over


def test_the_timeline_tells_everything_in_order(desk: Desk) -> None:
    case = desk.open()
    desk.clock.move(hours=1)
    desk.move(case, "needs_papers", note="缺出院小结")
    desk.do(lambda connection: cases.assign(connection, desk.keys, case.number, "b", actor=MANAGER, now=desk.clock()))
    desk.cancel(case, note="不办了")
    events = desk.events(case)
    assert [(event.kind, event.step) for event in events] == [
        ("opened", "submitted"),
        ("moved", "needs_papers"),
        ("assigned", None),
        ("cancelled", "cancelled"),
    ]
    assert [event.note for event in events] == ["", "缺出院小结", "b", "不办了"]
    assert events[1].tell == "进度到了needs_papers。"
    assert [event.actor for event in events] == [f"contact:{desk.contact_id}", MANAGER, MANAGER, events[0].actor]
    assert events[1].at == china("2026-11-23 11:00")


def test_cases_are_found_by_person_and_policy_the_newest_first(desk: Desk) -> None:
    unlimited(desk)
    opened = [desk.open(insured_id=None).number for _ in range(5)]
    desk.move(desk.open(), "refused")
    with desk.store.reading() as connection:
        found = list(cases_of_contact(connection, desk.keys, desk.contact_id, limit=3))
        rest = list(cases_of_contact(connection, desk.keys, desk.contact_id, before_id=found[-1].id))
        still_open = list(cases_of_contact(connection, desk.keys, desk.contact_id, only_open=True))
        of_policy = list(cases_of_policy(connection, desk.keys, desk.policy_id))
        everything = list(all_cases(connection, desk.keys, after_id=found[-1].id))
        assert list(cases_of_contact(connection, desk.keys, desk.contact_id + 1)) == []
    assert [case.number for case in found[1:] + rest] == opened[::-1]
    assert [case.number for case in still_open] == opened[::-1]
    assert of_policy == found + rest
    assert everything == found[1::-1]


def test_open_cases_come_longest_untouched_first(desk: Desk) -> None:
    unlimited(desk)
    first, second, third = desk.open(), desk.open(), desk.open()
    desk.clock.move(minutes=5)
    desk.move(first, "reviewed")
    desk.move(second, "refused")
    with desk.store.reading() as connection:
        assert [case.number for case in open_cases(connection, desk.keys)] == [third.number, first.number]
        assert [case.number for case in open_cases(connection, desk.keys, limit=1)] == [third.number]
        assert list(open_cases(connection, desk.keys, owner="somebody")) == []


def test_a_flow_of_another_service_does_not_move_a_case(desk: Desk) -> None:
    case = desk.open()
    desk.flow = Flow(steps=desk.flow.steps, service="gene-test")
    with pytest.raises(ValueError, match="inpatient-advance"):
        desk.move(case, "reviewed")


@on_sqlite
def test_nothing_answered_or_noted_is_in_the_file_in_clear(desk: Desk, database_url: str) -> None:
    case = desk.open(answers={"diagnosis": "很特别的病"}, labels={"diagnosis": "很特别的病名"})
    desk.move(case, "reviewed", note="来电说了悄悄话")
    desk.cancel(case, note="不想说的理由")
    files = list(Path(database_url.removeprefix("sqlite:///")).parent.glob("assistant.db*"))
    stored = b"".join(path.read_bytes() for path in files)
    assert case.number.encode() in stored
    for words in ("很特别的病", "悄悄话", "不想说的理由"):
        for written in (words.encode(), words.encode("utf-16-le"), ascii(words)[1:-1].encode()):
            assert written not in stored
    assert "很特别的病" not in repr(case)


def test_a_number_is_short_and_dated_in_china(clock: FixedClock) -> None:
    clock.now = china("2026-11-23 00:30")
    numbers = {fresh_number(clock()) for _ in range(500)}
    assert len(numbers) == 500
    assert all(number.startswith("20261123-") and len(number) == 15 for number in numbers)
    assert not set("".join(number[9:] for number in numbers)) & set("01OILU")


@pytest.mark.parametrize(
    "typed",
    [
        "20261123-7K3Q9F",
        "20261123-7k3q9f到哪了",
        "单号 20261123 7K3Q9F",
        "２０２６１１２３－７Ｋ３Ｑ９Ｆ",
        "202611237K3Q9F？",
    ],
)
def test_a_number_is_read_as_people_type_it(typed: str) -> None:
    assert read_number(typed) == "20261123-7K3Q9F"


@pytest.mark.parametrize(
    "typed", ["", "我的申请到哪了", "20261123", "20261123-7K3Q9", "20261123-7K3Q9FG", "120261123-7K3Q9F"]
)
def test_other_words_are_no_number(typed: str) -> None:
    assert read_number(typed) is None
