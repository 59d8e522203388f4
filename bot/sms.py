"""Text messages by a vendor-neutral gateway: signed JSON as in docs/insurer-api.yaml; and a twin that only logs."""

from typing import Protocol

import structlog

from bot.errors import GiveUp, RetryLater
from bot.signed_api import SignedApi

log = structlog.get_logger()

_PATH = "/messages"


class SmsSender(Protocol):
    """Sends text messages to phones."""

    def send(self, phone: str, text: str, *, key: str) -> None:
        """Send one; the gateway sends what comes with a known `key` no second time.

        Raises RetryLater, GiveUp (this phone will not take it) or ConfigurationFault.
        """


class SmsGateway:
    """The real one: POST {"key", "phone", "text"} → {"accepted": true} or {"accepted": false, "retry": bool}."""

    def __init__(self, api: SignedApi) -> None:
        self._api = api

    def send(self, phone: str, text: str, *, key: str) -> None:
        """See SmsSender."""
        answer = self._api.ask(_PATH, {"key": key, "phone": phone, "text": text})
        if isinstance(answer, dict) and answer.get("accepted") is True:
            return
        if isinstance(answer, dict) and answer.get("accepted") is False and answer.get("retry") is not True:
            raise GiveUp("the SMS gateway will not take this")
        raise RetryLater("the SMS gateway did not take it now")


class LoggedSms:
    """The demo's twin: it tells the log that a message would have gone, and nothing of it."""

    def send(self, phone: str, text: str, *, key: str) -> None:
        """See SmsSender."""
        log.info("sms not sent in the demo", key=key, characters=len(text))
