"""The channel contract on a WeCom application, against the twin over HTTP."""

from contextlib import contextmanager

import pytest
from flask import Flask

from console.platform.wecom_routes import corporation_pages
from tests.bot.channels.conftest import KEY, OTHER_KEY
from tests.bot.channels.contract import ChannelContract, FileContract, Post
from tests.bot.channels.corporation import (
    APP,
    make_corporation,
    make_messages,
    make_wecom_channel,
    make_wecom_phone,
)
from tests.served import served

_CODES = {"busy": -1, "closed": 60111, "permission": 48002}


class WeComRig:
    def __init__(self, channel, phone, twin):
        self.channel, self._phone, self._twin = channel, phone, twin

    def challenge(self, word):
        return self._phone.challenge(word)

    def text(self, contact, text, *, key):
        self._twin.meet(APP.id, contact)
        delivery = self._phone.message(contact, "text", key=key, Content=text)
        return Post(query=delivery.query, body=delivery.body)

    def event(self, contact, event):
        delivery = self._phone.event(contact, event)
        return Post(query=delivery.query, body=delivery.body)

    def read(self, wrapped):
        return self._phone.read(wrapped.body)

    def sent(self):
        return [("person-1", bubble.text) for bubble in self._twin.ledger.bubbles(APP.id, "person-1")]

    def send_file(self, content):
        return self._twin.keep_media(APP.id, "image", content)

    def files(self):
        bubbles = self._twin.ledger.bubbles(APP.id, "person-1")
        return [("person-1", self._twin.kept_media(APP.id, bubble.text)) for bubble in bubbles]

    def fail_next_upload(self, how):
        self._twin.fail_next(APP.id, _CODES[how], interface="media/upload")

    def fail_next_fetch(self, how):
        self._twin.fail_next(APP.id, _CODES[how], interface="media/get")

    def fail_next_send(self, how):
        self._twin.fail_next(APP.id, _CODES[how], interface="message/send")


@contextmanager
def rigged(folder, clock, key=KEY):
    twin, app = make_corporation(folder, clock), Flask("corporation")
    app.register_blueprint(corporation_pages(twin))
    with served(app) as address:
        channel = make_wecom_channel(clock, key=KEY, previous=OTHER_KEY, messages=make_messages(address, clock))
        yield WeComRig(channel, make_wecom_phone(clock, key=key), twin)


class TestWeCom(ChannelContract):
    @pytest.fixture(params=[KEY, OTHER_KEY], ids=["current key", "previous key"])
    def rig(self, request, tmp_path, clock):
        with rigged(tmp_path, clock, request.param) as rig:
            yield rig


class TestFilesOnWeCom(FileContract):
    @pytest.fixture
    def rig(self, tmp_path, clock):
        with rigged(tmp_path, clock) as rig:
            yield rig
