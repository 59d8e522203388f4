"""Who may act on which policy."""

import threading

from bot.keys import KeyRing
from bot.store.store import Store
from care import bindings
from tests.care import people
from tests.clocks import FixedClock


def test_a_person_may_act_on_several_policies_and_several_people_on_one(
    store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def work(connection):
        father, mother = (people.contact(connection, keys, name, clock()) for name in ("甲测试", "乙测试"))
        first, second = (people.policy(connection, keys, number, clock()) for number in ("P1", "P2"))
        for who, what in ((father, first), (father, second), (mother, first)):
            assert bindings.bind(connection, contact_id=who, policy_id=what, now=clock())
        assert [one.policy_id for one in bindings.of_contact(connection, father)] == [first, second]
        assert bindings.contacts_of_policy(connection, first) == [father, mother]
        assert bindings.is_bound(connection, contact_id=mother, policy_id=first)
        assert not bindings.is_bound(connection, contact_id=mother, policy_id=second)

    store.write(work)


def test_a_binding_that_ended_can_be_made_again_and_both_stay_on_record(
    store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def work(connection):
        who, what = people.contact(connection, keys, "甲测试", clock()), people.policy(connection, keys, "P1", clock())
        by = {"contact_id": who, "policy_id": what}
        assert bindings.bind(connection, **by, now=clock())
        assert not bindings.bind(connection, **by, now=clock())
        assert bindings.end(connection, **by, now=clock())
        assert not bindings.end(connection, **by, now=clock())
        assert bindings.of_contact(connection, who) == []
        clock.move(days=1)
        assert bindings.bind(connection, **by, now=clock())
        assert [one.bound_at for one in bindings.of_contact(connection, who)] == [clock()]
        assert bindings.end_all(connection, contact_id=who, now=clock()) == 1
        ended = connection.execute(bindings.bindings.select()).all()
        assert [row.ended_at is None for row in ended] == [False, False]

    store.write(work)


def test_two_that_bind_the_same_at_once_make_one_binding(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    who = store.write(lambda connection: people.contact(connection, keys, "甲测试", clock()))
    what = store.write(lambda connection: people.policy(connection, keys, "P1", clock()))
    made = []

    def bind() -> None:
        made.append(store.write(lambda c: bindings.bind(c, contact_id=who, policy_id=what, now=clock())))

    threads = [threading.Thread(target=bind) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(made) == [False, False, False, True]
