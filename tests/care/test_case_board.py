"""Cases looked for by those who work on them, on both databases."""

import pytest
from sqlalchemy import insert, select

from bot.store.store import Store
from care import case_board, cases, material_reviews, media, promises, tables
from care.case_board import Asked
from tests.care.desk import MANAGER, Desk, china
from tests.care.rules_made_up import Eligibility, Flow
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


def numbers(desk: Desk, asked: Asked, **page: int) -> list[str]:
    with desk.store.reading() as connection:
        found = case_board.listed(connection, asked, now=desk.clock(), **page)
        everything = case_board.count(connection, asked, now=desk.clock())
    assert page or everything == len(found)
    return [one.number for one in found]


def test_what_is_due_soonest_comes_first_and_what_has_no_clock_last(desk: Desk) -> None:
    late = desk.open().number
    desk.clock.move(days=2)
    soon = desk.open().number
    urgent = desk.open(answers={"urgent": "yes"}).number
    waiting = desk.open()
    desk.move(waiting, "needs_papers")
    assert numbers(desk, Asked()) == [urgent, late, soon, waiting.number]
    assert numbers(desk, Asked(), limit=2, offset=1) == [late, soon]
    assert numbers(desk, Asked(due="paused")) == numbers(desk, Asked(due="none")) == [waiting.number]


def test_due_filters_are_china_s_days(desk: Desk) -> None:
    first = desk.open().number  # due on the 30th at 18:00
    for day, found in (
        ("2026-11-23 10:00", {"week": []}),
        ("2026-11-24 00:00", {"week": [first], "today": []}),
        ("2026-11-30 00:00", {"today": [first], "week": [first], "overdue": []}),
        ("2026-11-30 18:00", {"today": [first], "overdue": []}),
        ("2026-11-30 18:01", {"today": [], "overdue": [first]}),
    ):
        desk.clock.now = china(day)
        assert {name: numbers(desk, Asked(due=name)) for name in found} == found, day
    desk.do(lambda connection: list(promises.missed(connection, desk.clock())))
    assert numbers(desk, Asked(due="overdue")) == [first]  # a missed promise stays overdue until it is kept


def test_cases_are_found_by_owner_product_step_number_and_policy(desk: Desk) -> None:
    mine, nobodys = desk.open(), desk.open()
    desk.do(lambda connection: cases.assign(connection, desk.keys, mine.number, "li", actor=MANAGER, now=desk.clock()))
    moved = desk.open()
    desk.move(moved, "reviewed")
    product, service = mine.product, mine.service
    assert numbers(desk, Asked(owner="li")) == [mine.number]
    assert numbers(desk, Asked(owner=case_board.NOBODY)) == [nobodys.number, moved.number]
    assert numbers(desk, Asked(stands=[(product, service, "reviewed")])) == [moved.number]
    assert numbers(desk, Asked(beside=[(product, service, "reviewed")])) == [mine.number, nobodys.number]
    assert numbers(desk, Asked(stands=[])) == []
    assert numbers(desk, Asked(product="junlong-zhenai-21")) == numbers(desk, Asked(products=())) == []
    assert numbers(desk, Asked(number=moved.number, policy_id=desk.policy_id)) == [moved.number]
    assert len(numbers(desk, Asked(contact_id=desk.contact_id))) == 3
    assert numbers(desk, Asked(contact_id=desk.contact_id + 1)) == []
    with desk.store.reading() as connection:
        counts = case_board.counts_by_step(connection, Asked(), now=desk.clock())
        assert counts == {(product, service, "submitted"): 2, (product, service, "reviewed"): 1}
        assert case_board.owners(connection) == ["li"]


def test_closed_cases_are_a_list_of_their_own_the_latest_first(desk: Desk) -> None:
    ended = [desk.open() for _ in range(3)]
    for case in ended:
        desk.clock.move(minutes=1)
        desk.move(case, "refused")
    assert numbers(desk, Asked()) == []
    assert numbers(desk, Asked(is_open=False)) == [case.number for case in reversed(ended)]


def test_papers_that_nobody_has_judged_are_counted(desk: Desk) -> None:
    case = desk.open()
    row = {"contact_id": desk.contact_id, "case_id": case.id, "state": "kept", "received_at": desk.clock()}
    for file in ("a" * 32, "b" * 32):
        desk.do(lambda connection, file=file: connection.execute(insert(tables.materials).values(**row, file=file)))

    def unseen() -> int:
        with desk.store.reading() as connection:
            return case_board.listed(connection, Asked(), now=desk.clock())[0].unseen

    assert unseen() == 2
    [paper, _] = desk.do(lambda connection: media.all_of_case(connection, case.id))
    told = {"actor": MANAGER, "now": desk.clock()}
    desk.do(lambda connection: material_reviews.judge(connection, desk.keys, paper, "accepted", **told))
    assert unseen() == 1
    desk.do(lambda connection: material_reviews.judge(connection, desk.keys, paper, "refused", reason="缺页", **told))
    assert unseen() == 1
    with desk.store.reading() as connection:
        assert len(list(connection.scalars(select(tables.materials.c.id)))) == 2
