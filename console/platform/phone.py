"""A person's phone with WeChat's server behind it: it builds, signs and encrypts callbacks and reads the replies."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.channels.crypto import Sealer, is_signed, sign
from bot.channels.envelope import read, write_json, write_xml
from bot.clock import Clock, system_clock
from bot.errors import RefusedInput


class Mode(StrEnum):
    """How the account's callbacks travel, as chosen on the platform's page."""

    PLAIN = "plain"
    COMPATIBLE = "compatible"
    SAFE = "safe"


@dataclass(frozen=True, kw_only=True)
class PhoneAccount:
    """What the platform knows of one Official Account. Without a key, callbacks are plain."""

    id: str
    app_id: str
    token: str
    encoding_aes_key: str = ""
    own_id: str = "gh_000000000001"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One callback. A platform's retry is the same delivery posted again."""

    query: Mapping[str, str]
    body: bytes
    key: str


class Phone:
    """Speaks to one account's webhook as the platform does."""

    def __init__(
        self,
        account: PhoneAccount,
        *,
        mode: Mode | None = None,
        is_json: bool = False,
        clock: Clock = system_clock,
    ) -> None:
        self.account = account
        self._sealer = Sealer(account.encoding_aes_key, account.app_id) if account.encoding_aes_key else None
        self._mode = mode or (Mode.SAFE if self._sealer else Mode.PLAIN)
        self._write = write_json if is_json else write_xml
        self._clock = clock

    def challenge(self, word: str) -> dict[str, str]:
        """Return the query of the address check."""
        return {**self._signed(), "echostr": word}

    def text(self, contact: str, content: str, **more: str) -> Delivery:
        """Build a text message."""
        return self.message(contact, "text", Content=content, **more)

    def message(self, contact: str, kind: str, *, key: str = "", **fields: str) -> Delivery:
        """Build a message of any type, with the platform's own field names."""
        key = key or str(24_000_000_000_000_000 + secrets.randbelow(10**15))
        return self._delivery(contact, kind, key, {**fields, "MsgId": key})

    def event(self, contact: str, event: str, event_key: str = "", **fields: str) -> Delivery:
        """Build an event."""
        return self._delivery(contact, "event", "", {"Event": event, "EventKey": event_key, **fields})

    def deliver(self, message: bytes, key: str = "") -> Delivery:
        """Sign and encrypt any body, also one that is no message."""
        query = self._signed()
        if self._mode is Mode.PLAIN or self._sealer is None:
            return Delivery(query=query, body=message, key=key)
        sealed = self._sealer.seal(message)
        query["encrypt_type"] = "aes"
        query["msg_signature"] = sign(self.account.token, query["timestamp"], query["nonce"], sealed)
        body = self._write(ToUserName=self.account.own_id, Encrypt=sealed)
        if self._mode is Mode.COMPATIBLE and self._write is write_xml:
            body = message.removesuffix(b"</xml>") + body.removeprefix(
                f"<xml><ToUserName><![CDATA[{self.account.own_id}]]></ToUserName>".encode()
            )
        return Delivery(query=query, body=body, key=key)

    def read(self, body: bytes) -> str | None:
        """Return the text of a passive reply; None for "received". Raises RefusedInput where the platform would."""
        if body in (b"", b"success"):
            return None
        fields, _ = read(body)
        if self._sealer is not None and self._mode is not Mode.PLAIN:
            sealed = fields.get("Encrypt", "")
            parts = fields.get("TimeStamp", ""), fields.get("Nonce", ""), sealed
            if not is_signed(fields.get("MsgSignature", ""), self.account.token, *parts):
                raise RefusedInput("the reply's signature is wrong")
            fields, _ = read(self._sealer.open(sealed))
        if fields.get("MsgType") != "text" or fields.get("FromUserName") != self.account.own_id:
            raise RefusedInput("the reply is no text of this account")
        return fields.get("Content", "")

    def _delivery(self, contact: str, kind: str, key: str, fields: Mapping[str, str]) -> Delivery:
        message = self._write(
            ToUserName=self.account.own_id,
            FromUserName=contact,
            CreateTime=int(self._clock().timestamp()),
            MsgType=kind,
            **fields,
        )
        return self.deliver(message, key)

    def _signed(self) -> dict[str, str]:
        timestamp, nonce = str(int(self._clock().timestamp())), str(secrets.randbelow(10**10))
        return {"signature": sign(self.account.token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
