"""The way of a message through each channel: sealed by the platform's twin, opened by the channel, the reply back.

WeChat customer service answers nothing in the exchange of a callback: its way is in `tests.kf_line`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.channel import Channel, Envelope
from bot.clock import Clock
from bot.messages import Inbound, Kind
from console.platform.phone import Delivery, Phone
from console.platform.wecom_phone import WeComPhone
from tests.bot.channels.conftest import make_channel, make_phone
from tests.bot.channels.corporation import make_wecom_channel, make_wecom_phone
from tests.bot.channels.test_web_chat import make_channel as make_web_chat
from tests.bot.channels.test_web_chat import signed

_PERSON = "o-person"
_MESSAGES = {Kind.IMAGE: "image", Kind.FILE: "file", Kind.VOICE: "voice"}


@dataclass(kw_only=True)
class CallbackWire:
    """Official Accounts and applications: one sealed callback, the reply in its answer."""

    channel: Channel
    phone: Phone | WeComPhone
    hears_speech: bool
    _envelope: Envelope | None = None

    def carries(self, message: Inbound) -> bool:
        """Whether this platform knows such a message: WeCom recognises no speech."""
        return self.hears_speech or message.kind is not Kind.VOICE or not message.text

    def carried(self, message: Inbound) -> Inbound:
        """Return the message as it comes out of the channel."""
        delivery = self._delivery(message)
        self._envelope = self.channel.parse(delivery.query, delivery.body)
        inbound = self._envelope.inbound
        assert inbound is not None
        return inbound

    def answered(self, reply: str) -> str:
        """Return the passive reply as the person reads it."""
        assert self._envelope is not None
        return self.phone.read(self.channel.wrap(self._envelope, reply or None).body) or ""

    def _delivery(self, message: Inbound) -> Delivery:
        if message.kind is Kind.TEXT:
            return self.phone.text(_PERSON, message.text)
        if message.kind is Kind.EVENT:
            return self.phone.event(_PERSON, message.event, message.event_key)
        fields = {"Recognition": message.text} if message.kind is Kind.VOICE and message.text else {}
        return self.phone.message(_PERSON, _MESSAGES[message.kind], MediaId=message.media_id, **fields)


@dataclass(kw_only=True)
class WebChatWire:
    """The web chat: JSON under a signed token, the reply in its answer."""

    clock: Clock
    channel: Channel
    _envelope: Envelope | None = None

    def carries(self, message: Inbound) -> bool:
        """Whether the web chat knows such a message: no speech, and no events but the first."""
        return message.kind in (Kind.TEXT, Kind.IMAGE, Kind.FILE) or message.event == "subscribe"

    def carried(self, message: Inbound) -> Inbound:
        """Return the message as it comes out of the channel."""
        said = {"text": message.text} if message.kind is Kind.TEXT else {"event": message.event}
        if message.kind in _MESSAGES:
            said = {"kind": _MESSAGES[message.kind], "file": message.media_id}
        body = json.dumps({"key": "m-1", **said}).encode()
        self._envelope = self.channel.parse({"token": signed(self.clock, _PERSON)}, body)
        inbound = self._envelope.inbound
        assert inbound is not None
        return inbound

    def answered(self, reply: str) -> str:
        """Return the passive reply as the person reads it."""
        assert self._envelope is not None
        messages = json.loads(self.channel.wrap(self._envelope, reply or None).body)["messages"]
        return messages[0]["text"] if messages else ""


Wire = CallbackWire | WebChatWire
WIRES: Mapping[str, Callable[[Any], Wire]] = {
    "wechat": lambda clock: CallbackWire(channel=make_channel(clock), phone=make_phone(clock), hears_speech=True),
    "wecom": lambda clock: CallbackWire(
        channel=make_wecom_channel(clock), phone=make_wecom_phone(clock), hears_speech=False
    ),
    "web_chat": lambda clock: WebChatWire(clock=clock, channel=make_web_chat(None, clock)),
}


def through(wire: Wire, message: Inbound) -> Inbound:
    """Return the message as the channel gives it, for the account and person of the transcript."""
    return replace(wire.carried(message), account=message.account, contact=message.contact)
