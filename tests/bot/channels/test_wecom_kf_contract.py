"""The channel contract on a customer service account, against the twin over HTTP; and its callbacks."""

import pytest
from flask import Flask

from bot.channels.qyapi import QyApi
from bot.channels.tokens import MemoryTokenStore
from bot.channels.wecom_kf import WecomKfChannel
from bot.errors import RefusedInput
from bot.messages import Inbound
from bot.store.store import open_store
from console.platform.kf_phone import KfPhone
from console.platform.kf_routes import kf_pages
from console.platform.wecom_phone import WeComPhoneAccount
from console.platform.wecom_routes import corporation_pages
from tests.bot.channels.conftest import KEY, OTHER_KEY
from tests.bot.channels.contract import AnyChannelContract, FileContract, Post
from tests.bot.kf.place import APP, CORP, OTHER_POINT, POINT, SECRET, kf_account, kf_phone, kf_twin
from tests.served import served

_CODES = {"busy": -1, "closed": 95002, "permission": 48002}


class Over:
    """A turn that is over at once."""

    def wait(self, seconds: float) -> bool:
        return True


class KfRig:
    def __init__(self, channel, phone, twin):
        self.channel, self._phone, self._twin = channel, phone, twin
        self.heard: list[Inbound] = []

    def challenge(self, word):
        return self._phone.challenge(word)

    def text(self, contact, text, *, key):
        """A callback announces the message; the pump has fetched it when this returns."""
        delivery = self._phone.announce(POINT, self._twin.say(POINT, contact, text, key=key))
        self.fetch()
        return Post(query=delivery.query, body=delivery.body)

    def fetch(self):
        def begin(message):
            self.heard.append(message)
            return Over()

        self.channel.pumps[POINT].fetch(begin)

    def sent(self):
        return [("person-1", bubble.text) for bubble in self._twin.ledger.bubbles(POINT, "person-1")]

    def send_file(self, content):
        return self._twin.twin.keep_media(APP.id, "image", content)

    def files(self):
        bubbles = self._twin.ledger.bubbles(POINT, "person-1")
        return [("person-1", self._twin.twin.kept_media(APP.id, bubble.text)) for bubble in bubbles]

    def fail_next_upload(self, how):
        self._twin.twin.fail_next(APP.id, _CODES[how], interface="media/upload")

    def fail_next_fetch(self, how):
        self._twin.twin.fail_next(APP.id, _CODES[how], interface="media/get")

    def fail_next_send(self, how):
        self._twin.twin.fail_next(APP.id, _CODES[how], interface="kf/send_msg")


@pytest.fixture
def rig(tmp_path, clock, keys):
    twin, app = kf_twin(tmp_path, clock), Flask("customer-service")
    app.register_blueprint(corporation_pages(twin.twin))
    app.register_blueprint(kf_pages(twin))
    store = open_store(f"sqlite:///{tmp_path / 'assistant.db'}", keys)
    with served(app) as address:
        calls = QyApi(
            account="kf", corp_id=CORP, secret=SECRET, base_url=address, token_store=MemoryTokenStore(), clock=clock
        )
        account = kf_account(previous_encoding_aes_key=OTHER_KEY)
        yield KfRig(WecomKfChannel(account, store=store, calls=calls, clock=clock), kf_phone(clock), twin)
    store.close()


class TestWecomKf(AnyChannelContract, FileContract):
    def test_a_text_arrives_with_its_sender_and_key(self, rig):
        rig.text("person-1", "住院垫付等待期多久？", key="1001")
        [message] = rig.heard
        assert (message.account, message.contact, message.key) == ("kf", "person-1", "1001")
        assert message.text == "住院垫付等待期多久？"

    def test_a_callback_takes_no_turn_and_gets_success(self, rig):
        post = rig.text("person-1", "你好", key="1001")
        envelope = rig.channel.parse(post.query, post.body)
        assert envelope.inbound is None
        envelope.notice()
        assert rig.channel.wrap(envelope, None).body == b"success"

    def test_a_callback_delivered_four_times_fetches_a_message_once(self, rig):
        post = rig.text("person-1", "你好", key="1001")
        for _ in range(4):
            rig.channel.parse(post.query, post.body).notice()
            rig.fetch()
        assert [message.key for message in rig.heard] == ["1001"]


def test_the_callback_of_another_service_point_is_acknowledged_and_left(rig):
    delivery = kf_phone(rig._phone._now).announce(OTHER_POINT, "token")
    assert rig.channel.parse(delivery.query, delivery.body).inbound is None


def test_a_message_that_is_no_event_is_refused(rig):
    delivery = rig._phone.message("person-1", "text", Content="你好")
    with pytest.raises(RefusedInput):
        rig.channel.parse(delivery.query, delivery.body)


def test_a_callback_under_another_corporation_is_refused(rig, clock):
    stranger = WeComPhoneAccount(id="kf", corp_id="ww0000000000000002", token="callback-token", encoding_aes_key=KEY)
    delivery = KfPhone(stranger, clock=clock).announce(POINT, "token")
    with pytest.raises(RefusedInput):
        rig.channel.parse(delivery.query, delivery.body)
