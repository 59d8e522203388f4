"""The counter reached as the platform reaches it: each message is signed, encrypted and posted to the webhook."""

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import Flask

from bot.channels.wechat import Secrets, WeChatChannel
from bot.machine import Machine
from bot.messages import Outcome, Turn
from console.platform.phone import Phone, PhoneAccount
from tests.handlers.counters import ACCOUNT, PERSON, PHOTO, Counter
from tests.served import served
from tests.service_desk import ServiceDesk

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ANYBODY = PhoneAccount(id=ACCOUNT, app_id="wx0000000000000001", token="a-token", encoding_aes_key=KEY)


class NoSender:
    """Sends and fetches nothing: replies travel back in the same exchange."""

    def send_text(self, contact: str, text: str) -> None:
        raise AssertionError("a reply left by another way")

    def fetch_media(self, media_id: str) -> bytes:
        raise AssertionError("nobody fetches here")


@dataclass
class Watched:
    """A handler that keeps what was decided last."""

    respond: Callable[[Turn], Outcome]
    outcomes: list[Outcome] = field(default_factory=list)

    def __call__(self, turn: Turn) -> Outcome:
        self.outcomes.append(self.respond(turn))
        return self.outcomes[-1]


@dataclass
class WebhookCounter(Counter):
    """One person's conversation over HTTP; what it keeps is seen at the handler."""

    address: str = ""
    handler: Watched | None = None

    def hear(self, text: str, *, is_spoken: bool = False) -> str:
        self.desk.clock.move(seconds=35)
        phone = Phone(ANYBODY, clock=self.desk.clock)
        if text == PHOTO:
            sent = phone.message(PERSON, "image", PicUrl="", MediaId="photo")
        elif is_spoken:
            sent = phone.message(PERSON, "voice", MediaId="voice", Format="amr", Recognition=text)
        else:
            sent = phone.text(PERSON, text)
        url = f"{self.address}/webhooks/{ACCOUNT}?{urlencode(sent.query)}"
        with urllib.request.urlopen(urllib.request.Request(url, data=sent.body), timeout=30) as answer:
            reply = phone.read(answer.read()) or ""
        assert self.handler is not None
        self.keep(self.handler.outcomes[-1])
        return reply


@contextmanager
def webhook_counter(desk: ServiceDesk) -> Iterator[WebhookCounter]:
    """Serve a desk's store by HTTP, on its clock."""
    handler = Watched(desk.respond)
    shared = Secrets(app_id=ANYBODY.app_id, token=ANYBODY.token, encoding_aes_key=KEY)
    channel = WeChatChannel(account=ACCOUNT, shared=shared, sender=NoSender(), clock=desk.clock)
    machine = Machine(
        store=desk.store, channels={ACCOUNT: channel}, handler=handler, clock=desk.clock, budget_seconds=60
    )
    app = Flask("counter")
    for blueprint in machine.blueprints():
        app.register_blueprint(blueprint)
    machine.start()
    try:
        with served(app) as address:
            yield WebhookCounter(desk=desk, address=address, handler=handler)
    finally:
        machine.stop()
