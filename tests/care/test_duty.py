"""Who should answer whom: skill, load, capacity, duty; red flags before all."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from care.duty import Colleague, Waiting, assigned

NOON = datetime(2026, 9, 30, 4, tzinfo=UTC)
PRODUCTS = ("a", "b")


def colleague(id: int, *, products: set[str] | None = None, capacity: int = 3, load: int = 0, on: bool = True):
    known = None if products is None else frozenset(products)
    return Colleague(id=id, is_on_duty=on, products=known, capacity=capacity, load=load)


def waiting(id: int, *, product: str | None = None, minutes: int = 0, red: bool = False, refused: tuple[int, ...] = ()):
    asked_at = NOON - timedelta(minutes=minutes)
    return Waiting(hand_over_id=id, asked_at=asked_at, product=product, is_red=red, refused=frozenset(refused))


def pairs(*arguments):
    return [(one.hand_over_id, one.staff_id) for one in assigned(*arguments)]


def test_the_longest_wait_goes_first_and_red_flags_before_it() -> None:
    wait = [waiting(1, minutes=5), waiting(2, minutes=9), waiting(3, red=True)]
    assert pairs(wait, [colleague(1, capacity=2)]) == [(3, 1), (2, 1)]


def test_each_goes_to_who_knows_the_product_and_has_most_room() -> None:
    staff = [colleague(1, products={"a"}), colleague(2, load=2), colleague(3, products={"b"}, load=1)]
    assert pairs([waiting(1, product="a"), waiting(2, product="b"), waiting(3)], staff) == [(1, 1), (2, 3), (3, 1)]


def test_who_is_off_duty_or_full_gets_nothing() -> None:
    assert pairs([waiting(1)], [colleague(1, on=False), colleague(2, load=3), colleague(3, capacity=0)]) == []


def test_danger_goes_to_somebody_on_duty_though_all_are_full_or_know_other_products() -> None:
    staff = [colleague(1, on=False), colleague(2, products={"a"}, load=3)]
    assert pairs([waiting(1, product="b", red=True)], staff) == [(1, 2)]


def test_what_somebody_did_not_take_is_offered_to_another() -> None:
    staff = [colleague(1), colleague(2, load=2)]
    assert pairs([waiting(1, refused=(1,))], staff) == [(1, 2)]
    assert pairs([waiting(1, refused=(1, 2))], staff) == []


colleagues = st.builds(
    colleague,
    st.integers(1, 6),
    products=st.none() | st.sets(st.sampled_from(PRODUCTS)),
    capacity=st.integers(0, 4),
    load=st.integers(0, 4),
    on=st.booleans(),
)
waits = st.builds(
    waiting,
    st.integers(1, 9),
    product=st.none() | st.sampled_from(PRODUCTS),
    minutes=st.integers(0, 60),
    red=st.booleans(),
)


@given(st.lists(waits, unique_by=lambda one: one.hand_over_id), st.lists(colleagues, unique_by=lambda one: one.id))
def test_nobody_off_duty_is_chosen_no_limit_broken_and_nobody_left_who_could_be_served(
    wait: list[Waiting], staff: list[Colleague]
) -> None:
    made = {one.hand_over_id: one.staff_id for one in assigned(wait, staff)}
    by_id = {one.id: one for one in staff}
    calm = {one.hand_over_id: one for one in wait if not one.is_red}
    for hand_over_id, staff_id in made.items():
        assert by_id[staff_id].is_on_duty
        if hand_over_id in calm:
            assert by_id[staff_id].knows(calm[hand_over_id].product)
    loads = {one.id: one.load + list(made.values()).count(one.id) for one in staff}
    for one in staff:
        calm_ones = [id for id, staff_id in made.items() if staff_id == one.id and id in calm]
        assert not calm_ones or loads[one.id] <= max(one.capacity, one.load) + sum(
            made.get(id) == one.id for id in made if id not in calm
        )
    for one in wait:
        if one.hand_over_id not in made:
            able = [who for who in staff if who.is_on_duty and (one.is_red or who.knows(one.product))]
            assert all(loads[who.id] >= who.capacity for who in able)
            assert not (one.is_red and able)
