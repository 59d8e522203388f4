"""Who fetches a token, how often, and what happens when the platform refuses it."""

import threading
from datetime import timedelta

import pytest

from bot.channels.tokens import AccessToken, MemoryTokenStore, Tokens
from bot.errors import ConfigurationFault, RetryLater


class Platform:
    """Hands out t1, t2 …; a stable token stays until `renew` or force."""

    def __init__(self, clock):
        self._clock = clock
        self.serial = 1
        self.calls: list[bool] = []

    def __call__(self, force):
        self.calls.append(force)
        if force:
            self.serial += 1
        return AccessToken(value=f"t{self.serial}", expires_at=self._clock() + timedelta(seconds=7200))


@pytest.fixture
def platform(clock):
    return Platform(clock)


def make(platform, clock, store=None, pause=lambda _: None):
    return Tokens(account="demo", fetch=platform, store=store or MemoryTokenStore(), clock=clock, pause=pause)


def test_a_token_is_fetched_once_and_then_held(platform, clock):
    tokens = make(platform, clock)
    assert [tokens.current() for _ in range(3)] == ["t1"] * 3
    assert platform.calls == [False]


def test_a_token_is_renewed_two_minutes_before_its_end(platform, clock):
    tokens = make(platform, clock)
    tokens.current()
    clock.move(seconds=7200 - 121)
    tokens.current()
    assert len(platform.calls) == 1
    clock.move(seconds=2)
    tokens.current()
    assert len(platform.calls) == 2


def test_two_services_on_one_store_share_a_token(platform, clock):
    store = MemoryTokenStore()
    assert make(platform, clock, store).current() == make(platform, clock, store).current()
    assert platform.calls == [False]


def test_an_end_in_the_past_is_believed_whatever_the_store_holds(platform, clock):
    store = MemoryTokenStore()
    store.write("demo", AccessToken(value="old", expires_at=clock() - timedelta(seconds=100)))
    assert make(platform, clock, store).current() == "t1"


def test_a_refused_token_is_replaced_by_the_one_that_another_process_fetched(platform, clock):
    store = MemoryTokenStore()
    ours, theirs = make(platform, clock, store), make(platform, clock, store)
    ours.current()
    platform.serial = 2
    assert theirs.replace("t1") == "t2"
    assert ours.replace("t1") == "t2"
    assert platform.calls == [False, False]


def test_force_is_used_only_when_the_platform_repeats_the_token_it_refuses(platform, clock):
    tokens = make(platform, clock)
    assert tokens.replace(tokens.current()) == "t2"
    assert platform.calls == [False, False, True]


def test_no_more_than_twenty_refreshes_a_day_are_forced(platform, clock):
    tokens = make(platform, clock)
    for _ in range(20):
        tokens.replace(tokens.current())
    with pytest.raises(RetryLater, match="used up"):
        tokens.replace(tokens.current())
    assert platform.calls.count(True) == 20
    clock.move(days=1, seconds=1)
    tokens.replace(tokens.current())
    assert platform.calls.count(True) == 21


def test_while_another_process_refreshes_its_token_is_awaited(platform, clock):
    store = MemoryTokenStore()
    store.lease("demo", now=clock(), until=clock() + timedelta(seconds=20))

    def pause(_seconds):
        store.write("demo", AccessToken(value="theirs", expires_at=clock() + timedelta(seconds=7200)))

    assert make(platform, clock, store, pause).current() == "theirs"
    assert platform.calls == []


def test_a_process_that_died_while_refreshing_is_waited_for_only_until_its_lease_ends(platform, clock):
    store = MemoryTokenStore()
    store.lease("demo", now=clock(), until=clock() + timedelta(seconds=20))
    tokens = make(platform, clock, store, lambda _: clock.move(seconds=0.1))
    with pytest.raises(RetryLater):
        tokens.current()
    clock.move(seconds=15)
    assert tokens.current() == "t1"


def test_a_failed_fetch_gives_the_lease_back(clock):
    store = MemoryTokenStore()

    def fetch(_force):
        raise ConfigurationFault("app_secret is wrong")

    with pytest.raises(ConfigurationFault):
        make(fetch, clock, store).current()
    assert store.lease("demo", now=clock(), until=clock() + timedelta(seconds=20))


def test_twenty_threads_fetch_one_token(platform, clock):
    tokens = make(platform, clock)
    start, seen = threading.Barrier(20), []

    def work():
        start.wait()
        seen.append(tokens.current())

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["t1"] * 20
    assert platform.calls == [False]


def test_a_token_shows_itself_to_no_log(platform, clock):
    assert "t1" not in repr(platform(False))
