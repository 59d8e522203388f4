"""The worker in its own threads: wakes at once, sends in parallel, ends in time."""

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from bot.clock import system_clock
from bot.machine import Machine
from bot.messages import Outcome, Reply
from bot.store import inbox
from bot.store.store import Store
from tests.bot.workplace import Counting, message
from tests.fake_channel import FakeChannel


class SlowChannel(FakeChannel):
    """Sends when it is let; tells when a sending has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)
        self.go_on = threading.Event()

    def send(self, contact: str, text: str, *, key: str) -> None:
        self.begun.release()
        self.go_on.wait(10)
        super().send(contact, text, key=key)
        self.ended.release()


@pytest.fixture
def channel() -> SlowChannel:
    return SlowChannel()


@pytest.fixture
def machine(store: Store, channel: SlowChannel) -> Iterator[Machine]:
    three = Outcome(replies=tuple(Reply(text=text) for text in "一二三"))
    made = Machine(store=store, channels={"demo": channel}, handler=lambda turn: three, clock=system_clock)
    yield made
    channel.go_on.set()
    made.stop()


def test_what_a_turn_leaves_is_sent_within_a_second_in_order(machine: Machine, channel: SlowChannel) -> None:
    channel.go_on.set()
    machine.start()
    machine.turns.take(message())
    assert channel.ended.acquire(timeout=5)
    assert channel.ended.acquire(timeout=5)
    assert [said for _, said in channel.sent] == ["二", "三"]


def test_a_slow_sending_does_not_hold_up_other_people(machine: Machine, channel: SlowChannel) -> None:
    machine.start()
    for number in range(3):
        machine.turns.take(message(key=f"{number}", contact=f"o-{number}"))
    for _ in range(3):
        assert channel.begun.acquire(timeout=5)


def test_stopping_finishes_what_is_being_sent_and_claims_nothing_more(machine: Machine, channel: SlowChannel) -> None:
    machine.start()
    machine.turns.take(message())
    assert channel.begun.acquire(timeout=5)
    stopping = threading.Thread(target=machine.worker.stop)
    stopping.start()
    stopping.join(0.5)
    assert stopping.is_alive()  # it waits for what is being sent
    channel.go_on.set()
    stopping.join(8)
    assert not stopping.is_alive()
    assert [said for _, said in channel.sent] == ["二"]


def test_stopping_does_not_wait_for_ever(machine: Machine, channel: SlowChannel) -> None:
    machine.start()
    machine.turns.take(message())
    assert channel.begun.acquire(timeout=5)
    began = time.monotonic()
    machine.worker.stop(within_seconds=0.5)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_stopping_waits_for_a_chore_before_the_database_is_closed(store: Store) -> None:
    begun, go_on, told = threading.Event(), threading.Event(), []

    def chore() -> None:
        begun.set()
        go_on.wait(10)
        with store.reading() as connection:
            told.append(connection.scalar(text("SELECT 1")))

    machine = Machine(store=store, channels={"demo": SlowChannel()}, handler=Counting(), chores=chore)
    machine.start()
    assert begun.wait(5)
    stopping = threading.Thread(target=machine.stop)
    stopping.start()
    stopping.join(0.3)
    go_on.set()
    stopping.join(8)
    assert not stopping.is_alive()
    assert told == [1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_start_takes_up_the_turns_that_the_last_process_left(store: Store) -> None:
    channel = SlowChannel()
    channel.go_on.set()
    store.write(lambda connection: inbox.acknowledge(connection, store.keys, message("问"), now=system_clock()))
    machine = Machine(store=store, channels={"demo": channel}, handler=Counting())
    machine.start()
    assert channel.ended.acquire(timeout=5)
    machine.stop()
    assert channel.sent == [("o-lin", "1 问")]
