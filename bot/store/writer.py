"""Who writes. SQLite: one thread that commits in groups. PostgreSQL: a few threads, one transaction a job.

A job is a function of a connection. It runs inside a transaction, its caller hears of it only after the commit, and
what it raises undoes its own writes and nobody else's.
"""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from bot.errors import RetryLater
from bot.store.faults import is_collision, translated

log = structlog.get_logger()

T = TypeVar("T")
Work = Callable[[Connection], T]
Done = Callable[[Any, BaseException | None], None]

_GROUP_JOBS = 128
_GROUP_SECONDS = 0.02  # a group that has run this long commits, so that its first job does not wait for its last
_COLLISION_TRIES = 6


class Writer(Protocol):
    """Runs jobs in transactions."""

    def submit(self, work: Work[Any], done: Done) -> None:
        """Run `work`; after the commit (or failure) call `done(result, error)`, shortly and without blocking."""

    def stop(self) -> None:
        """Finish what was submitted and end. Later jobs fail with RetryLater."""

    def is_alive(self) -> bool:
        """Whether jobs are being taken."""


def wait_for(writer: Writer, work: Work[T], *, timeout_seconds: float = 10.0) -> T:
    """Run `work` by `writer` and return its result after the commit. Raises what it raised, or RetryLater."""
    future: Future[T] = Future()

    def done(result: Any, error: BaseException | None) -> None:
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    writer.submit(work, done)
    try:
        return future.result(timeout_seconds)
    except FutureTimeout as error:
        raise RetryLater("database: no answer in time") from error


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work[Any]
    done: Done


class GroupWriter:
    """One thread, one connection: drains its queue into one transaction and flushes once for all of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._group: list[_Job] = []

    def submit(self, work: Work[Any], done: Done) -> None:
        if self._thread is None or self._stopped:
            self._start()
        self._queue.put(_Job(work, done))

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            if self._thread is not None:
                self._queue.put(None)
        if self._thread is not None:
            self._thread.join(8)

    def is_alive(self) -> bool:
        return not self._stopped and (self._thread is None or self._thread.is_alive())

    def _start(self) -> None:
        # At the first job rather than at construction: a process that forks servers must not carry a thread along.
        with self._lock:
            if self._stopped:
                raise RetryLater("database: the writer has stopped")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        connection: Connection | None = None
        while (first := self._queue.get()) is not None:
            self._group = [first]
            try:
                if connection is None:
                    connection = self._engine.connect()
                ended = self._commit_group(connection, first)
            except BaseException as error:
                log.error("group not committed", jobs=len(self._group), exc_info=error)
                ended = [(job, None, _group_failure(error)) for job in self._group]
                if connection is not None:
                    _discard(connection)
                    connection = None
            for job, result, failure in ended:
                job.done(result, failure)
        if connection is not None:
            connection.close()

    def _commit_group(self, connection: Connection, first: _Job) -> list[tuple[_Job, Any, BaseException | None]]:
        ended: list[tuple[_Job, Any, BaseException | None]] = []
        until = time.monotonic() + _GROUP_SECONDS
        job: _Job | None = first
        with connection.begin():
            while job is not None:
                ended.append((job, *_run_apart(connection, job.work)))
                job = self._next(until)
        return ended

    def _next(self, until: float) -> _Job | None:
        if len(self._group) >= _GROUP_JOBS or time.monotonic() > until:
            return None
        try:
            job = self._queue.get_nowait()
        except Empty:
            return None
        if job is None:
            self._queue.put(None)  # the end comes after this group
            return None
        self._group.append(job)
        return job


def _run_apart(connection: Connection, work: Work[Any]) -> tuple[Any, BaseException | None]:
    say = connection.connection.cursor().execute  # the driver itself: a tenth of Core's cost, once for each job
    say("SAVEPOINT job")
    try:
        result = work(connection)
    except Exception as error:
        # A full disk or an I/O error ends the whole transaction; then this raises, and the whole group fails.
        say("ROLLBACK TO job")
        say("RELEASE job")
        return None, translated(error)
    say("RELEASE job")
    return result, None


def _group_failure(error: BaseException) -> BaseException:
    # Whatever it was, nothing of the group was stored: a full disk, a stalled lock, a driver's error.
    later = RetryLater(f"database: {type(error).__name__}")
    later.__cause__ = error
    return later


def _discard(connection: Connection) -> None:
    connection.invalidate()
    connection.close()


class PooledWriter:
    """A few threads for writes that nobody's turn waits on; each job is its own transaction."""

    def __init__(self, engine: Engine, *, threads: int) -> None:
        self._engine = engine
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="writer")
        self._stopped = False

    def submit(self, work: Work[Any], done: Done) -> None:
        try:
            self._executor.submit(self._run, work, done)
        except RuntimeError as error:
            raise RetryLater("database: the writer has stopped") from error

    def stop(self) -> None:
        self._stopped = True
        self._executor.shutdown(wait=True)

    def is_alive(self) -> bool:
        return not self._stopped

    def _run(self, work: Work[Any], done: Done) -> None:
        try:
            result = transact(self._engine, work)
        except BaseException as error:
            done(None, translated(error))
        else:
            done(result, None)


def transact(engine: Engine, work: Work[T]) -> T:
    """Run `work` in a transaction of the calling thread, again after a deadlock or a broken connection."""
    for attempt in range(_COLLISION_TRIES):
        try:
            with engine.begin() as connection:
                return work(connection)
        except Exception as error:
            if attempt + 1 == _COLLISION_TRIES or not is_collision(error):
                raise
            time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - spreads colliding transactions, no secret
    raise AssertionError("unreachable")
