"""The Official Account's API as far as we call it: custom messages, media, unionids, the token itself."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from bot.channels.error_codes import fault_of
from bot.channels.tokens import AccessToken, Tokens, TokenStore
from bot.channels.transport import PLATFORM, AnswerTooLarge, PlatformAdapter, error_code
from bot.clock import Clock, system_clock
from bot.errors import AssistantError, ConfigurationFault, GiveUp, RetryLater
from bot.files import PICTURES, OutgoingFile
from bot.unionids import read

_BIZSEND, _BATCHGET = "message/subscribe/bizsend", "user/info/batchget"
_UNKNOWN_PERSON = 40003
_PLACEHOLDER = "given-by-the-adapter"
_CLOSED_FROM_SECONDS = 60.0  # a wait from this on closes the interface for everybody, not just for one call


@dataclass(frozen=True, kw_only=True)
class Media:
    """A file as the platform handed it over; its type is the platform's word and must be checked by content."""

    content: bytes
    content_type: str


class WeChatApi:
    """Calls the platform for one account. Every failure is a RetryLater, GiveUp or ConfigurationFault."""

    def __init__(
        self,
        *,
        account: str,
        app_id: str,
        app_secret: str,
        base_url: str,
        token_store: TokenStore,
        clock: Clock = system_clock,
        wait_seconds: float = 5.0,
    ) -> None:
        """`base_url` stands for https://api.weixin.qq.com; `wait_seconds` is the longest wait for an answer."""
        self._app_id = app_id
        self._app_secret = app_secret
        self._clock = clock
        self._closed_until: dict[str, datetime] = {}
        self._lock = threading.Lock()
        tokens = Tokens(account=account, fetch=self._fetch_token, store=token_store, clock=clock)
        # The adapter puts the real token in. A token given here keeps wechatpy from ever fetching one itself, and
        # without auto_retry it cannot repeat a refused call for ever.
        self._client = WeChatClient(app_id, app_secret, access_token=_PLACEHOLDER, auto_retry=False)
        self._session: requests.Session = self._client._http
        PlatformAdapter(base_url=base_url, tokens=tokens, wait_seconds=wait_seconds).mount_on(self._session)

    def send_text(self, contact: str, text: str) -> None:
        """Send one custom text message."""
        answer = self._call("message/custom/send", lambda: self._client.message.send_text(contact, text))
        if not isinstance(answer, dict) or answer.get("errcode") != 0:
            raise RetryLater("the platform's answer cannot be read")

    def send_template(self, contact: str, template_id: str, fields: Mapping[str, str], *, key: str) -> str:
        """Send one template message and return its number; the platform sends what repeats `key` no second time."""
        order = {
            "touser": contact,
            "template_id": template_id,
            "client_msg_id": key,
            "data": {name: {"value": value} for name, value in fields.items()},
        }
        answer = self._call("message/template/send", lambda: self._client.post("message/template/send", data=order))
        if not isinstance(answer, dict) or answer.get("errcode") != 0:
            raise RetryLater("the platform's answer cannot be read")
        return str(answer.get("msgid", ""))

    def send_subscribed(self, contact: str, template_id: str, fields: Mapping[str, str]) -> str:
        """Send one subscription message, which uses up one of the person's consents; return its number, or ""."""
        order = {
            "touser": contact,
            "template_id": template_id,
            "data": {name: {"value": value} for name, value in fields.items()},
        }
        answer = self._call(_BIZSEND, lambda: self._client.post(_BIZSEND, data=order))
        if not isinstance(answer, dict) or answer.get("errcode") != 0:
            raise RetryLater("the platform's answer cannot be read")
        return str(answer.get("msgid", ""))

    def send_picture(self, contact: str, file: OutgoingFile) -> None:
        """Upload a picture (JPEG or PNG, up to 10 MB) and send it."""
        media_id = self.upload("image", file.content, name=f"picture.{PICTURES[file.media_type]}")
        answer = self._call("message/custom/send", lambda: self._client.message.send_image(contact, media_id))
        if not isinstance(answer, dict) or answer.get("errcode") != 0:
            raise RetryLater("the platform's answer cannot be read")

    def unionids(self, contacts: Sequence[str]) -> dict[str, str]:
        """Return the unionids of up to 100 followers: "" for one who has none, nothing for who follows no more."""
        try:
            order = {"user_list": [{"openid": contact} for contact in contacts]}
            answer = self._call(_BATCHGET, lambda: self._client.post(_BATCHGET, data=order))
        except GiveUp as fault:
            if fault.code != _UNKNOWN_PERSON:
                raise
            # One whom the platform does not know spoils the answer about all the others.
            half = len(contacts) // 2
            return {**self.unionids(contacts[:half]), **self.unionids(contacts[half:])} if half else {}
        lines = answer.get("user_info_list") if isinstance(answer, dict) else None
        if not isinstance(lines, list):
            raise RetryLater("the platform's answer cannot be read")
        gone = {line.get("openid") for line in lines if isinstance(line, dict) and line.get("subscribe") != 1}
        return {contact: told for contact, told in read(lines, name="openid").items() if told or contact not in gone}

    def upload(self, kind: str, content: bytes, *, name: str = "media.jpg") -> str:
        """Store a file (`image`, `voice`, `video`, `thumb`) for three days and return its media id.

        The platform looks at the name's ending.
        """
        answer = self._call("media/upload", lambda: self._client.media.upload(kind, (name, content)))
        if not isinstance(answer, dict) or not isinstance(answer.get("media_id"), str):
            raise RetryLater("the platform's answer cannot be read")
        return str(answer["media_id"])

    def download(self, media_id: str) -> Media:
        """Fetch a file that a person sent. The platform keeps it for three days."""
        answer = self._call("media/get", lambda: self._client.media.download(media_id))
        if not isinstance(answer, requests.Response):
            raise RetryLater("the platform's answer cannot be read")
        return Media(content=answer.content, content_type=answer.headers.get("Content-Type", ""))

    def fetch_media(self, media_id: str) -> bytes:
        """Return the content of a file that a person sent. Raises GiveUp when it is gone or far too large."""
        try:
            return self.download(media_id).content
        except AnswerTooLarge as fault:
            raise GiveUp("the file is too large") from fault

    def _call(self, interface: str, call: Callable[[], Any]) -> Any:
        closed_until = self._closed_until.get(interface)
        if closed_until and closed_until > self._clock():
            wait_seconds = (closed_until - self._clock()).total_seconds()
            raise RetryLater("the platform has closed this interface for now", wait_seconds=wait_seconds)
        try:
            return _translated(call, self._clock)
        except RetryLater as fault:
            if (fault.wait_seconds or 0) >= _CLOSED_FROM_SECONDS:
                with self._lock:
                    self._closed_until[interface] = self._clock() + timedelta(seconds=fault.wait_seconds or 0)
            raise

    def _fetch_token(self, force: bool) -> AccessToken:
        """Ask for the stable token (POST JSON), which wechatpy does not know."""
        order = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._app_secret,
            "force_refresh": force,
        }
        asked_at = self._clock()
        response = _translated(lambda: self._session.post(f"{PLATFORM}/cgi-bin/stable_token", json=order), self._clock)
        _check_status(response.status_code)
        code = error_code(response)
        if code in (40001, 40125):
            raise ConfigurationFault("app_secret: the platform refuses it; copy it again from its page", code=code)
        if code:
            raise fault_of(code, now=self._clock())
        try:
            answer = response.json()
            lifetime = timedelta(seconds=int(answer["expires_in"]))
            return AccessToken(value=str(answer["access_token"]), expires_at=asked_at + lifetime)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise RetryLater("the platform's answer to the token call cannot be read") from None


def _translated(call: Callable[[], Any], clock: Clock) -> Any:
    # The foreign errors are dropped ("from None") because their texts quote the address with the token in it.
    try:
        return call()
    except AssistantError:
        raise
    except WeChatClientException as fault:
        if fault.errcode is None:
            _check_status(fault.response.status_code)
            raise RetryLater("the platform's answer cannot be read") from None
        raise fault_of(int(fault.errcode), now=clock()) from None
    except requests.Timeout:
        raise RetryLater("the platform did not answer in time") from None
    except (requests.RequestException, ValueError, TypeError, RecursionError):
        raise RetryLater("the platform cannot be reached or understood") from None


def _check_status(status: int) -> None:
    if status >= 500 or status == 429:
        raise RetryLater(f"the platform answers with HTTP {status}")
    if status >= 400:
        raise ConfigurationFault(f"api_base_url: the address answers with HTTP {status}; check it")
