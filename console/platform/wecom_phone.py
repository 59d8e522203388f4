"""A member's phone with WeCom's server behind it: it seals callbacks to an application and reads the replies."""

import secrets
from dataclasses import dataclass

from bot.channels.crypto import Sealer, is_signed, sign
from bot.channels.envelope import read, write_xml
from bot.clock import Clock, system_clock
from bot.errors import RefusedInput
from console.platform.phone import Delivery


@dataclass(frozen=True, kw_only=True)
class WeComPhoneAccount:
    """What WeCom knows of one application's address for callbacks. No agent id: the customer service."""

    id: str
    corp_id: str
    token: str
    encoding_aes_key: str
    agent_id: int = 0

    @property
    def app_id(self) -> str:
        """What the twin files everything of this application under."""
        return f"{self.corp_id}/{self.agent_id or 'kf'}"


class WeComPhone:
    """Speaks to one account's webhook as WeCom does."""

    def __init__(self, account: WeComPhoneAccount, *, clock: Clock = system_clock) -> None:
        self.account = account
        self._sealer = Sealer(account.encoding_aes_key, account.corp_id)
        self._clock = clock

    def challenge(self, word: str) -> dict[str, str]:
        """Return the query of the address check, with the word sealed in it."""
        sealed = self._sealer.seal(word.encode())
        return {**self._signed(sealed), "echostr": sealed}

    def text(self, contact: str, content: str, **more: str) -> Delivery:
        """Build a text message."""
        return self.message(contact, "text", Content=content, **more)

    def message(self, contact: str, kind: str, *, key: str = "", **fields: str) -> Delivery:
        """Build a message of any type, with WeCom's own field names."""
        key = key or str(7_000_000_000_000_000_000 + secrets.randbelow(10**15))
        return self._delivery(contact, kind, key, MsgId=key, **fields)

    def event(self, contact: str, event: str, event_key: str = "", **fields: str) -> Delivery:
        """Build an event."""
        return self._delivery(contact, "event", "", Event=event, EventKey=event_key, **fields)

    def deliver(self, message: bytes, key: str = "") -> Delivery:
        """Seal and sign any body, also one that is no message."""
        sealed = self._sealer.seal(message)
        body = write_xml(ToUserName=self.account.corp_id, Encrypt=sealed, AgentID=str(self.account.agent_id or ""))
        return Delivery(query=self._signed(sealed), body=body, key=key)

    def read(self, body: bytes) -> str | None:
        """Return the text of a passive reply; None for "received". Raises RefusedInput where WeCom would."""
        if body in (b"", b"success"):
            return None
        outer, _ = read(body)
        sealed = outer.get("Encrypt", "")
        parts = outer.get("TimeStamp", ""), outer.get("Nonce", ""), sealed
        if not is_signed(outer.get("MsgSignature", ""), self.account.token, *parts):
            raise RefusedInput("the reply's signature is wrong")
        fields, _ = read(self._sealer.open(sealed))
        if fields.get("MsgType") != "text" or fields.get("FromUserName") != self.account.corp_id:
            raise RefusedInput("the reply is no text of this corporation")
        return fields.get("Content", "")

    def _delivery(self, contact: str, kind: str, key: str, **fields: str) -> Delivery:
        about = {"AgentID": str(self.account.agent_id)} if self.account.agent_id else {}
        message = write_xml(
            ToUserName=self.account.corp_id,
            FromUserName=contact,
            CreateTime=int(self._clock().timestamp()),
            MsgType=kind,
            **{**about, **fields},
        )
        return self.deliver(message, key)

    def _signed(self, sealed: str) -> dict[str, str]:
        timestamp, nonce = str(int(self._clock().timestamp())), str(secrets.randbelow(10**10))
        signature = sign(self.account.token, timestamp, nonce, sealed)
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}
