"""What changed, told to open pages: one watcher a process asks the store, and wakes its own streams.

It tells states, not events: a page is given the version of every conversation when it connects, and afterwards each
new version. What a page misses while it is away is in the versions it gets when it is back, so there can be no gap,
and a version told twice changes nothing. Several processes on one database need no word between them.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

import structlog
from sqlalchemy import Connection, func, or_, select

from bot.clock import Clock
from bot.errors import RetryLater
from bot.store.schema import conversations, outbox
from bot.store.store import Store
from care import typing_signs

log = structlog.get_logger()

_POLL_SECONDS = 0.3
_RECENT = timedelta(seconds=3)
# A transaction may commit long after it took its time, so that now and then one looks back farther.
_LATE = timedelta(seconds=60)
_LATE_EVERY = 15  # polls
_BEGINNING = timedelta(hours=1)
_LATEST = 300  # conversations that a snapshot holds beside those that people look after
_KEPT = 10_000  # changes that a slow stream may be behind before it is given a new snapshot

Versions = Mapping[int, str]
Writing = Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class News:
    """What a stream passes on. `is_snapshot`: everything, rather than what changed. `writing` None: as before."""

    versions: Versions = field(default_factory=dict)
    is_snapshot: bool = False
    writing: Writing | None = None


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The number of the newest change, and versions of conversations, as the watcher knows them."""

    number: int
    versions: Versions


class Live:
    """The watcher of one process. Its thread runs while somebody listens."""

    def __init__(self, *, store: Store, clock: Clock, poll_seconds: float = _POLL_SECONDS) -> None:
        self._store = store
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._woken = threading.Condition()
        self._thread: threading.Thread | None = None
        self._listeners = 0
        self._is_stopping = False
        self._polls = 0
        self._polled_at = clock()
        self._number = 0  # of the newest change
        self._changes: deque[tuple[int, int]] = deque(maxlen=_KEPT)
        self._rows: dict[int, int] = {}  # conversation → its version in the store
        self._settled: dict[int, datetime] = {}  # conversation → when a delivery of it ended last
        self._writing: Writing = {}
        self._writing_number = 0

    def listen(self, *, patience_seconds: float = 10.0) -> Iterator[News | None]:
        """Yield a snapshot, then what changes; None when nothing did for a while. Ends when the process does, and for
        who fell too far behind."""
        with self._woken:
            self._listeners += 1
        try:
            self._poll(since=self._clock() - _BEGINNING)
            # The place comes first: what changes while the snapshot is read is told once more.
            place = self._place
            self._run()
            yield self._snapshot()
            while not self._is_stopping:
                with self._woken:
                    has_news = self._woken.wait_for(partial(self._is_past, place), timeout=patience_seconds)
                    if self._has_forgotten(place):
                        return
                    news, place = self._since(place), self._place
                yield news if has_news else None
        finally:
            with self._woken:
                self._listeners -= 1

    def mark(self, ids: Iterable[int] = ()) -> "Mark | None":
        """Return up to where the watcher has told of changes, and of these; None while nobody listens.

        What was read after a mark holds for open pages until the watcher's mark is another: they hear of nothing else.
        """
        with self._woken:
            if self._thread is None:
                return None
            return Mark(number=self._number, versions={id: self._token(id) for id in ids})

    def stop(self) -> None:
        """End all streams at once."""
        with self._woken:
            self._is_stopping = True
            self._woken.notify_all()

    @property
    def _place(self) -> tuple[int, int]:
        return self._number, self._writing_number

    def _is_past(self, place: tuple[int, int]) -> bool:
        return self._is_stopping or self._place != place

    def _has_forgotten(self, place: tuple[int, int]) -> bool:
        return len(self._changes) == _KEPT and self._changes[0][0] > place[0]

    def _since(self, place: tuple[int, int]) -> News:
        # From the newest back: those whom a change woke have seen all but the last few.
        changed = {id for _, id in takewhile(lambda change: change[0] > place[0], reversed(self._changes))}
        return News(
            versions={id: self._token(id) for id in changed},
            writing=self._writing if self._writing_number > place[1] else None,
        )

    def _snapshot(self) -> News:
        with self._store.reading() as connection:
            rows = _shown(connection)
        with self._woken:
            # What this reading is the first to see is news to all other pages: the next poll finds nothing new in it.
            newest = {id: max(version, self._rows.get(id, 0)) for id, version in rows.items()}
            self._take(newest, {}, self._writing)
            versions = {id: self._token(id) for id in rows}
            return News(versions=versions, is_snapshot=True, writing=self._writing)

    def _run(self) -> None:
        with self._woken:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="live", daemon=True)
                self._thread.start()

    def _token(self, id: int) -> str:
        settled = self._settled.get(id)
        return f"{self._rows.get(id, 0)}-{0 if settled is None else int(settled.timestamp() * 1e6)}"

    def _watch(self) -> None:
        while True:
            with self._woken:
                if self._woken.wait_for(lambda: self._is_stopping, timeout=self._poll_seconds):
                    return
                if self._listeners == 0:
                    self._thread = None
                    return
            self._polls += 1
            back = _LATE if self._polls % _LATE_EVERY == 0 else _RECENT
            try:
                self._poll(since=min(self._clock(), self._polled_at) - back)
            except RetryLater:
                continue  # the database is away: the next poll looks back to the last one
            except Exception as error:
                log.error("live watcher failed", exc_info=error)

    def _poll(self, *, since: datetime) -> None:
        now = self._clock()
        with self._store.reading() as connection:
            rows = {
                row.id: row.version
                for row in connection.execute(
                    select(conversations.c.id, conversations.c.version).where(conversations.c.updated_at >= since)
                )
            }
            settled = {
                row.conversation_id: row.at
                for row in connection.execute(
                    select(outbox.c.conversation_id, func.max(outbox.c.settled_at).label("at"))
                    .where(outbox.c.settled_at >= since)
                    .group_by(outbox.c.conversation_id)
                )
            }
            writing = typing_signs.current(connection, now=now)
        with self._woken:
            self._polled_at = now
            self._take(rows, settled, writing)

    def _take(self, rows: Mapping[int, int], settled: Mapping[int, datetime], writing: Writing) -> None:
        changed = {id for id, version in rows.items() if self._rows.get(id) != version}
        changed |= {id for id, at in settled.items() if self._settled.get(id) != at}
        self._rows.update(rows)
        self._settled.update(settled)
        if changed:
            self._number += 1
            self._changes.extend((self._number, id) for id in changed)
        is_same = writing == self._writing
        if not is_same:
            self._writing, self._writing_number = writing, self._writing_number + 1
        if changed or not is_same:
            self._woken.notify_all()


def _shown(connection: Connection) -> dict[int, int]:
    latest = select(conversations.c.id).order_by(conversations.c.updated_at.desc()).limit(_LATEST)
    found = select(conversations.c.id, conversations.c.version).where(
        or_(conversations.c.owner != "bot", conversations.c.id.in_(latest))
    )
    return {row.id: row.version for row in connection.execute(found)}
