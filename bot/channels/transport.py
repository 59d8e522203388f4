"""The one place where calls leave for the platform: host, time-outs, token, size limit, and the one token retry.

wechatpy builds the calls; its own handling of these matters is broken (endless token retries, uploads repeated empty,
token fetches without time-out, API classes that override the host), so its session gets this adapter.
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter

from bot.channels.error_codes import TOKEN_REFUSED
from bot.errors import ConfigurationFault, RetryLater

PLATFORM = "https://api.weixin.qq.com"
WECOM = "https://qyapi.weixin.qq.com"
TOKEN_PARAMETER = "access_token"  # noqa: S105 - the parameter's name
_CONNECT_SECONDS = 3.05
_MAX_ANSWER_BYTES = 25 * 1024 * 1024  # the platform's media have at most 20 MB
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class AnswerTooLarge(RetryLater):
    """The platform's answer is larger than anything it should send."""


class TokenSource(Protocol):
    """Where calls get their token."""

    def current(self) -> str:
        """Return a valid token."""

    def replace(self, refused: str) -> str:
        """Return another one than the refused."""


class PlatformAdapter(HTTPAdapter):
    """Sends what was addressed to the platform to `base_url`, with a token where the call has a place for one."""

    def __init__(
        self, *, base_url: str, tokens: TokenSource, wait_seconds: float = 5.0, platform: str = PLATFORM
    ) -> None:
        """`wait_seconds` is the longest wait between two pieces of an answer; `platform` is what calls address."""
        super().__init__(max_retries=0)
        self._timeout = (min(_CONNECT_SECONDS, wait_seconds), wait_seconds)
        self._base_url = base_url.rstrip("/")
        self._tokens = tokens
        self._platform = platform

    def mount_on(self, session: requests.Session) -> None:
        """Let all of the session's calls pass here."""
        session.mount("https://", self)
        session.mount("http://", self)
        without_proxies(session, self._base_url)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one call; after a refused token once more.

        Raises RetryLater, ConfigurationFault, or what requests raises.
        """
        options = {"verify": verify, "cert": cert, "proxies": proxies}
        url = urlsplit(request.url or "")
        if f"{url.scheme}://{url.netloc}" != self._platform:
            raise ConfigurationFault("a call to another host than the platform was stopped")
        if TOKEN_PARAMETER not in dict(parse_qsl(url.query)):
            return self._exchange(request, None, options)
        if not isinstance(request.body, bytes | str | None):
            raise TypeError("a call's body must be in memory: a stream could not be sent twice")
        token = self._tokens.current()
        response = self._exchange(request, token, options)
        if error_code(response) in TOKEN_REFUSED:
            response = self._exchange(request, self._tokens.replace(token), options)
        return response

    def _exchange(
        self, request: requests.PreparedRequest, token: str | None, options: dict[str, Any]
    ) -> requests.Response:
        addressed = request.copy()
        addressed.url = self._address(request.url or "", token)
        response = super().send(addressed, stream=True, timeout=self._timeout, **options)
        if response.is_redirect:
            response.close()
            raise ConfigurationFault("api_base_url: it answers with a redirect; give the final address")
        _read(response)
        response.url = self._platform  # the real one holds the token, and texts of errors quote it
        response.request = request
        return response

    def _address(self, url: str, token: str | None) -> str:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if token is not None:
            query[TOKEN_PARAMETER] = token
        return f"{self._base_url}{parts.path}" + (f"?{urlencode(query)}" if query else "")


def without_proxies(session: requests.Session, base_url: str) -> None:
    """Keep calls to this very machine (the simulator) from a proxy that the environment names for the way out."""
    session.trust_env = urlsplit(base_url).hostname not in _LOOPBACK


def error_code(response: requests.Response) -> int:
    """Return the answer's `errcode`; 0 when it has none."""
    if response.content.lstrip()[:1] != b"{":
        return 0
    try:
        return int(json.loads(response.content).get("errcode", 0))
    except (ValueError, TypeError, RecursionError):
        return 0


def _read(response: requests.Response) -> None:
    """Read the body into the response, but never more than the limit."""
    pieces, size = [], 0
    for piece in response.iter_content(64 * 1024):
        size += len(piece)
        if size > _MAX_ANSWER_BYTES:
            response.close()
            raise AnswerTooLarge("the platform's answer is too large")
        pieces.append(piece)
    response._content = b"".join(pieces)
