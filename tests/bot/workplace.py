"""A small machine for tests: a store, a channel in memory, a handler that counts, and what is easy to ask of them."""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from bot.messages import Inbound, Kind, Outcome, Reply, Turn
from bot.outbox import Outbox
from bot.retry import RetryPolicy
from bot.sealed_files import SealedFiles
from bot.store import schema
from bot.store.store import Store
from bot.turns import Turns
from tests.clocks import FixedClock
from tests.fake_channel import FakeChannel


def message(text: str = "你好", *, key: str = "1", contact: str = "o-lin") -> Inbound:
    """A text message to the demo account."""
    sent_at = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)
    return Inbound(account="demo", contact=contact, key=key, kind=Kind.TEXT, sent_at=sent_at, text=text)


class Counting:
    """Answers "1 …", "2 …" by the conversation's state, and keeps what it was asked."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def __call__(self, turn: Turn) -> Outcome:
        self.turns.append(turn)
        number = turn.conversation.state.get("number", 0) + 1
        return Outcome(replies=(Reply(text=f"{number} {turn.inbound.text}"),), state={"number": number})


class Gate:
    """A handler that waits at a gate, so that a test decides when it goes on."""

    def __init__(self, then: Callable[[Turn], Outcome] | None = None) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()
        self.calls = 0
        self._then = then or Counting()

    def __call__(self, turn: Turn) -> Outcome:
        self.calls += 1
        self.reached.set()
        if not self.open.wait(20):
            raise TimeoutError
        return self._then(turn)


class Workplace:
    """Turns and outbox over one store, with one fake channel."""

    def __init__(
        self,
        store: Store,
        clock: FixedClock,
        handler: Callable[[Turn], Outcome] | None = None,
        *,
        while_human: Callable[[Turn], Outcome] | None = None,
        budget_seconds: float = 20.0,
        files: SealedFiles | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.handler = handler or Counting()
        self.channel = FakeChannel()
        self.policy = RetryPolicy()
        self.outbox = Outbox(
            store=store,
            channels={"demo": self.channel},
            clock=clock,
            policy=self.policy,
            chance=random.Random(7),
            files=files,
        )
        self.turns = Turns(
            store=store,
            handler=self.handler,
            max_bytes=lambda _: self.channel.max_bytes,
            clock=clock,
            while_human=while_human,
            budget_seconds=budget_seconds,
        )

    def say(self, text: str = "你好", *, key: str = "1", contact: str = "o-lin") -> str | None:
        """Take the turn of a message and return the passive reply."""
        return self.turns.take(message(text, key=key, contact=contact)).text

    def in_threads(self, *calls: Callable[[], Any]) -> list[Any]:
        """Run calls at the same time and return what they gave, or raised, in their order."""
        results: list[Any] = [None] * len(calls)

        def run(number: int) -> None:
            try:
                results[number] = calls[number]()
            except Exception as error:
                results[number] = error

        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return results

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        with self.store.reading() as connection:
            return connection.scalar(select(func.count()).select_from(schema.metadata.tables[table])) or 0

    def rows(self, table: str) -> list[Any]:
        """Return the rows of a table by its key."""
        columns = schema.metadata.tables[table]
        with self.store.reading() as connection:
            return list(connection.execute(select(columns).order_by(*columns.primary_key)))

    def do(self, work: Callable[[Any], Any]) -> Any:
        """Run a write and return its result."""
        return self.store.write(work)
