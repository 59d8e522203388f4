"""One access token an account, shared by all threads and processes: who may refresh it, when, and how often."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.clock import Clock, system_clock
from bot.errors import RetryLater

# The platform hands out a new stable token in the last five minutes of the old one, and both work meanwhile. Asking
# later than that never gets the old one back.
_MARGIN = timedelta(seconds=120)
_LEASE = timedelta(seconds=20)  # longer than two fetches with their time-outs
_PAUSE_SECONDS = 0.1
_PAUSES = 100
_FORCED_A_DAY = 20  # the platform's limit for force_refresh


@dataclass(frozen=True, kw_only=True, repr=False)
class AccessToken:
    """A token and when it ends. It has no repr, so that no log can show it."""

    value: str
    expires_at: datetime


class TokenStore(Protocol):
    """Where the processes of one service share their tokens and take turns at refreshing them."""

    def read(self, account: str) -> AccessToken | None:
        """Return the last token written, however old."""

    def lease(self, account: str, *, now: datetime, until: datetime) -> bool:
        """Let exactly one caller refresh until then; false while another one's lease runs."""

    def write(self, account: str, token: AccessToken) -> None:
        """Keep the token, and end the lease."""

    def release(self, account: str) -> None:
        """End the lease without a token."""


class MemoryTokenStore:
    """A TokenStore of one process, for tests and tools."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, AccessToken] = {}
        self._leases: dict[str, datetime] = {}

    def read(self, account: str) -> AccessToken | None:
        return self._tokens.get(account)

    def lease(self, account: str, *, now: datetime, until: datetime) -> bool:
        with self._lock:
            if self._leases.get(account, now) > now:
                return False
            self._leases[account] = until
            return True

    def write(self, account: str, token: AccessToken) -> None:
        with self._lock:
            self._tokens[account] = token
            self._leases.pop(account, None)

    def release(self, account: str) -> None:
        with self._lock:
            self._leases.pop(account, None)


class Tokens:
    """The token of one account. `fetch(force)` asks the platform; it runs once however many threads need it."""

    def __init__(
        self,
        *,
        account: str,
        fetch: Callable[[bool], AccessToken],
        store: TokenStore,
        clock: Clock = system_clock,
        pause: Callable[[float], None] = time.sleep,
        margin: timedelta = _MARGIN,
    ) -> None:
        """`margin`: how long before its end a token is given up."""
        self._account = account
        self._fetch = fetch
        self._store = store
        self._clock = clock
        self._pause = pause
        self._margin = margin
        self._lock = threading.Lock()
        self._held: AccessToken | None = None
        self._forced: deque[datetime] = deque()

    def current(self) -> str:
        """Return a token that still lives for the margin. Raises RetryLater or ConfigurationFault."""
        held = self._held
        if held and self._is_good(held):
            return held.value
        with self._lock:
            return self._obtain(refused=None)

    def replace(self, refused: str) -> str:
        """Return another token than the one that the platform has just refused.

        Raises RetryLater when none can be had now, ConfigurationFault when the account's secret is wrong.
        """
        with self._lock:
            return self._obtain(refused=refused)

    def _obtain(self, *, refused: str | None) -> str:
        for _ in range(_PAUSES):
            token = self._stored(refused) or self._refreshed(refused)
            if token:
                self._held = token
                return token.value
            self._pause(_PAUSE_SECONDS)
        raise RetryLater("another process is still fetching the token", wait_seconds=2)

    def _stored(self, refused: str | None) -> AccessToken | None:
        stored = self._store.read(self._account)
        return stored if stored and stored.value != refused and self._is_good(stored) else None

    def _refreshed(self, refused: str | None) -> AccessToken | None:
        """Fetch a token under the lease; None while another process has it."""
        now = self._clock()
        if not self._store.lease(self._account, now=now, until=now + _LEASE):
            return None
        try:
            # The previous holder may have written between our last look and our lease.
            token = self._stored(refused)
            if token is None:
                token = self._fetch_other_than(refused)
                self._store.write(self._account, token)
                return token
        except BaseException:
            self._store.release(self._account)
            raise
        self._store.release(self._account)
        return token

    def _fetch_other_than(self, refused: str | None) -> AccessToken:
        token = self._fetch(False)
        if token.value != refused:
            return token
        # A stable token stays the same while the platform thinks it valid; only force gets past one it refuses.
        now = self._clock()
        while self._forced and now - self._forced[0] > timedelta(days=1):
            self._forced.popleft()
        if len(self._forced) >= _FORCED_A_DAY:
            raise RetryLater("the platform's forced token refreshes of today are used up", wait_seconds=3600)
        self._forced.append(now)
        structlog.get_logger().warning("token refresh forced", account=self._account, in_a_day=len(self._forced))
        return self._fetch(True)

    def _is_good(self, token: AccessToken) -> bool:
        return token.expires_at - self._clock() > self._margin
