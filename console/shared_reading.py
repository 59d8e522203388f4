"""Read once for many pages: what costs something is done once for all who ask at about the same time."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Joins those who ask while a reading is under way into the next one: what anybody gets was read after they asked.

    So nothing is ever older than it would be if each read by themselves, and twenty pages that hear of one change
    cost two readings.
    """

    def __init__(self, read: Callable[[frozenset[int]], T]) -> None:
        """`read` is given all that anybody in the round asked for."""
        self._read = read
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._next: _Round[T] | None = None

    def ask(self, ids: Iterable[int]) -> T:
        """Return what was read for these and for others. Raises what the reading raised."""
        with self._lock:
            leads = self._next is None
            mine = self._next = self._next or _Round()
            mine.ids.update(ids)
        if leads:
            with self._reading:
                with self._lock:
                    self._next = None  # who asks from here on may not get what is read now
                mine.settle(self._read)
        return mine.result.result()


class _Round(Generic[T]):
    def __init__(self) -> None:
        self.ids: set[int] = set()
        self.result: Future[T] = Future()

    def settle(self, read: Callable[[frozenset[int]], T]) -> None:
        try:
            self.result.set_result(read(frozenset(self.ids)))
        except BaseException as error:
            self.result.set_exception(error)


class Current(Generic[T]):
    """Keeps what was read for as long as the version under which it was read stands, and for some seconds at most."""

    def __init__(self, size: int, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._kept: dict[int, tuple[str, float, T]] = {}

    def current(
        self, ids: Iterable[int], versions: Mapping[int, str], read: Callable[[Collection[int]], Mapping[int, T]]
    ) -> dict[int, T]:
        """Return these, of which those are read that are not kept under their version; those without are always read.

        `versions` must have been taken before the call. One thread calls it at a time.
        """
        now, wanted = self._clock(), list(ids)
        kept = {id: self._kept[id] for id in wanted if id in self._kept}
        held = {
            id: one
            for id, (version, at, one) in kept.items()
            if versions.get(id) == version and now - at < self._seconds
        }
        missing = [id for id in wanted if id not in held]
        made = dict(read(missing)) if missing else {}
        if len(self._kept) + len(made) > self._size:
            self._kept.clear()
        self._kept |= {id: (versions[id], now, one) for id, one in made.items() if id in versions}
        return held | made


class Remembered:
    """What costs something to make, by a key that changes when it does."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under the key; it is made if nothing is."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                kept: T = self._kept[key]
                return kept
        made = make()
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made
