"""Asking a partner's interface: signed, bounded in time, tried again where that helps, left alone when it is down."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.errors import AssistantError, ConfigurationFault, RefusedInput, RetryLater
from bot.signed_api import CircuitOpen, SignedApi
from tests.clocks import FixedClock
from tests.partner_server import KEY_ID, SECRET, Partner, Play, answers, hangs, hangs_up, say, serving, trickles

GOOD = answers({"good": True})


def api(address: str, **options: Any) -> SignedApi:
    known = {"name": "partner", "key_id": KEY_ID, "secret": SECRET, "wait_seconds": 5.0, "pause_seconds": 0.0}
    return SignedApi(base_url=address, **{**known, **options})


def test_a_signed_question_is_answered() -> None:
    clock = FixedClock(datetime(2026, 9, 30, tzinfo=UTC))
    with serving(GOOD, at=clock()) as partner:
        assert api(partner.address + "/core/", clock=clock).ask("/v1/find", {"名": "值"}) == {"good": True}
    assert partner.questions == [{"名": "值"}]


@pytest.mark.parametrize("wrong", [{"secret": b"another"}, {"key_id": "somebody"}])
def test_a_key_that_is_refused_is_told_to_whoever_configures(wrong: dict[str, Any]) -> None:
    with serving(GOOD) as partner, pytest.raises(ConfigurationFault, match="refuses our key"):
        api(partner.address, **wrong).ask("/v1/find", {})
    assert len(partner.questions) == 1


def test_a_clock_that_is_wrong_is_refused() -> None:
    with serving(GOOD, at=datetime(2026, 9, 30, tzinfo=UTC)) as partner, pytest.raises(ConfigurationFault):
        api(partner.address, clock=FixedClock(datetime(2026, 9, 29, tzinfo=UTC))).ask("/v1/find", {})


def test_not_found_is_none() -> None:
    with serving(answers({"code": "not_found"}, status=404)) as partner:
        assert api(partner.address).ask("/v1/find", {}) is None


@pytest.mark.parametrize("body", [b"<html>Not Found</html>", b'{"code": "no_route"}', b"[]"])
def test_a_wrong_address_is_not_taken_for_not_found(body: bytes) -> None:
    with serving(answers(body, status=404)) as partner, pytest.raises(ConfigurationFault, match="address"):
        api(partner.address).ask("/v1/find", {})


@pytest.mark.parametrize("passing", [answers(b"", status=502), answers(b"", status=503), hangs_up, hangs])
def test_a_passing_fault_is_tried_once_more_with_a_signature_of_its_own(passing: Play) -> None:
    with serving(passing, GOOD) as partner:
        assert api(partner.address, wait_seconds=0.5).ask("/v1/find", {}) == {"good": True}
    assert len(set(partner.nonces)) == 2


@pytest.mark.parametrize("lasting", [answers(b"", status=500), hangs_up, hangs, trickles])
def test_a_fault_that_lasts_is_given_back_in_time(lasting: Play) -> None:
    with serving(lasting) as partner, pytest.raises(RetryLater):
        api(partner.address, wait_seconds=0.3).ask("/v1/find", {})
    assert len(partner.questions) == 2


def test_nobody_there_is_a_passing_fault() -> None:
    with serving(GOOD) as partner:
        address = partner.address
    with pytest.raises(RetryLater):
        api(address).ask("/v1/find", {})


def test_a_partner_that_asks_for_a_pause_gets_it() -> None:
    busy = answers(b"", status=429, Retry_After="120")
    with serving(busy) as partner, pytest.raises(RetryLater) as later:
        api(partner.address).ask("/v1/find", {})
    assert (later.value.wait_seconds, later.value.code, len(partner.questions)) == (120.0, 429, 1)


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (answers(b"{not json"), RefusedInput),
        (answers(b""), RefusedInput),
        (answers(b"[" * 200_000), RefusedInput),
        (answers(b'"' + b"x" * 1_100_000 + b'"'), RefusedInput),
        (answers(b"{}", status=400), ConfigurationFault),
        (answers(b"{}", status=302, Location="http://127.0.0.1:1/"), ConfigurationFault),
    ],
)
def test_an_answer_that_trying_again_would_not_change_is_not_asked_for_again(
    play: Play, error: type[AssistantError]
) -> None:
    with serving(play) as partner, pytest.raises(error):
        api(partner.address).ask("/v1/find", {})
    assert len(partner.questions) == 1


def failing(asking: SignedApi, times: int) -> list[type[BaseException]]:
    kinds: list[type[BaseException]] = []
    for _ in range(times):
        try:
            asking.ask("/v1/find", {})
        except AssistantError as error:
            kinds.append(type(error))
    return kinds


def test_a_partner_that_is_down_is_left_alone_for_a_while() -> None:
    with serving(answers(b"", status=500)) as partner:
        asking = api(partner.address, tries=1, failures=3, closed_seconds=3600)
        assert failing(asking, 5) == [RetryLater] * 3 + [CircuitOpen] * 2
        assert len(partner.questions) == 3


def test_a_partner_that_is_up_again_is_asked_again() -> None:
    with serving(answers(b"", status=500), answers(b"", status=500), GOOD) as partner:
        asking = api(partner.address, tries=1, failures=2, closed_seconds=0)
        assert failing(asking, 2) == [RetryLater] * 2
        assert asking.ask("/v1/find", {}) == {"good": True}
        assert asking.ask("/v1/find", {}) == {"good": True}


def test_not_found_is_no_failure() -> None:
    with serving(answers({"code": "not_found"}, status=404)) as partner:
        asking = api(partner.address, failures=2, closed_seconds=3600)
        assert [asking.ask("/v1/find", {}) for _ in range(5)] == [None] * 5


def test_one_who_waits_keeps_nobody_else_waiting() -> None:
    first_asked = threading.Event()

    def slow(partner: Partner, handler: Any) -> None:
        first_asked.set()
        partner.over.wait(20)
        say(handler, 200, b"{}")

    with serving(slow, GOOD) as partner, ThreadPoolExecutor(1) as waiting:
        asking = api(partner.address, wait_seconds=10.0)
        late = waiting.submit(asking.ask, "/v1/find", {})
        assert first_asked.wait(5)
        assert asking.ask("/v1/find", {}) == {"good": True}
        assert not late.done()
        partner.over.set()
        assert late.result(10) == {}


@pytest.mark.parametrize("address", ["http://partner.example", "ftp://127.0.0.2", "partner.example"])
def test_an_address_without_tls_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationFault, match="https"):
        api(address)


def test_an_error_quotes_neither_question_nor_secret() -> None:
    plays: list[Callable[..., None]] = [answers(b"{", status=200), hangs_up, answers(b"", status=403)]
    for play in plays:
        with serving(play) as partner, pytest.raises(AssistantError) as error:
            api(partner.address, tries=1).ask("/v1/find", {"policy_no": "TEST-0001"})
        assert not [word for word in ("TEST-0001", "secret of the test") if word in f"{error.value!r} {error.value}"]
