"""Asks a partner's JSON interface: signed, with time-outs, a few retries, and a circuit that opens when it is down.

It knows how to ask, not what about. Signing: docs/insurer-api.yaml.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pybreaker
import requests
import stamina
from urllib3.exceptions import HTTPError

from bot.channels.transport import without_proxies
from bot.clock import Clock, system_clock
from bot.errors import ConfigurationFault, RefusedInput, RetryLater

_CONNECT_SECONDS = 3.05
_MAX_ANSWER_BYTES = 1024 * 1024
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
_MISSING = 404
_OK = 200
_TOO_MANY = 429
_REFUSED = (401, 403)
_BUSY = (408, 425, _TOO_MANY)


class CircuitOpen(RetryLater):
    """The partner failed several times in a row: nothing is asked until a pause is over."""


class SignedApi:
    """One partner's interface. May be used by several threads at once."""

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        key_id: str,
        secret: bytes,
        clock: Clock = system_clock,
        wait_seconds: float = 2.5,
        tries: int = 2,
        pause_seconds: float = 0.2,
        failures: int = 5,
        closed_seconds: float = 30.0,
        ca_file: str | None = None,
    ) -> None:
        """`wait_seconds` bounds one try as a whole; after `failures` failed tries in a row the circuit stays open for
        `closed_seconds`. `ca_file`: the partner's own authority. Raises ConfigurationFault for an address without TLS.
        """
        parts = urlsplit(base_url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ConfigurationFault(f"{name}: its address must begin with https://")
        self._name, self._base_url = name, base_url.rstrip("/")
        self._key_id, self._secret, self._clock = key_id, secret, clock
        self._wait_seconds, self._tries, self._pause_seconds = wait_seconds, tries, pause_seconds
        self._ca_file = ca_file
        self._circuit = pybreaker.CircuitBreaker(
            fail_max=failures, reset_timeout=closed_seconds, throw_new_error_on_trip=False
        )

    def ask(self, path: str, question: Mapping[str, Any]) -> Any:
        """POST a question that changes nothing, and return the JSON of the answer; None for "not found".

        Raises RetryLater (CircuitOpen) when the partner cannot answer now, ConfigurationFault for what somebody must
        set right (key, address, certificate), RefusedInput for an answer that is no JSON or far too large.
        """
        body = json.dumps(question, ensure_ascii=False).encode()
        for attempt in stamina.retry_context(
            on=_is_passing,
            attempts=self._tries,
            timeout=None,
            wait_initial=self._pause_seconds,
            wait_max=1.0,
            wait_jitter=self._pause_seconds,
        ):
            with attempt:
                return self._guarded(path, body)
        raise AssertionError("unreachable")

    def _guarded(self, path: str, body: bytes) -> Any:
        try:
            # calling() and not call(): that one would hold its lock while the partner takes its time.
            with self._circuit.calling():
                return self._once(path, body)
        except pybreaker.CircuitBreakerError as error:
            raise CircuitOpen(f"{self._name}: failed several times, left alone for a while") from error

    def _once(self, path: str, body: bytes) -> Any:
        deadline = time.monotonic() + self._wait_seconds
        url = self._base_url + path
        with _translated(self._name), requests.Session() as session:
            without_proxies(session, self._base_url)
            with session.post(
                url,
                data=body,
                headers=self._headers(urlsplit(url).path, body),
                timeout=(min(_CONNECT_SECONDS, self._wait_seconds), self._wait_seconds),
                allow_redirects=False,
                stream=True,
                verify=self._ca_file or True,
            ) as response:
                return self._read(response, deadline)

    def _headers(self, path: str, body: bytes) -> dict[str, str]:
        stamp, nonce = str(int(self._clock().timestamp())), secrets.token_hex(16)
        return {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Key-Id": self._key_id,
            "X-Timestamp": stamp,
            "X-Nonce": nonce,
            "X-Signature": signature(self._secret, path=path, stamp=stamp, nonce=nonce, body=body),
        }

    def _read(self, response: requests.Response, deadline: float) -> Any:
        status = response.status_code
        if status in _REFUSED:
            raise ConfigurationFault(f"{self._name}: it refuses our key ({status}); check key id, secret and clock")
        if status in _BUSY or status >= 500:
            raise RetryLater(f"{self._name}: answered {status}", wait_seconds=_wait(response), code=status)
        if status not in (_OK, _MISSING):
            raise ConfigurationFault(f"{self._name}: answered {status}; check its address and version")
        content = self._body(response, deadline)
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError) as error:
            if status == _MISSING:
                raise ConfigurationFault(f"{self._name}: this address does not exist; check its address") from error
            raise RefusedInput(f"{self._name}: the answer is no JSON") from error
        if status == _OK:
            return answer
        if isinstance(answer, dict) and answer.get("code") == "not_found":
            return None
        raise ConfigurationFault(f"{self._name}: this address does not exist; check its address")

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        pieces, size = [], 0
        # read1() returns what is there: an answer that trickles in does not get round the deadline.
        while piece := response.raw.read1(16 * 1024, decode_content=True):
            size += len(piece)
            if size > _MAX_ANSWER_BYTES:
                raise RefusedInput(f"{self._name}: the answer is too large")
            if time.monotonic() > deadline:
                raise RetryLater(f"{self._name}: the answer takes too long")
            pieces.append(piece)
        return b"".join(pieces)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise ConfigurationFault(f"{name}: its TLS certificate is not valid; ask the partner") from error
        raise RetryLater(f"{name}: TLS failed") from error
    except (requests.RequestException, HTTPError) as error:
        raise RetryLater(f"{name}: {type(error).__name__}") from error


def signature(secret: bytes, *, path: str, stamp: str, nonce: str, body: bytes) -> str:
    """Return the value of X-Signature: HMAC-SHA256 (hex) over method, path, time stamp, nonce and the body's SHA-256,
    each on a line of its own."""
    lines = ("POST", path, stamp, nonce, hashlib.sha256(body).hexdigest())
    return hmac.new(secret, "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def _is_passing(error: Exception) -> bool:
    # Who asks for a pause gets one: the person is told to come back rather than kept waiting.
    return isinstance(error, RetryLater) and not isinstance(error, CircuitOpen) and error.wait_seconds is None


def _wait(response: requests.Response) -> float | None:
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else None
