"""What WeChat tells by unionid joins contacts, and undoes no parting; whom to ask for."""

import threading
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, select, update

from bot import store as store_package
from bot.keys import KeyRing
from bot.store.people import introduce, platform_ids
from bot.store.schema import contacts, conversations
from bot.store.store import Store, open_store
from care import audit, joins, unionids
from care.forgetting import forget_person
from care.join_tables import joins as joined
from care.join_tables import unionids as table
from tests.clocks import FixedClock
from tests.conftest import DATABASES

LATELY = timedelta(hours=48)


def _contact(connection: Connection, keys: KeyRing, account: str, clock: FixedClock, name: str = "甲") -> int:
    introduce(connection, keys, account=account, platform_id=name, now=clock())
    index = keys.blind_index(account, name)
    return int(connection.scalar(select(contacts.c.id).where(contacts.c.blind_index == index)) or 0)


def _three(connection: Connection, keys: KeyRing, clock: FixedClock) -> tuple[int, int, int]:
    one, two, three = (_contact(connection, keys, account, clock) for account in ("official", "service", "other"))
    return one, two, three


def _writes(connection: Connection, contact_id: int, clock: FixedClock) -> None:
    mine = conversations.c.contact_id == contact_id
    connection.execute(update(conversations).where(mine).values(updated_at=clock()))


