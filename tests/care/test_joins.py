"""One person in several channels: what is joined, on what ground, and taken apart again."""

from sqlalchemy import Connection, select

from bot.keys import KeyRing
from bot.store.people import introduce
from bot.store.schema import contacts
from bot.store.store import Store
from care import audit, bindings, consents, join_offers, joins, reminders
from care.consents import ConsentKind
from care.forgetting import forget_person
from care.join_tables import joins as table
from tests.care import people
from tests.clocks import FixedClock


def _contact(connection: Connection, keys: KeyRing, account: str, name: str, clock: FixedClock) -> int:
    introduce(connection, keys, account=account, platform_id=name, now=clock())
    index = keys.blind_index(account, name)
    return int(connection.scalar(select(contacts.c.id).where(contacts.c.blind_index == index)) or 0)


def _three(connection: Connection, keys: KeyRing, clock: FixedClock) -> tuple[int, int, int]:
    one, two, three = (_contact(connection, keys, account, "甲", clock) for account in ("official", "service", "app"))
    return one, two, three


def test_joined_contacts_are_one_person_until_one_leaves(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection: Connection) -> None:
        one, two, three = _three(connection, keys, clock)
        assert joins.contacts_of(connection, one) == (one,)
        assert joins.join(connection, keys, one, two, ground="code", now=clock())
        assert not joins.join(connection, keys, two, one, ground="code", now=clock())
        assert joins.join(connection, keys, three, two, ground="code", now=clock())
        assert joins.contacts_of(connection, two) == (two, one, three)
        assert joins.one_each(connection, [three, one]) == [three]
        assert joins.separate(connection, keys, one, now=clock()) == (two, three)
        assert joins.contacts_of(connection, one) == (one,)
        assert joins.contacts_of(connection, two) == (two, three)
        assert joins.one_each(connection, [three, one, two]) == [three, one]
        assert joins.separate(connection, keys, three, now=clock()) == (two,)
        assert joins.contacts_of(connection, two) == (two,)
        assert joins.separate(connection, keys, two, now=clock()) == ()
        assert joins.join(connection, keys, one, three, ground="code", now=clock())
        assert joins.contacts_of(connection, two) == (two,)

    store.write(work)


def test_joining_and_separating_stay_on_record(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection: Connection) -> None:
        one, two, _ = _three(connection, keys, clock)
        joins.join(connection, keys, one, two, ground="code", now=clock())
        joins.separate(connection, keys, two, now=clock())
        rows = connection.execute(select(table)).all()
        assert [(row.contact_id, row.ended_at is None) for row in rows] == [(one, False), (two, False)]
        told = [entry.action for entry in audit.entries(connection, keys, subject=f"contact:{two}", limit=9)]
        assert sorted(told) == ["contacts joined", "contacts separated"]

    store.write(work)


