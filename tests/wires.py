"""The way of a message through each channel: sealed by the platform's twin, opened by the channel, the reply back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.channel import Channel, Envelope
from bot.clock import Clock
from bot.kf import items, menus
from bot.messages import Inbound, Kind
from console.platform.phone import Delivery, Phone
from console.platform.wecom_phone import WeComPhone
from tests.bot.channels.conftest import make_channel, make_phone
from tests.bot.channels.corporation import make_wecom_channel, make_wecom_phone
from tests.bot.channels.test_web_chat import make_channel as make_web_chat
from tests.bot.channels.test_web_chat import signed

_PERSON = "o-person"
_MESSAGES = {Kind.IMAGE: "image", Kind.FILE: "file", Kind.VOICE: "voice"}
_SERVICE_POINT = "wkAAAA"


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
class ServiceWire:
    """WeChat customer service: a line of the platform's list; the reply leaves by the API, as a text or a menu."""

    clock: Clock

    def carries(self, message: Inbound) -> bool:
        """Whether this platform knows such a message: no recognised speech, and other events."""
        return message.kind is not Kind.EVENT and (message.kind is not Kind.VOICE or not message.text)

    def carried(self, message: Inbound) -> Inbound:
        """Return the message as it comes out of the list."""
        name = str(message.kind)
        part = {"content": message.text} if message.kind is Kind.TEXT else {"media_id": message.media_id}
        line = {
            "msgid": "m-1", "open_kfid": _SERVICE_POINT, "external_userid": "wm-person", "origin": 3,
            "send_time": int(self.clock().timestamp()), "msgtype": name, name: part,
        }  # fmt: skip
        item = items.read(line, account="service", open_kfid=_SERVICE_POINT, open_kfids=(_SERVICE_POINT,))
        assert item is not None
        return item.inbound

    def answered(self, reply: str) -> str:
        """Return the reply as the person reads it: where it has choices, a menu that says the same."""
        menu = menus.menu_of(reply, "m-2") if reply else None
        return reply if menu is None else _read(menu, reply)


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


Wire = CallbackWire | ServiceWire | WebChatWire
WIRES: Mapping[str, Callable[[Any], Wire]] = {
    "wechat": lambda clock: CallbackWire(channel=make_channel(clock), phone=make_phone(clock), hears_speech=True),
    "wecom": lambda clock: CallbackWire(
        channel=make_wecom_channel(clock), phone=make_wecom_phone(clock), hears_speech=False
    ),
    "wecom_kf": lambda clock: ServiceWire(clock=clock),
    "web_chat": lambda clock: WebChatWire(clock=clock, channel=make_web_chat(None, clock)),
}


def through(wire: Wire, message: Inbound) -> Inbound:
    """Return the message as the channel gives it, for the account and person of the transcript."""
    return replace(wire.carried(message), account=message.account, contact=message.contact)


def _read(menu: Mapping[str, Any], reply: str) -> str:
    shown = [menu.get("head_content", ""), *(_words(entry) for entry in menu["list"]), menu.get("tail_content", "")]
    # The menu leaves out the numbers that a click replaces; every word of the reply must be in it.
    lacking = [line for line in reply.split("\n") if line.strip(" 0123456789.、）)") not in "\n".join(shown)]
    assert not lacking, f"the menu lacks {lacking}: {shown}"
    return reply


def _words(entry: Mapping[str, Any]) -> str:
    return str(entry[entry["type"]].get("content", ""))
