"""WeCom's API as far as both of its channels call it: tokens, JSON calls, files. One object an account (one secret).

It is called directly: wechatpy confuses the tokens of a corporation's secrets, lacks newer fields of the customer
service's interfaces, and repeats a refused call for ever.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests

from bot.channels.qyapi_codes import fault_of
from bot.channels.tokens import AccessToken, Tokens, TokenStore
from bot.channels.transport import WECOM, AnswerTooLarge, PlatformAdapter, error_code
from bot.clock import Clock, system_clock
from bot.errors import AssistantError, ConfigurationFault, GiveUp, RetryLater

# The adapter puts the real token in, so that neither errors nor logs can quote it.
_PLACEHOLDER = {"access_token": "given-by-the-adapter"}
_MARGIN = timedelta(seconds=5)  # WeCom gives the same token until it ends: asking earlier gets nothing new
_CLOSED_FROM_SECONDS = 60.0  # a wait from this on closes the interface for everybody, not just for one call
_LONGEST_SECONDS = 3600.0


@dataclass(frozen=True)
class _Closed:
    until: datetime
    seconds: float


class QyApi:
    """Calls WeCom for one account. Every failure is a RetryLater, GiveUp or ConfigurationFault with WeCom's code."""

    def __init__(
        self,
        *,
        account: str,
        corp_id: str,
        secret: str,
        base_url: str,
        token_store: TokenStore,
        clock: Clock = system_clock,
        wait_seconds: float = 5.0,
    ) -> None:
        """`base_url` stands for https://qyapi.weixin.qq.com; `wait_seconds` is the longest wait for an answer."""
        self._corp_id = corp_id
        self._secret = secret
        self._clock = clock
        self._closed: dict[str, _Closed] = {}
        self._lock = threading.Lock()
        tokens = Tokens(account=account, fetch=self._fetch_token, store=token_store, clock=clock, margin=_MARGIN)
        self._session = requests.Session()
        PlatformAdapter(base_url=base_url, tokens=tokens, wait_seconds=wait_seconds, platform=WECOM).mount_on(
            self._session
        )

    def post(self, interface: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Call an interface (`message/send`, `kf/sync_msg`) and return its JSON answer, whose errcode is 0."""
        return self._answer(interface, lambda url: self._session.post(url, params=_PLACEHOLDER, json=order))

    def get(self, interface: str, **query: str) -> dict[str, Any]:
        """Call an interface that takes its order in the address, as `post` does."""
        return self._answer(interface, lambda url: self._session.get(url, params={**_PLACEHOLDER, **query}))

    def upload(self, kind: str, name: str, content: bytes) -> str:
        """Store a file (`image`, `voice`, `video`, `file`) for three days and return its media id."""
        parameters = {**_PLACEHOLDER, "type": kind}
        answer = self._answer(
            "media/upload",
            lambda url: self._session.post(url, params=parameters, files={"media": (name, content)}),
        )
        if not isinstance(answer.get("media_id"), str):
            raise RetryLater("WeCom's answer cannot be read")
        return str(answer["media_id"])

    def fetch_media(self, media_id: str) -> bytes:
        """Return the content of a file that a person sent. Raises GiveUp when it is gone or far too large."""
        parameters = {**_PLACEHOLDER, "media_id": media_id}
        try:
            response = self._called("media/get", lambda url: self._session.get(url, params=parameters))
        except AnswerTooLarge as fault:
            raise GiveUp("the file is too large") from fault
        return response.content

    def _answer(self, interface: str, call: Callable[[str], requests.Response]) -> dict[str, Any]:
        response = self._called(interface, call)
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            raise RetryLater("WeCom's answer cannot be read") from None
        if not isinstance(answer, dict) or answer.get("errcode") != 0:
            raise RetryLater("WeCom's answer cannot be read")
        return answer

    def _called(self, interface: str, call: Callable[[str], requests.Response]) -> requests.Response:
        closed = self._closed.get(interface)
        if closed and closed.until > self._clock():
            wait_seconds = (closed.until - self._clock()).total_seconds()
            raise RetryLater("WeCom has closed this interface for now", wait_seconds=wait_seconds)
        try:
            response = _exchanged(lambda: call(_address(interface)))
        except RetryLater as fault:
            raise self._closing(interface, fault) from fault.__cause__
        self._closed.pop(interface, None)
        return response

    def _closing(self, interface: str, fault: RetryLater) -> RetryLater:
        """Keep everybody from an interface that is used up, for twice as long as the last time."""
        if (fault.wait_seconds or 0) < _CLOSED_FROM_SECONDS:
            return fault
        with self._lock:
            before = self._closed.get(interface)
            seconds = min(before.seconds * 2, _LONGEST_SECONDS) if before else float(fault.wait_seconds or 0)
            self._closed[interface] = _Closed(self._clock() + timedelta(seconds=seconds), seconds)
        return RetryLater(str(fault), wait_seconds=seconds, code=fault.code)

    def _fetch_token(self, _force: bool) -> AccessToken:
        """Ask for the token of this secret; there is nothing to force: WeCom gives a new one when the old one ended."""
        query = {"corpid": self._corp_id, "corpsecret": self._secret}
        asked_at = self._clock()
        try:
            response = _exchanged(lambda: self._session.get(_address("gettoken"), params=query))
        except RetryLater as fault:
            if fault.code != 40001:
                raise
            raise ConfigurationFault("secret: WeCom refuses it; copy it again from its page", code=40001) from None
        try:
            answer = response.json()
            lifetime = timedelta(seconds=int(answer["expires_in"]))
            return AccessToken(value=str(answer["access_token"]), expires_at=asked_at + lifetime)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise RetryLater("WeCom's answer to the token call cannot be read") from None


def _address(interface: str) -> str:
    return f"{WECOM}/cgi-bin/{interface}"


def _exchanged(call: Callable[[], requests.Response]) -> requests.Response:
    # The foreign errors are dropped ("from None") because their texts quote the address.
    try:
        response = call()
    except AssistantError:
        raise
    except requests.Timeout:
        raise RetryLater("WeCom did not answer in time") from None
    except (requests.RequestException, ValueError, TypeError):
        raise RetryLater("WeCom cannot be reached or understood") from None
    if response.status_code >= 500 or response.status_code == 429:
        raise RetryLater(f"WeCom answers with HTTP {response.status_code}")
    if response.status_code >= 400:
        raise ConfigurationFault(f"api_base_url: the address answers with HTTP {response.status_code}; check it")
    code = error_code(response)
    if code:
        raise fault_of(code)
    return response
