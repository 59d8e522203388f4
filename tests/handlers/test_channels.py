"""Whom the platform takes a contact for: a customer of several service points is one person by its word."""

from bot.messages import Outcome, Reply, Turn
from bot.store.store import Store
from care import joins
from handlers.channels import Channels
from tests.bot.workplace import Workplace
from tests.clocks import FixedClock

_POINTS = Channels(
    names={"demo": "健康服务", "app": "保险应用"},
    identities={"demo": lambda contact: f"corp|{contact.partition('@')[0]}"},
)


def _noted(store: Store, clock: FixedClock, *, channels: Channels = _POINTS) -> Workplace:
    def answer(turn: Turn) -> Outcome:
        return Outcome(replies=(Reply(text="好"),), effects=channels.noting(store, turn))

    return Workplace(store, clock, answer)


def _others(store: Store, contact_id: int) -> tuple[int, ...]:
    with store.reading() as connection:
        return joins.others_of(connection, contact_id)


def test_a_customer_at_two_service_points_is_one_person_from_the_first_message(store: Store, clock: FixedClock) -> None:
    place = _noted(store, clock)
    for number, contact in enumerate(("wm-1", "wm-2", "wm-1@wk-2"), start=1):
        assert place.say(key=f"k{number}", contact=contact) == "好"
    assert _others(store, 1) == (3,)
    assert _others(store, 2) == ()


def test_who_parted_them_is_not_joined_again_by_the_next_message(store: Store, clock: FixedClock) -> None:
    place = _noted(store, clock)
    for number, contact in enumerate(("wm-1", "wm-1@wk-2"), start=1):
        place.say(key=f"k{number}", contact=contact)
    store.write(lambda connection: joins.separate(connection, store.keys, 2, now=clock()))
    place.say(key="k3", contact="wm-1@wk-2")
    assert _others(store, 1) == ()


def test_an_account_whose_platform_tells_nothing_joins_nobody(store: Store, clock: FixedClock) -> None:
    place = _noted(store, clock, channels=Channels(names={"demo": "健康服务"}))
    for number, contact in enumerate(("wm-1", "wm-1@wk-2"), start=1):
        place.say(key=f"k{number}", contact=contact)
    assert _others(store, 1) == ()


def test_accounts_are_named_as_people_know_them() -> None:
    assert _POINTS.named(["demo", "app", "demo"]) == "健康服务”“保险应用"
    assert _POINTS.named(["closed"]) == "另一个渠道"
