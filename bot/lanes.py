"""Lanes: work of one person runs one after another in order of arrival, work of different people side by side."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Generic, TypeVar, cast

from bot.errors import RetryLater

P = TypeVar("P")
R = TypeVar("R")
Key = tuple[str, str]


@dataclass(slots=True, eq=False)
class Ticket(Generic[P, R]):
    """A piece of work in a lane, and how its waiters learn of its end."""

    key: Key
    lane: Key
    payload: P
    tries: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _result: R | None = None
    _error: BaseException | None = None

    def wait(self, seconds: float) -> bool:
        """Wait for the end; whether it came in time."""
        return self._ended.wait(seconds)

    def result(self) -> R:
        """Return what the work gave, once it has ended. Raises what it raised."""
        if self._error is not None:
            raise self._error
        return cast(R, self._result)

    def end(self, result: R | None, error: BaseException | None) -> None:
        """Release the waiters."""
        self._result, self._error = result, error
        self._ended.set()


class Lanes(Generic[P, R]):
    """Runs tickets by a few threads. `run` must bring about `end` or `again` for each ticket it gets."""

    def __init__(
        self, run: Callable[[Ticket[P, R]], None], *, threads: int, leave: Callable[[], None] = lambda: None
    ) -> None:
        """`leave` is called in each thread at its end, to give back what the thread holds."""
        self._run = run
        self._leave = leave
        self._thread_count = threads
        self._lock = threading.Lock()
        self._tickets: dict[Key, Ticket[P, R]] = {}
        self._lanes: dict[Key, deque[Ticket[P, R]]] = {}
        self._ready: SimpleQueue[Ticket[P, R] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._stopped = False

    def admit(self, key: Key, lane: Key, payload: P) -> Ticket[P, R]:
        """Return the ticket of `key`: the one under way, or a new one at the end of its lane."""
        with self._lock:
            ticket = self._tickets.get(key)
            if ticket is not None:
                return ticket
            if self._stopped:
                raise RetryLater("this process is ending")
            ticket = self._tickets[key] = Ticket(key, lane, payload)
            queue = self._lanes.get(lane)
            if queue is None:
                self._lanes[lane] = deque((ticket,))
                self._ready.put(ticket)
            else:
                queue.append(ticket)
            if not self._threads:
                self._start_threads()
        return ticket

    def is_under_way(self, key: Key) -> bool:
        """Whether a ticket of this key waits or runs."""
        return key in self._tickets

    def again(self, ticket: Ticket[P, R]) -> None:
        """Run a ticket once more; it keeps its place in the lane."""
        ticket.tries += 1
        self._ready.put(ticket)

    def end(self, ticket: Ticket[P, R], result: R | None, error: BaseException | None) -> None:
        """End a ticket: the next one of its lane may run, its waiters are released."""
        with self._lock:
            del self._tickets[ticket.key]
            queue = self._lanes[ticket.lane]
            queue.popleft()
            if queue:
                self._ready.put(queue[0])
            else:
                del self._lanes[ticket.lane]
        ticket.end(result, error)

    def stop(self, *, within_seconds: float) -> None:
        """Finish what was admitted, as far as the time allows, and admit nothing more."""
        deadline = time.monotonic() + within_seconds
        with self._lock:
            self._stopped = True
            threads, self._threads = self._threads, []
        while self._tickets and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in threads:
            self._ready.put(None)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _start_threads(self) -> None:
        # At the first ticket rather than at construction: a process that forks servers must not carry threads along.
        for number in range(self._thread_count):
            thread = threading.Thread(target=self._work, name=f"turns-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (ticket := self._ready.get()) is not None:
            self._run(ticket)
        self._leave()
