"""The Official Account of the channel tests: its secrets, its phone, and the platform's twin over real HTTP."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from flask import Flask

from bot.channels.tokens import MemoryTokenStore
from bot.channels.wechat import Secrets, WeChatChannel
from bot.channels.wechat_api import WeChatApi
from console.platform.ledger import Ledger
from console.platform.phone import Phone, PhoneAccount
from console.platform.routes import platform
from console.platform.twin import Twin
from tests.clocks import FixedClock
from tests.served import served

APP_ID, APP_SECRET, TOKEN = "wx0000000000000001", "app-secret-of-a-test", "callback-token"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OTHER_KEY = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcbA"


class OpenBox:
    """A box that seals nothing, so that tests can look inside."""

    def seal(self, plain: bytes, *, place: str) -> bytes:
        return plain

    def open(self, sealed: bytes, *, place: str) -> bytes:
        return sealed


class Silent:
    """A sender for channels that only read and wrap."""

    def send_text(self, contact: str, text: str) -> None:
        raise AssertionError("nothing is sent here")


@dataclass(frozen=True, kw_only=True)
class ServedTwin:
    """The platform's twin and where it answers."""

    twin: Twin
    app: Flask
    address: str


@pytest.fixture
def clock():
    return FixedClock(datetime(2026, 9, 30, 8, 50, tzinfo=UTC))


@pytest.fixture
def channel(clock):
    """A safe-mode account with a current and a previous key."""
    return make_channel(clock, key=KEY, previous=OTHER_KEY)


@pytest.fixture
def phone(clock):
    return make_phone(clock)


@pytest.fixture
def serving(tmp_path, clock):
    twin = Twin(ledger=Ledger(tmp_path / "twin.sqlite3", OpenBox()), secrets_by_app={APP_ID: APP_SECRET}, clock=clock)
    app = Flask("twin")
    app.register_blueprint(platform(twin), url_prefix="/simulator/platform")
    with served(app) as address:
        yield ServedTwin(twin=twin, app=app, address=f"{address}/simulator/platform")


@pytest.fixture
def api(serving, clock):
    return make_api(serving.address, clock)


def make_channel(clock, *, key=KEY, previous="", sender=None):
    shared = Secrets(app_id=APP_ID, token=TOKEN, encoding_aes_key=key, previous_encoding_aes_key=previous)
    return WeChatChannel(account="demo", shared=shared, sender=sender or Silent(), clock=clock)


def make_phone(clock, *, key=KEY, app_id=APP_ID, token=TOKEN, **how):
    return Phone(PhoneAccount(id="demo", app_id=app_id, token=token, encoding_aes_key=key), clock=clock, **how)


def make_api(address, clock, *, secret=APP_SECRET, store=None, **how):
    return WeChatApi(
        account="demo",
        app_id=APP_ID,
        app_secret=secret,
        base_url=address,
        token_store=store or MemoryTokenStore(),
        clock=clock,
        **how,
    )
