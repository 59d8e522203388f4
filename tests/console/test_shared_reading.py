"""One reading for many who ask: none gets what was read before they asked, and a failure is everybody's."""

import threading

import pytest

from console.shared_reading import Current, Together
from tests.waiting import eventually


class Slow:
    """A reading that takes until it is let go; it returns its number and what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[frozenset[int]] = []
        self.may_end = threading.Semaphore(0)

    def read(self, ids: frozenset[int]) -> tuple[int, frozenset[int]]:
        self.asked.append(ids)
        number = len(self.asked)
        assert self.may_end.acquire(timeout=10)
        return number, ids


def asks(together: Together, got: dict, who: int) -> threading.Thread:
    thread = threading.Thread(target=lambda: got.update({who: together.ask([who])}))
    thread.start()
    return thread


def test_who_asks_while_a_reading_is_under_way_shares_the_next_one() -> None:
    slow, got = Slow(), {}
    together = Together(slow.read)
    threads = [asks(together, got, 0)]
    assert eventually(lambda: len(slow.asked) == 1)
    threads += [asks(together, got, who) for who in range(1, 20)]
    assert eventually(lambda: together._next is not None and len(together._next.ids) == 19)
    slow.may_end.release(2)
    for thread in threads:
        thread.join(10)
    assert slow.asked == [frozenset({0}), frozenset(range(1, 20))]
    assert got == {0: (1, slow.asked[0])} | dict.fromkeys(range(1, 20), (2, slow.asked[1]))


def test_a_reading_that_fails_fails_for_who_asked_and_the_next_is_read_anew() -> None:
    answers = iter([LookupError("away"), "there"])

    def read(_ids: frozenset[int]) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    together = Together(read)
    with pytest.raises(LookupError):
        together.ask([1])
    assert together.ask([1]) == "there"


def test_what_was_read_stands_while_its_version_does_and_a_second_at_most() -> None:
    now, read = [0.0], []

    def reading(ids):
        read.append(sorted(ids))
        return {id: f"{id} read {len(read)}" for id in ids}

    kept = Current(10, seconds=1.0, clock=lambda: now[0])
    assert kept.current([1, 2], {1: "a", 2: "a"}, reading) == {1: "1 read 1", 2: "2 read 1"}
    assert kept.current([1, 2], {1: "a", 2: "b"}, reading) == {1: "1 read 1", 2: "2 read 2"}
    now[0] = 1.0
    assert kept.current([1], {1: "a"}, reading) == {1: "1 read 3"}
    assert kept.current([1], {}, reading) == {1: "1 read 4"}, "without a version nothing stands"
    assert read == [[1, 2], [2], [1], [1]]
