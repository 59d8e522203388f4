"""Every shape of callback that the platforms describe is taken or acknowledged by the webhook; none becomes a 5xx."""

from types import SimpleNamespace

import pytest
from flask import Flask

from bot.webhook import webhooks
from tests.bot.channels.conftest import make_channel, make_phone
from tests.bot.channels.corporation import CORP, MEMBER, make_wecom_channel, make_wecom_phone
from tests.bot.channels.shapes import message_of, recipes

ACCOUNTS = {"wechat": "demo", "wecom": "staff", "kf": "staff"}
SHAPES = [
    pytest.param(account, fields, becomes, id=f"{platform}: {name}")
    for platform, account in ACCOUNTS.items()
    for name, fields, becomes in recipes(platform)
]


class Recording:
    def __init__(self):
        self.taken = []

    def take(self, inbound):
        self.taken.append(inbound)
        return SimpleNamespace(text="收到")


@pytest.fixture
def heads(clock):
    now = int(clock.now.timestamp())
    official = {"ToUserName": "gh_000000000001", "FromUserName": "oPerson", "CreateTime": now, "MsgId": "24001"}
    member = {"ToUserName": CORP, "FromUserName": MEMBER, "CreateTime": now, "MsgId": "7001", "AgentID": "1000002"}
    return {"demo": official, "staff": member}


@pytest.fixture
def turns():
    return Recording()


@pytest.fixture
def webhook(clock, turns):
    app = Flask("webhook")
    watcher = SimpleNamespace(input_refused=lambda account: None, store_unavailable=lambda: None)
    channels = {"demo": make_channel(clock), "staff": make_wecom_channel(clock)}
    app.register_blueprint(webhooks(channels=channels, turns=turns, watcher=watcher))
    return app.test_client()


def test_there_are_more_than_a_hundred_shapes():
    assert len(SHAPES) > 100


@pytest.mark.parametrize(("account", "fields", "becomes"), SHAPES)
def test_a_shape_is_taken(webhook, turns, heads, clock, account, fields, becomes):
    phone = {"demo": make_phone, "staff": make_wecom_phone}[account](clock)
    delivery = phone.deliver(message_of(fields, heads[account]))
    answers = [webhook.post(f"/webhooks/{account}", query_string=delivery.query, data=delivery.body) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    if becomes == "nothing":
        assert (turns.taken, {answer.data for answer in answers}) == ([], {b"success"})
        return
    assert len({inbound.key for inbound in turns.taken}) == 1
    kind, _, event = becomes.partition(" ")
    [inbound, *_] = turns.taken
    assert (inbound.kind, inbound.event) == (kind, event)
    assert {phone.read(answer.data) for answer in answers} == {"收到"}
