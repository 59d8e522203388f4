"""The outbox: at least once, in order, never across a change of hands; the same on both databases."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import ConfigurationFault, GiveUp, RetryLater
from bot.outbox import LEASE
from bot.store import conversations, outbox, people
from bot.store.outbox import Delivery
from tests.bot.workplace import Workplace
from tests.clocks import FixedClock

Make = Callable[..., Workplace]


@pytest.fixture
def met(workplace: Workplace) -> Workplace:
    """A workplace whose conversation 1 (with o-lin) exists."""
    workplace.say(key="hello")
    return workplace


def put(
    workplace: Workplace, text: str, *, conversation_id: int = 1, key: str = "", kind: str = "reply", **due: Any
) -> bool:
    def work(connection: Any) -> bool:
        return outbox.add(
            connection,
            workplace.store.keys,
            conversation_id=conversation_id,
            kind=kind,
            text=text,
            key=key or secrets.token_hex(8),
            now=workplace.clock(),
            **due,
        )

    return bool(workplace.do(work))


def state_of(workplace: Workplace, number: int = 0) -> str:
    return str(workplace.rows("outbox")[number].state)


def test_a_due_message_is_sent_once(met: Workplace) -> None:
    put(met, "您好")
    assert met.outbox.deliver_due() == 1
    assert met.outbox.deliver_due() == 0
    assert met.channel.sent == [("o-lin", "您好")]
    assert state_of(met) == "sent"


def test_the_same_key_is_put_in_once(met: Workplace) -> None:
    assert [put(met, "您好", key="k"), put(met, "您好", key="k")] == [True, False]
    assert met.count("outbox") == 1


def test_a_message_is_not_sent_before_it_is_due(met: Workplace, clock: FixedClock) -> None:
    put(met, "明天见", due_at=clock() + timedelta(hours=1))
    assert met.outbox.deliver_due() == 0
    assert met.outbox.seconds_until_due() == 3600
    clock.move(hours=1)
    assert met.outbox.deliver_due() == 1


def test_a_message_for_tomorrow_does_not_hold_up_one_for_now(met: Workplace, clock: FixedClock) -> None:
    put(met, "明天", due_at=clock() + timedelta(days=1))
    put(met, "现在")
    met.outbox.deliver_due()
    assert met.channel.sent == [("o-lin", "现在")]


def test_a_failed_sending_is_tried_again_later_in_order(met: Workplace, clock: FixedClock) -> None:
    put(met, "一")
    put(met, "二")
    met.channel.failures = [RetryLater("busy", wait_seconds=30)]
    met.outbox.deliver_due()
    assert met.channel.sent == []
    clock.move(seconds=34)
    met.outbox.deliver_due()
    assert [text for _, text in met.channel.sent] == ["一", "二"]


def test_a_failed_sending_of_one_person_does_not_hold_up_another(met: Workplace) -> None:
    met.say(key="b", contact="o-wang")
    put(met, "一", conversation_id=1)
    put(met, "二", conversation_id=2)
    met.channel.failures = [RetryLater("busy", wait_seconds=30)]
    met.outbox.deliver_due()
    assert met.channel.sent == [("o-wang", "二")]


def test_the_key_is_the_same_at_every_try(met: Workplace, clock: FixedClock) -> None:
    put(met, "一", key="stable")
    met.channel.failures = [RetryLater("busy", wait_seconds=1)]
    met.outbox.deliver_due()
    clock.move(seconds=2)
    met.outbox.deliver_due()
    assert met.channel.keys == ["stable"]


def test_what_nobody_takes_is_a_dead_letter_at_once(met: Workplace, clock: FixedClock) -> None:
    put(met, "一")
    met.channel.failures = [GiveUp("45015: outside the window")]
    met.outbox.deliver_due()
    with met.store.reading() as connection:
        [letter] = outbox.dead_letters(connection)
        assert outbox.depths(connection) == {"pending": 0, "claimed": 0, "dead": 1}
    assert (letter.conversation_id, letter.died_at, letter.attempts) == (1, clock(), 1)
    assert "45015" in letter.error


def test_a_dead_letter_can_be_replayed(met: Workplace, clock: FixedClock) -> None:
    put(met, "一")
    met.channel.failures = [GiveUp("45015")]
    met.outbox.deliver_due()
    row_id = met.rows("outbox")[0].id
    assert met.do(lambda connection: outbox.replay(connection, row_id, now=clock()))
    assert not met.do(lambda connection: outbox.replay(connection, row_id, now=clock()))
    met.outbox.deliver_due()
    assert met.channel.sent == [("o-lin", "一")]


def test_after_twelve_tries_a_message_is_dead(met: Workplace, clock: FixedClock) -> None:
    put(met, "一")
    met.channel.failures = [RetryLater("busy") for _ in range(12)]
    for _ in range(12):
        met.outbox.deliver_due()
        clock.move(minutes=15)
    assert state_of(met) == "dead"
    assert met.rows("outbox")[0].attempts == 12
    assert met.channel.failures == []


def test_a_dead_message_lets_the_next_one_pass(met: Workplace) -> None:
    put(met, "一")
    put(met, "二")
    met.channel.failures = [GiveUp("43101")]
    met.outbox.deliver_due()
    assert met.channel.sent == [("o-lin", "二")]


def test_a_fault_of_configuration_is_waited_out(met: Workplace, clock: FixedClock) -> None:
    put(met, "一")
    met.channel.failures = [ConfigurationFault("48001")]
    met.outbox.deliver_due()
    assert state_of(met) == "pending"
    clock.move(minutes=17)
    met.outbox.deliver_due()
    assert state_of(met) == "sent"


def test_a_fault_of_ours_is_tried_again_and_its_text_is_not_kept(met: Workplace) -> None:
    put(met, "一")
    met.channel.failures = [ValueError("o-lin says 一")]  # type: ignore[list-item] - no error of ours
    met.outbox.deliver_due()
    [row] = met.rows("outbox")
    assert (row.state, row.error) == ("pending", "ValueError")


def test_what_the_bot_wrote_is_not_sent_after_a_person_took_over(met: Workplace, clock: FixedClock) -> None:
    put(met, "一")
    met.do(lambda connection: conversations.take_over(connection, 1, now=clock()))
    put(met, "我是健康管家", kind="human")
    met.outbox.deliver_due()
    assert met.channel.sent == [("o-lin", "我是健康管家")]
    assert state_of(met) == "dropped"


def test_the_bot_writes_nothing_that_is_sent_while_a_person_has_it(met: Workplace, clock: FixedClock) -> None:
    met.do(lambda connection: conversations.take_over(connection, 1, now=clock()))
    put(met, "打包好了", kind="notice")
    met.outbox.deliver_due()
    met.do(lambda connection: conversations.give_back(connection, 1, now=clock()))
    met.outbox.deliver_due()
    assert met.channel.sent == []


def test_what_a_person_wrote_is_sent_though_it_changed_hands_at_once(met: Workplace, clock: FixedClock) -> None:
    met.do(lambda connection: conversations.take_over(connection, 1, now=clock()))
    put(met, "我是健康管家", kind="human")
    [delivery] = met.outbox.claim(10)
    put(met, "再见", kind="human")
    met.do(lambda connection: conversations.give_back(connection, 1, now=clock()))
    met.do(lambda connection: conversations.take_over(connection, 1, now=clock()))
    met.outbox.deliver(delivery)
    met.outbox.deliver_due()
    assert met.channel.sent == [("o-lin", "我是健康管家"), ("o-lin", "再见")]


def test_a_take_over_between_claim_and_sending_stops_the_message(met: Workplace, clock: FixedClock) -> None:
    put(met, "一")
    [delivery] = met.outbox.claim(10)
    met.do(lambda connection: conversations.take_over(connection, 1, now=clock()))
    met.outbox.deliver(delivery)
    assert met.channel.sent == []


def test_waiting_for_a_person_does_not_stop_the_bots_messages(workplace_of: Make, clock: FixedClock) -> None:
    from bot.messages import Outcome, Reply

    both = Outcome(replies=(Reply(text="一"), Reply(text="二")), hand_over="asked")
    workplace = workplace_of(lambda turn: both)
    workplace.say(key="1")
    clock.move(seconds=1)
    workplace.outbox.deliver_due()
    assert workplace.channel.sent == [("o-lin", "二")]


def test_one_claim_takes_one_message_of_a_conversation(met: Workplace) -> None:
    for text in "一二三":
        put(met, text)
    assert [delivery.text for delivery in met.outbox.claim(10)] == ["一"]
    assert met.outbox.claim(10) == []


def test_many_workers_claim_nothing_twice(met: Workplace) -> None:
    for number in range(30):
        met.say(key=f"k{number}", contact=f"o-{number}")
        put(met, "您好", conversation_id=number + 2)
    claimed: list[list[Delivery]] = met.in_threads(*[lambda: met.outbox.claim(10)] * 6)
    ids = [delivery.id for some in claimed for delivery in some]
    assert len(ids) == len(set(ids))
    while more := met.outbox.claim(10):
        ids += [delivery.id for delivery in more]
    assert len(ids) == len(set(ids)) == 30


def test_a_dead_workers_message_leaves_after_its_lease(met: Workplace, clock: FixedClock) -> None:
    put(met, "一", key="k")
    [lost] = met.outbox.claim(10)
    assert met.outbox.release_expired() == 0
    clock.move(seconds=LEASE.total_seconds())
    assert met.outbox.release_expired() == 1
    met.outbox.deliver_due()
    met.outbox.deliver(lost)
    assert met.channel.sent == [("o-lin", "一")]


def test_a_worker_whose_lease_was_lost_cannot_settle_the_message(met: Workplace, clock: FixedClock) -> None:
    put(met, "一")
    [lost] = met.outbox.claim(10)
    clock.move(seconds=LEASE.total_seconds())
    met.outbox.release_expired()
    assert not met.do(
        lambda connection: outbox.settle(connection, lost.id, lost.claim_token, state="sent", now=clock())
    )
    assert state_of(met) == "pending"


def test_a_message_that_kills_its_workers_ends_as_a_dead_letter(met: Workplace, clock: FixedClock) -> None:
    put(met, "一")
    for _ in range(12):
        assert met.outbox.claim(10)
        clock.move(seconds=LEASE.total_seconds())
        met.outbox.release_expired()
    assert state_of(met) == "dead"


def test_a_deleted_persons_messages_die_unread(met: Workplace) -> None:
    put(met, "一")
    met.do(lambda connection: people.forget(connection, 1))
    assert met.outbox.deliver_due() == 0
    assert state_of(met) == "dead"
