"""The channel contract on the Official Account (against the twin, over HTTP) and on the fake channel."""

import json

import pytest

from bot.errors import ConfigurationFault, GiveUp, RetryLater
from console.platform.phone import Mode
from tests.bot.channels.conftest import APP_ID, make_channel, make_phone
from tests.bot.channels.contract import ChannelContract, FileContract, Post
from tests.fake_channel import FakeChannel

_CODES = {"busy": -1, "closed": 45015, "permission": 48001}
_ERRORS = {"busy": RetryLater, "closed": GiveUp, "permission": ConfigurationFault}


class WeChatRig:
    def __init__(self, channel, phone, twin):
        self.channel, self._phone, self._twin = channel, phone, twin

    def challenge(self, word):
        return self._phone.challenge(word)

    def text(self, contact, text, *, key):
        self._twin.hear(APP_ID, contact)
        delivery = self._phone.message(contact, "text", key=key, Content=text)
        return Post(query=delivery.query, body=delivery.body)

    def event(self, contact, event):
        delivery = self._phone.event(contact, event)
        return Post(query=delivery.query, body=delivery.body)

    def read(self, wrapped):
        return self._phone.read(wrapped.body)

    def sent(self):
        return [("person-1", bubble.text) for bubble in self._twin.ledger.bubbles(APP_ID, "person-1")]

    def send_file(self, content):
        return self._twin.keep_media(APP_ID, "image", content)

    def files(self):
        return [
            ("person-1", self._twin.kept_media(APP_ID, bubble.text))
            for bubble in self._twin.ledger.bubbles(APP_ID, "person-1")
        ]

    def fail_next_upload(self, how):
        self._twin.fail_next(APP_ID, _CODES[how], interface="media/upload")

    def fail_next_fetch(self, how):
        self._twin.fail_next(APP_ID, _CODES[how], interface="media/get")

    def fail_next_send(self, how):
        self._twin.fail_next(APP_ID, _CODES[how])


class FakeRig:
    def __init__(self):
        self.channel = FakeChannel()

    def challenge(self, word):
        return {"seal": "good", "echostr": word}

    def text(self, contact, text, *, key):
        return self._post(contact=contact, text=text, key=key)

    def event(self, contact, event):
        return self._post(contact=contact, kind="event", event=event, key=f"{contact}-{event}")

    def read(self, wrapped):
        return wrapped.body.decode()

    def sent(self):
        return self.channel.sent

    def send_file(self, content):
        self.channel.media["m"] = content
        return "m"

    def files(self):
        return [(contact, file.content) for contact, file in self.channel.files]

    def fail_next_upload(self, how):
        self.fail_next_send(how)

    def fail_next_fetch(self, how):
        self.fail_next_send(how)

    def fail_next_send(self, how):
        self.channel.failures.append(_ERRORS[how]())

    def _post(self, **fields):
        return Post(query={"seal": "good"}, body=json.dumps(fields).encode())


WAYS = {
    "safe mode": {},
    "compatible mode": {"mode": Mode.COMPATIBLE},
    "safe mode in JSON": {"is_json": True},
    "plain mode": {"key": ""},
    "plain mode in JSON": {"key": "", "is_json": True},
}


class TestWeChat(ChannelContract):
    @pytest.fixture(params=list(WAYS))
    def rig(self, request, serving, api, clock):
        how = dict(WAYS[request.param])
        channel = make_channel(clock, sender=api, **{"key": how["key"]} if "key" in how else {})
        return WeChatRig(channel, make_phone(clock, **how), serving.twin)


class TestFilesOnWeChat(FileContract):
    @pytest.fixture
    def rig(self, serving, api, clock):
        return WeChatRig(make_channel(clock, sender=api), make_phone(clock), serving.twin)


class TestFakeChannel(ChannelContract, FileContract):
    @pytest.fixture
    def rig(self):
        return FakeRig()
