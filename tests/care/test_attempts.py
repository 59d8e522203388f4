"""Guessing is slowed: by who guesses and by what is guessed at."""

from datetime import datetime, timedelta

import pytest

from bot.keys import KeyRing
from bot.store.store import Store
from care import attempts
from tests.care import people
from tests.clocks import FixedClock

MINE, THEIRS = b"mine" * 8, b"them" * 8


class Door:
    """One person at the door of verification, with a clock."""

    def __init__(self, connection, keys: KeyRing, clock: FixedClock, name: str = "甲测试") -> None:
        self.connection, self.clock = connection, clock
        self.id = people.contact(connection, keys, name, clock())

    def fail(self, times: int = 1, at: bytes | None = THEIRS, **every: float) -> None:
        for _ in range(times):
            attempts.record(self.connection, contact_id=self.id, policy_index=at, succeeded=False, now=self.clock())
            self.clock.move(**(every or {"minutes": 1}))

    def succeed(self, at: bytes | None) -> None:
        attempts.record(self.connection, contact_id=self.id, policy_index=at, succeeded=True, now=self.clock())

    def lock(self, at: bytes | None = THEIRS) -> attempts.Lock | None:
        return attempts.is_locked(self.connection, contact_id=self.id, policy_index=at, now=self.clock())

    def left(self) -> int:
        return attempts.tries_left(self.connection, contact_id=self.id, now=self.clock())


@pytest.fixture
def at_the_door(store: Store, keys: KeyRing, clock: FixedClock):
    return lambda work: store.write(lambda connection: work(Door(connection, keys, clock)))


def test_the_fifth_failure_locks_a_person_for_a_day(at_the_door, clock: FixedClock) -> None:
    def work(door: Door) -> None:
        door.fail(4)
        assert (door.lock(), door.left()) == (None, 1)
        fifth = clock()
        door.fail()
        assert door.lock() == attempts.Lock(of="contact", until=fifth + timedelta(hours=24))
        assert door.lock(at=MINE) == door.lock()
        assert door.left() == 0
        clock.now = fifth + timedelta(hours=24, microseconds=-1)
        assert door.lock() is not None
        clock.move(microseconds=1)
        assert (door.lock(), door.left()) == (None, 5)

    at_the_door(work)


def test_failures_further_apart_than_a_day_do_not_add_up(at_the_door) -> None:
    def work(door: Door) -> None:
        door.fail(12, at=None, hours=6)
        assert (door.lock(), door.left()) == (None, 2)

    at_the_door(work)


def test_a_success_at_ones_own_policy_does_not_undo_guesses_at_others(at_the_door) -> None:
    def work(door: Door) -> None:
        door.fail(4, at=THEIRS)
        door.succeed(MINE)
        assert door.left() == 1
        door.fail(1, at=THEIRS)
        assert door.lock() is not None

    at_the_door(work)


def test_a_success_undoes_the_typing_errors_before_it(at_the_door) -> None:
    def work(door: Door) -> None:
        door.fail(3, at=MINE)
        door.succeed(MINE)
        assert door.left() == 5

    at_the_door(work)


def test_a_success_with_nothing_looked_for_undoes_nothing(at_the_door) -> None:
    def work(door: Door) -> None:
        door.fail(3, at=None)
        door.succeed(None)
        assert door.left() == 2

    at_the_door(work)


def test_twenty_failures_at_one_policy_lock_it_for_everybody(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection) -> None:
        crowd = [Door(connection, keys, clock, f"测试{number}") for number in range(6)]
        for door in crowd[:5]:
            assert door.lock() is None
            door.fail(4)
        stranger = crowd[5]
        assert stranger.lock().of == "policy"
        assert stranger.lock(at=MINE) is None
        assert stranger.lock(at=None) is None
        clock.move(hours=24)
        assert stranger.lock() is None

    store.write(work)


def test_a_lock_and_what_is_left_agree_at_every_moment(at_the_door, clock: FixedClock) -> None:
    def work(door: Door) -> None:
        for minutes in (1, 700, 600, 100, 30, 9, 600, 1000, 1, 1, 1, 1, 1500, 1440, 1439):
            if door.lock() is None:
                door.fail(minutes=minutes)
            else:
                clock.move(minutes=minutes)
            assert (door.left() == 0) == (door.lock() is not None)

    at_the_door(work)


def test_old_attempts_are_deleted_after_a_month(at_the_door, clock: FixedClock) -> None:
    def work(door: Door) -> None:
        begun: datetime = clock()
        door.fail(2, days=1)
        clock.now = begun + timedelta(days=30, hours=1)
        assert attempts.prune(door.connection, now=clock()) == 1
        assert attempts.prune(door.connection, now=clock()) == 0

    at_the_door(work)