def test_what_the_person_has_counts_in_both_and_only_at_home_after_parting(
    store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def work(connection: Connection) -> None:
        one, two, _ = _three(connection, keys, clock)
        policy = people.policy(connection, keys, "P1", clock())
        bindings.bind(connection, contact_id=one, policy_id=policy, now=clock())
        consents.give(connection, contact_id=one, kind=ConsentKind.PERSONAL, version=2, now=clock())
        reminders.opt_out(connection, contact_id=one, kind="vaccination", now=clock())
        joins.join(connection, keys, one, two, ground="code", now=clock())
        assert bindings.is_bound(connection, contact_id=two, policy_id=policy)
        assert consents.standing(connection, two) == {ConsentKind.PERSONAL: 2}
        assert reminders.has_opted_out(connection, contact_id=two, kind="vaccination")
        bindings.bind(connection, contact_id=two, policy_id=policy, now=clock())
        assert [each.policy_id for each in bindings.of_contact(connection, two)] == [policy]
        joins.separate(connection, keys, two, now=clock())
        assert bindings.is_bound(connection, contact_id=two, policy_id=policy)  # verified there, too
        assert consents.standing(connection, two) == {}
        assert not reminders.has_opted_out(connection, contact_id=two, kind="vaccination")

    store.write(work)


def test_what_is_taken_back_in_one_channel_is_taken_back_in_all(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection: Connection) -> None:
        one, two, _ = _three(connection, keys, clock)
        policy = people.policy(connection, keys, "P1", clock())
        for each in (one, two):
            bindings.bind(connection, contact_id=each, policy_id=policy, now=clock())
            consents.give(connection, contact_id=each, kind=ConsentKind.PERSONAL, version=2, now=clock())
        joins.join(connection, keys, one, two, ground="code", now=clock())
        assert consents.withdraw(connection, contact_id=two, kind=ConsentKind.PERSONAL, now=clock())
        assert bindings.end(connection, contact_id=two, policy_id=policy, now=clock())
        joins.separate(connection, keys, two, now=clock())
        assert consents.standing(connection, one) == {}
        assert not bindings.is_bound(connection, contact_id=one, policy_id=policy)

    store.write(work)


def test_a_code_joins_who_verified_the_same_policy_and_nobody_else(
    store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def work(connection: Connection) -> None:
        one, two, stranger = _three(connection, keys, clock)
        policy = people.policy(connection, keys, "P1", clock())
        for each in (one, two):
            bindings.bind(connection, contact_id=each, policy_id=policy, now=clock())
        join_offers.offer(connection, keys, one, "123456", now=clock())
        assert join_offers.candidates(connection, stranger, account="app") == []
        among = join_offers.candidates(connection, two, account="service")
        assert [(each.contact_id, each.account) for each in among] == [(one, "official")]
        assert join_offers.offered_by(connection, keys, among, "654321", now=clock()) is None
        found = join_offers.offered_by(connection, keys, among, "123456", now=clock())
        assert found is not None
        assert join_offers.take(connection, keys, found, "123456", now=clock())
        assert not join_offers.take(connection, keys, found, "123456", now=clock())

    store.write(work)


def test_a_code_is_void_after_a_day_and_after_five_wrong_ones(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection: Connection) -> None:
        one, two, _ = _three(connection, keys, clock)
        policy = people.policy(connection, keys, "P1", clock())
        for each in (one, two):
            bindings.bind(connection, contact_id=each, policy_id=policy, now=clock())
        among = join_offers.candidates(connection, two, account="service")
        join_offers.offer(connection, keys, one, "123456", now=clock())
        for _ in range(join_offers.MOST_MISSES):
            assert join_offers.offered_by(connection, keys, among, "123456", now=clock()) is not None
            join_offers.missed(connection, among, now=clock())
        assert join_offers.offered_by(connection, keys, among, "123456", now=clock()) is None
        join_offers.offer(connection, keys, one, "222222", now=clock())
        clock.move(hours=24)
        assert join_offers.offered_by(connection, keys, among, "222222", now=clock()) is None

    store.write(work)


def test_the_platforms_word_joins_once_and_not_again_after_parting(
    store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def work(connection: Connection) -> None:
        one, two, three = _three(connection, keys, clock)
        assert not joins.note_identity(connection, keys, one, "corp|wm1", now=clock())
        assert not joins.note_identity(connection, keys, three, "corp|wm2", now=clock())
        assert joins.note_identity(connection, keys, two, "corp|wm1", now=clock())
        assert joins.contacts_of(connection, one) == (one, two)
        joins.separate(connection, keys, one, now=clock())
        assert joins.is_identity_known(connection, one)
        assert not joins.note_identity(connection, keys, one, "corp|wm1", now=clock())
        assert joins.contacts_of(connection, one) == (one,)

    store.write(work)


def test_forgetting_deletes_a_person_in_every_channel(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection: Connection) -> None:
        one, two, other = _three(connection, keys, clock)
        policy = people.policy(connection, keys, "P1", clock())
        for each in (one, two, other):
            bindings.bind(connection, contact_id=each, policy_id=policy, now=clock())
        joins.join(connection, keys, one, two, ground="code", now=clock())
        forgotten = forget_person(connection, keys, two, now=clock())
        assert (forgotten.bindings, forgotten.channels) == (2, 2)
        assert joins.contacts_of(connection, one) == (one,)
        assert bindings.contacts_of_policy(connection, policy) == [other]
        left = join_offers.candidates(connection, other, account="app")
        assert left == []

    store.write(work)
