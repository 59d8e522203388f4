"""Uses: held at opening, spent or given back by the handbook's rule, counted by person, kind and period."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.store import Store
from care import uses
from care.case_records import Case
from care.cases import consequence
from care.uses import HOLDER, NoUseLeft, counter_of
from tests.care.desk import CALENDAR, Desk, china
from tests.care.rules_made_up import Cancelling, Eligibility, Flow, LeadTime, Step, UseRule
from tests.clocks import FixedClock

YEAR = "2026-01-01"


@pytest.fixture
def desk(store: Store, clock: FixedClock) -> Desk:
    clock.now = china("2026-11-23 10:00")
    return Desk(store, clock)


def counting(desk: Desk, *rules: UseRule, cancelling: Cancelling | None = None) -> Desk:
    desk.flow = Flow(
        steps=desk.flow.steps,
        eligibility=Eligibility(uses=rules),
        cancelling=cancelling or desk.flow.cancelling,
    )
    return desk


def left(desk: Desk, person: str, *, count: int = 1, counter: str = "", period: str = YEAR) -> int:
    with desk.store.reading() as connection:
        return uses.uses_left(connection, desk.policy_id, person, desk.flow.service, counter, period, count)


def test_a_use_is_held_from_the_opening_on(desk: Desk) -> None:
    child = str(desk.children[0])
    assert left(desk, child) == 1
    case = desk.open()
    assert desk.use_states(case) == ["held"]
    assert left(desk, child) == 0


def test_siblings_and_the_next_policy_year_have_uses_of_their_own(desk: Desk) -> None:
    first, second = desk.children
    desk.open(insured_id=first)
    desk.open(insured_id=second)
    desk.open(insured_id=first, policy_year=date(2027, 1, 1))
    with pytest.raises(NoUseLeft):
        desk.open(insured_id=first)
    with desk.store.reading() as connection:
        taken = uses.taken(connection, desk.policy_id, str(first), desk.flow.service)
    assert taken == {("", YEAR): 1, ("", "2027-01-01"): 1}


def test_a_count_for_the_contract_goes_through_the_years(desk: Desk) -> None:
    counting(desk, UseRule(count=1, per="contract"))
    desk.open()
    assert left(desk, str(desk.children[0]), period="contract") == 0
    with pytest.raises(NoUseLeft) as raised:
        desk.open(policy_year=date(2027, 1, 1))
    assert raised.value.period == "contract"
    assert raised.value.rule.count == 1


def test_the_holder_counts_once_also_as_an_insured(desk: Desk) -> None:
    own = desk.insure("holder", "self")
    desk.open(insured_id=None)
    with pytest.raises(NoUseLeft):
        desk.open(insured_id=own)
    with desk.store.reading() as connection:
        assert uses.person_of(connection, own) == uses.person_of(connection, None) == HOLDER
        assert uses.person_of(connection, desk.children[0]) == str(desk.children[0])


def test_a_count_that_holds_for_one_kind_only_leaves_the_others_free(desk: Desk) -> None:
    purchase = UseRule(count=1, when={"kind": ("purchase",)})
    counting(desk, purchase)
    assert [desk.use_states(desk.open(answers={"kind": "consultation"})) for _ in range(3)] == [[], [], []]
    assert desk.use_states(desk.open(answers={"kind": "purchase"})) == ["held"]
    with pytest.raises(NoUseLeft):
        desk.open(answers={"kind": "purchase"})
    assert left(desk, str(desk.children[0]), counter="kind=purchase") == 0


def test_two_counts_are_held_together_or_not_at_all(desk: Desk) -> None:
    counting(desk, UseRule(count=3), UseRule(count=1, per="contract"))
    desk.open()
    with pytest.raises(NoUseLeft):
        desk.open()
    assert left(desk, str(desk.children[0]), count=3) == 2


def test_a_use_given_back_can_be_taken_again(desk: Desk) -> None:
    first = desk.open()
    desk.move(first, "refused")
    assert desk.use_states(first) == ["released"]
    assert desk.use_states(desk.open()) == ["held"]


def test_a_use_is_spent_on_the_step_the_flow_names_and_stays_spent(desk: Desk) -> None:
    case = desk.open()
    for step, states in [("reviewed", "held"), ("signed", "held"), ("advanced", "spent"), ("settled", "spent")]:
        desk.move(case, step)
        assert desk.use_states(case) == [states], step


def test_a_service_done_spends_and_a_refusal_releases_where_the_flow_says_nothing(desk: Desk) -> None:
    desk.flow = Flow(
        steps=(Step("asked", next=("done", "refused")), Step("done", ends="done"), Step("refused", ends="refused")),
        eligibility=Eligibility(uses=(UseRule(count=2),)),
    )
    done, refused = desk.open(), desk.open()
    desk.move(done, "done")
    desk.move(refused, "refused")
    assert desk.use_states(done) == ["spent"]
    assert desk.use_states(refused) == ["released"]


def told(desk: Desk, case: Case) -> str | None:
    with desk.store.reading() as connection:
        return consequence(connection, desk.flow, case, now=desk.clock(), calendar=CALENDAR)


@pytest.mark.parametrize(
    ("rule", "steps", "use"),
    [
        (Cancelling(use="released"), [], "released"),
        (Cancelling(use="released"), ["reviewed", "signed"], "released"),
        (Cancelling(use="spent"), [], "spent"),
        (Cancelling(use="spent", since="signed"), [], "released"),
        (Cancelling(use="spent", since="signed"), ["reviewed"], "released"),
        (Cancelling(use="spent", since="signed"), ["needs_papers"], "released"),
        (Cancelling(use="spent", since="signed"), ["reviewed", "signed"], "spent"),
        (Cancelling(use="spent", since="submitted"), [], "spent"),
        (Cancelling(use="spent", since="needs_papers"), ["needs_papers", "submitted"], "spent"),
    ],
)
def test_cancelling_spends_or_releases_by_the_rule(desk: Desk, rule: Cancelling, steps: list[str], use: str) -> None:
    counting(desk, UseRule(), cancelling=rule)
    case = desk.open()
    for step in steps:
        case = desk.move(case, step).case
    assert told(desk, case) == use
    withdrawn = desk.cancel(case)
    assert withdrawn.use == use
    assert desk.use_states(case) == [use]
    assert (withdrawn.case.step, withdrawn.case.is_open) == ("cancelled", False)


def test_what_was_spent_does_not_come_back_by_cancelling(desk: Desk) -> None:
    counting(desk, UseRule(), cancelling=Cancelling(use="released"))
    case = desk.open()
    for step in ("reviewed", "signed", "advanced"):
        case = desk.move(case, step).case
    assert told(desk, case) == "spent"
    assert desk.cancel(case).use == "spent"
    assert desk.use_states(case) == ["spent"]


def test_cancelling_where_nothing_is_counted_has_no_consequence(desk: Desk) -> None:
    case = counting(desk).open()
    assert told(desk, case) is None
    assert desk.cancel(case).use is None


@pytest.mark.parametrize(
    ("now", "use"),
    [
        ("2026-11-27 15:59", "released"),
        ("2026-11-27 16:00", "released"),
        ("2026-11-27 16:01", "spent"),
        ("2026-11-28 10:00", "spent"),
    ],
)
def test_cancelling_early_enough_before_the_planned_day_is_free(
    desk: Desk, clock: FixedClock, now: str, use: str
) -> None:
    lead_time = LeadTime(slot="planned_on", working_days=1, by="16:00")
    counting(desk, UseRule(), cancelling=Cancelling(use="spent", lead_time=lead_time))
    case = desk.open(answers={"planned_on": "2026-11-30"})
    clock.now = china(now)
    assert told(desk, case) == use


def test_the_free_time_to_cancel_needs_a_planned_day(desk: Desk) -> None:
    counting(desk, UseRule(), cancelling=Cancelling(use="spent", lead_time=LeadTime(slot="planned_on")))
    assert told(desk, desk.open()) == "spent"


def test_uses_left_never_fall_below_none(desk: Desk) -> None:
    counting(desk, UseRule(count=3))
    for _ in range(3):
        desk.open()
    assert left(desk, str(desk.children[0]), count=1) == 0


def test_a_place_given_back_is_filled_before_a_new_one(desk: Desk) -> None:
    counting(desk, UseRule(count=3))
    first, _ = desk.open(), desk.open()
    desk.move(first, "refused")
    desk.open()
    assert left(desk, str(desk.children[0]), count=3) == 1


whens = st.dictionaries(
    st.from_regex(r"[a-z][a-z_]{0,9}", fullmatch=True),
    st.lists(st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True), min_size=1, max_size=4).map(tuple),
    max_size=5,
)


@given(whens)
def test_a_counter_fits_its_column_whatever_the_order(when: dict[str, tuple[str, ...]]) -> None:
    turned = {slot: values[::-1] for slot, values in reversed(when.items())}
    assert counter_of(UseRule(when=when)) == counter_of(UseRule(when=turned))
    assert len(counter_of(UseRule(when=when))) <= 64
    assert (counter_of(UseRule(when=when)) == "") == (not when)