def _told(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def test_contacts_of_different_channels_with_the_same_unionid_are_one_person(
    store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def work(connection: Connection) -> None:
        one, two, three = _three(connection, keys, clock)
        assert not unionids.note(connection, keys, one, "o-union-1", now=clock())
        assert not unionids.note(connection, keys, three, "o-union-2", now=clock())
        assert unionids.note(connection, keys, two, "o-union-1", now=clock())
        assert joins.contacts_of(connection, one) == (one, two)
        [joined] = audit.entries(connection, keys, subject=f"contact:{one}", limit=9)
        assert (joined.action, joined.detail["ground"]) == ("contacts joined", "platform")
        assert b"o-union-1" not in b"".join(connection.scalars(select(table.c.identity_index)))

    store.write(work)


def test_who_was_taken_apart_is_not_joined_when_the_unionid_is_told_again(
    store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def work(connection: Connection) -> None:
        one, two, _ = _three(connection, keys, clock)
        for each in (one, two):
            unionids.note(connection, keys, each, "o-union-1", now=clock())
        joins.separate(connection, keys, two, now=clock())
        for each in (one, two):
            assert not unionids.note(connection, keys, each, "o-union-1", now=clock())
        assert joins.contacts_of(connection, one) == (one,)

    store.write(work)


def test_who_was_taken_apart_before_any_unionid_was_known_stays_apart(
    store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def work(connection: Connection) -> None:
        one, two, _ = _three(connection, keys, clock)
        joins.join(connection, keys, one, two, ground="code", now=clock())
        joins.separate(connection, keys, one, now=clock())
        for each in (one, two):
            assert not unionids.note(connection, keys, each, "o-union-1", now=clock())
        assert joins.contacts_of(connection, one) == (one,)
        assert joins.join(connection, keys, one, two, ground="code", now=clock())  # the person's own word does

    store.write(work)


def test_a_parting_is_not_undone_through_a_third_channel(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection: Connection) -> None:
        one, two, three = _three(connection, keys, clock)
        for each in (one, two):
            unionids.note(connection, keys, each, "o-union-1", now=clock())
        joins.separate(connection, keys, one, now=clock())
        assert unionids.note(connection, keys, three, "o-union-1", now=clock())
        assert joins.contacts_of(connection, three) == (three, one)
        assert joins.contacts_of(connection, two) == (two,)

    store.write(work)


def test_merging_persons_is_no_parting(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection: Connection) -> None:
        one, two, three = _three(connection, keys, clock)
        joins.join(connection, keys, one, two, ground="code", now=clock())
        unionids.note(connection, keys, two, "o-union-1", now=clock())
        assert unionids.note(connection, keys, three, "o-union-1", now=clock())
        assert set(joins.contacts_of(connection, three)) == {one, two, three}

    store.write(work)


def test_deleting_a_person_forgets_the_unionid_in_every_channel(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection: Connection) -> None:
        one, two, _ = _three(connection, keys, clock)
        for each in (one, two):
            unionids.note(connection, keys, each, "o-union-1", now=clock())
        forget_person(connection, keys, one, now=clock())
        assert _told(connection) == 0
        assert not unionids.note(connection, keys, two, "o-union-1", now=clock())  # an answer that came too late
        unionids.note_none(connection, [one], now=clock())
        assert _told(connection) == 0
        assert platform_ids(connection, keys, [one, two]) == {}
        assert unionids.heard_since(connection, "official", since=clock() - LATELY, now=clock(), limit=9) == []
        assert unionids.never_asked(connection, "official", after=0, limit=9) == []
        assert _contact(connection, keys, "official", clock) == one  # they come back, as somebody new
        assert unionids.never_asked(connection, "official", after=0, limit=9) == [one]

    store.write(work)


def test_asked_for_are_those_of_whom_nothing_is_known(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection: Connection) -> None:
        one, *others = (_contact(connection, keys, "official", clock, name) for name in "甲乙丙")
        _contact(connection, keys, "service", clock)
        assert platform_ids(connection, keys, [one, others[0]]) == {one: "甲", others[0]: "乙"}
        assert unionids.never_asked(connection, "official", after=0, limit=2) == [one, others[0]]
        assert unionids.never_asked(connection, "official", after=one, limit=9) == others
        clock.move(hours=49)
        _writes(connection, others[0], clock)
        since = clock() - LATELY
        assert unionids.heard_since(connection, "official", since=since, now=clock(), limit=9) == [others[0]]
        unionids.note(connection, keys, one, "o-union-1", now=clock())
        unionids.note_none(connection, [others[0]], now=clock())
        assert unionids.never_asked(connection, "official", after=0, limit=9) == [others[1]]
        assert unionids.heard_since(connection, "official", since=since, now=clock(), limit=9) == []

    store.write(work)


def test_who_had_no_unionid_is_asked_for_again_after_a_day_once_they_have_written(
    store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def late(connection: Connection) -> list[int]:
        return unionids.heard_since(connection, "official", since=clock() - LATELY, now=clock(), limit=9)

    def work(connection: Connection) -> None:
        one, *_ = _three(connection, keys, clock)
        unionids.note_none(connection, [one], now=clock())
        clock.move(hours=23)
        _writes(connection, one, clock)
        assert late(connection) == []
        clock.move(hours=1)
        assert late(connection) == [one]
        unionids.note_none(connection, [one], now=clock())
        clock.move(hours=25)
        assert late(connection) == []
        assert not unionids.has_any(connection, "official")
        unionids.note(connection, keys, one, "o-union-1", now=clock())
        assert unionids.has_any(connection, "official")
        assert not unionids.has_any(connection, "service")

    store.write(work)


def test_two_that_are_noted_at_the_same_moment_are_joined(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    both_are_here = threading.Barrier(2)

    def note(contact: int, unionid: str) -> None:
        both_are_here.wait(5)
        store.write(lambda connection: unionids.note(connection, keys, contact, unionid, now=clock()))

    def pair(connection: Connection, number: int) -> tuple[int, int]:
        one, two = (_contact(connection, keys, account, clock, f"甲{number}") for account in ("official", "service"))
        return one, two

    for number in range(6):
        one, two = store.write(partial(pair, number=number))
        threads = [threading.Thread(target=note, args=(contact, f"o-union-{number}")) for contact in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        with store.reading() as connection:
            assert joins.contacts_of(connection, one) == (one, two)


@pytest.mark.parametrize("empty_database_url", DATABASES, indirect=True)
def test_partings_from_before_unionids_count(empty_database_url: str, keys: KeyRing, clock: FixedClock) -> None:
    store = open_store(empty_database_url, keys)

    def before(connection: Connection) -> None:
        one, two, three = _three(connection, keys, clock)
        joins.join(connection, keys, one, two, ground="code", now=clock())
        clock.move(minutes=1)
        joins.join(connection, keys, one, three, ground="code", now=clock())  # ends the rows before, and parts nobody
        clock.move(minutes=1)
        joins.separate(connection, keys, two, now=clock())
        config = Config()
        config.set_main_option("script_location", str(Path(store_package.__file__).parent.parent / "migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, "0017")
        command.upgrade(config, "head")

    store.write(before)
    with store.reading() as connection:
        parted = connection.execute(select(joined.c.contact_id).where(joined.c.parted)).scalars().all()
    assert parted == [2]
    store.close()
