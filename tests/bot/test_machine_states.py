"""A seeded state machine over both databases: deliveries, retries, crashes, lost leases, jumps of the clock, changes of
hands, in any order. It finds what examples don't."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.errors import RetryLater
from bot.messages import Inbound, Outcome, Reply, Turn
from bot.outbox import LEASE
from bot.store import conversations, inbox
from bot.store.outbox import Delivery
from bot.store.store import Store
from tests.bot.workplace import Workplace, message
from tests.clocks import FixedClock

PEOPLE = ("o-lin", "o-wang", "o-zhao")
people = st.sampled_from(PEOPLE)


def two_replies(turn: Turn) -> Outcome:
    """Answer with the number of the turn, passively, and once more through the outbox."""
    number = turn.conversation.state.get("number", 0) + 1
    replies = (Reply(text=f"{number} {turn.inbound.key}"), Reply(text=f"{number}+"))
    return Outcome(replies=replies, state={"number": number})


class Service(RuleBasedStateMachine):
    """The service and, beside it, a model that is too simple to be wrong."""

    store: Store  # set by the test; each run starts on an empty database
    empty: Callable[[], None]

    def __init__(self) -> None:
        super().__init__()
        self.empty()
        self.clock = FixedClock()
        self.workplace = Workplace(self.store, self.clock, two_replies)
        self.number = 0
        self.turns: dict[str, list[str]] = defaultdict(list)  # the keys of a person's turns, in order
        self.answers: dict[str, str | None] = {}
        self.messages: dict[str, Inbound] = {}
        self.owed: dict[str, list[str]] = defaultdict(list)
        self.with_person: set[str] = set()
        self.claimed: list[Delivery] = []
        self.sent_keys: set[str] = set()

    def _fresh(self, contact: str) -> Inbound:
        self.number += 1
        made = message(key=f"{contact}-{self.number}", contact=contact)
        self.messages[made.key] = made
        return made

    def _count(self, contact: str, key: str) -> str | None:
        """Take a turn in the model."""
        if contact in self.with_person:
            return None
        self.turns[contact].append(key)
        return f"{len(self.turns[contact])} {key}"

    def _settle_owed(self, contact: str) -> None:
        for key in self.owed.pop(contact, []):
            self._count(contact, key)
            self.answers[key] = None

    @rule(contact=people)
    def deliver(self, contact: str) -> None:
        made = self._fresh(contact)
        self._settle_owed(contact)
        self.answers[made.key] = self._count(contact, made.key)
        assert self.workplace.turns.take(made).text == self.answers[made.key]

    @rule(contact=people)
    def acknowledge_and_crash(self, contact: str) -> None:
        made = self._fresh(contact)
        now = self.clock()
        self.workplace.do(lambda connection: inbox.acknowledge(connection, self.store.keys, made, now=now))
        self.owed[contact].append(made.key)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.answers)))
        assert self.workplace.turns.take(self.messages[key]).text == self.answers[key]

    @rule()
    def sweep(self) -> None:
        self.workplace.turns.resume(older_than_seconds=0)
        self.workplace.turns.stop(within_seconds=10)
        self._restart()
        for contact in list(self.owed):
            self._settle_owed(contact)

    @rule()
    def crash(self) -> None:
        self.claimed.clear()
        self._restart()

    def _restart(self) -> None:
        channel = self.workplace.channel
        self.workplace.turns.stop(within_seconds=10)
        self.workplace = Workplace(self.store, self.clock, two_replies)
        self.workplace.channel.sent, self.workplace.channel.keys = channel.sent, channel.keys

    @rule(seconds=st.sampled_from([-600, -1, 1, 31, 600, 90_000]))
    def clock_jumps(self, seconds: int) -> None:
        self.clock.move(seconds=seconds)

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        self.claimed += self.workplace.outbox.claim(limit)

    @precondition(lambda self: self.claimed)
    @rule(failure=st.sampled_from([None, None, None, RetryLater("busy"), RetryLater("wait", wait_seconds=40)]))
    def send(self, failure: RetryLater | None) -> None:
        delivery = self.claimed.pop(0)
        if failure is not None:
            self.workplace.channel.failures = [failure]
        self.workplace.outbox.deliver(delivery)
        self.workplace.channel.failures = []

    @precondition(lambda self: self.claimed)
    @rule()
    def send_and_crash_before_recording(self) -> None:
        delivery = self.claimed.pop(0)
        self.workplace.channel.send(delivery.contact, delivery.text, key=delivery.key)

    @rule()
    def leases_end(self) -> None:
        self.clock.move(seconds=LEASE.total_seconds())
        self.workplace.outbox.release_expired()

    @rule(contact=people)
    def a_person_takes_over(self, contact: str) -> None:
        self._change_hands(contact, conversations.take_over, self.with_person.add)

    @rule(contact=people)
    def the_bot_gets_it_back(self, contact: str) -> None:
        self._change_hands(contact, conversations.give_back, self.with_person.discard)

    def _change_hands(self, contact: str, change: Callable[..., bool], note: Callable[[str], None]) -> None:
        for row in self.workplace.rows("conversations"):
            with self.store.reading() as connection:
                is_theirs = conversations.person_of(connection, self.store.keys, row.id).platform_id == contact
            if is_theirs:
                self.workplace.do(lambda connection, row=row: change(connection, row.id, now=self.clock()))
                note(contact)

    @invariant()
    def every_message_is_recorded_once(self) -> None:
        assert self.workplace.count("inbound") == len(self.messages)

    @invariant()
    def nothing_is_sent_out_of_order(self) -> None:
        seen: dict[str, list[str]] = defaultdict(list)
        keys: set[str] = set()
        for (contact, text), key in zip(self.workplace.channel.sent, self.workplace.channel.keys, strict=True):
            if key not in keys:  # a repetition under the same key is one message to the platform
                keys.add(key)
                seen[contact].append(text)
        for texts in seen.values():
            numbers = [int(text.split()[0].rstrip("+")) for text in texts]
            assert numbers == sorted(numbers)

    @invariant()
    def at_most_one_delivery_of_a_conversation_is_under_way(self) -> None:
        under_way = [row.conversation_id for row in self.workplace.rows("outbox") if row.state == "claimed"]
        assert len(under_way) == len(set(under_way))

    def teardown(self) -> None:
        """Let everything come to its end: whatever was put into the outbox is settled, and nothing is owed."""
        self.sweep()
        for _ in range(40):
            self.clock.move(minutes=16)
            self.workplace.outbox.release_expired()
            self.workplace.outbox.deliver_due()
        rows = self.workplace.rows("outbox")
        assert {row.state for row in rows} <= {"sent", "dropped", "dead"}
        assert not [row for row in self.workplace.rows("inbound") if row.reply_state == "acknowledged"]
        self.workplace.turns.stop(within_seconds=10)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("examples", [12, pytest.param(600, marks=pytest.mark.proof)])
def test_no_sequence_of_events_breaks_a_promise(store: Store, request: pytest.FixtureRequest, examples: int) -> None:
    from sqlalchemy import delete

    from bot.store.schema import metadata

    def empty(connection: Any) -> None:
        for table in reversed(metadata.sorted_tables):
            if table.name != "key_checks":
                connection.execute(delete(table))

    class OnThisStore(Service):
        pass

    OnThisStore.store = store
    OnThisStore.empty = staticmethod(lambda: store.write(empty))
    run_state_machine_as_test(
        OnThisStore,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
