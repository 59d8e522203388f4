"""When to try again: full jitter, the platform's wish, the end."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.retry import RetryPolicy

NOW = datetime(2026, 9, 30, tzinfo=UTC)


@given(attempts=st.integers(1, 11), seed=st.integers())
def test_a_wait_lies_between_nothing_and_the_doubling_ceiling(attempts: int, seed: int) -> None:
    due = RetryPolicy().next_try(attempts=attempts, since=NOW, now=NOW, chance=random.Random(seed))
    assert due is not None
    assert timedelta(0) <= due - NOW <= timedelta(seconds=min(900, 2 ** (attempts - 1)))


def test_waits_are_spread_over_the_whole_range() -> None:
    chance = random.Random(1)
    waits = [RetryPolicy().next_try(attempts=9, since=NOW, now=NOW, chance=chance) for _ in range(400)]
    seconds = sorted((due - NOW).total_seconds() for due in waits if due)
    assert seconds[40] < 51
    assert seconds[-40] > 205


def test_the_platforms_wish_is_kept() -> None:
    due = RetryPolicy().next_try(attempts=1, since=NOW, now=NOW, chance=random.Random(1), asked_seconds=60)
    assert due is not None
    assert timedelta(seconds=60) <= due - NOW <= timedelta(seconds=66)


def test_twelve_tries_are_enough() -> None:
    assert RetryPolicy().next_try(attempts=12, since=NOW, now=NOW, chance=random.Random(1)) is None


def test_nothing_is_tried_after_a_day() -> None:
    late = NOW + timedelta(hours=24)
    due = RetryPolicy().next_try(attempts=2, since=NOW, now=late, chance=random.Random(1), asked_seconds=1)
    assert due is None
