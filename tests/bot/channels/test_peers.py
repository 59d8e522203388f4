"""Two independent clients (npm) encrypt to the webhook and decrypt from it."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from bot.channels.crypto import sign
from bot.channels.envelope import read, write_xml
from bot.webhook import webhooks
from tests.bot.channels.conftest import APP_ID, KEY, TOKEN, make_channel
from tests.bot.channels.corporation import AGENT, CORP, make_wecom_channel

PEERS = Path(__file__).parents[2] / "peers"
NAMES = ("@wecom/crypto", "wechat-crypto")
TEXTS = ("等待期多久", "a", "", "]]> <b>&amp;", "𠮷😀" * 200, "x" * 1900, *("长" * size for size in range(1, 40)))


class Peer:
    """A running node process that has one peer's functions."""

    def __init__(self, process, name):
        self._process, self._name = process, name

    def __call__(self, do, **order):
        line = json.dumps({"peer": self._name, "do": do, "token": TOKEN, "key": KEY, "id": APP_ID} | order)
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@pytest.fixture(scope="module")
def node():
    if not all((PEERS / "node_modules" / name).is_dir() for name in NAMES):
        pytest.skip("SKIPPED: the npm peers are not installed (tests/install_tools.sh runs `npm ci` in tests/peers)")
    with subprocess.Popen(
        ["node", "--no-deprecation", "peer.js"],
        cwd=PEERS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture(params=NAMES)
def peer(node, request):
    return Peer(node, request.param)


class Echo:
    """Turns that answer with what was said."""

    def take(self, inbound):
        return SimpleNamespace(text=f"您说：{inbound.text}。")


@pytest.fixture
def webhook(clock):
    app = Flask("echo")
    watcher = SimpleNamespace(input_refused=lambda account: None, store_unavailable=lambda: None)
    channels = {"demo": make_channel(clock), "staff": make_wecom_channel(clock)}
    app.register_blueprint(webhooks(channels=channels, turns=Echo(), watcher=watcher))
    return app.test_client()


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{len(text.encode())} bytes")
def test_a_peer_talks_to_the_webhook(peer, webhook, clock, text):
    now = int(clock.now.timestamp())
    message = write_xml(
        ToUserName="gh_1", FromUserName="oPeer", CreateTime=now, MsgType="text", Content=text, MsgId="24001"
    )
    sealed = peer("seal", message=message.decode())
    signature = peer("sign", timestamp=str(now), nonce="486452656", sealed=sealed)
    query = {"timestamp": now, "nonce": "486452656", "msg_signature": signature, "encrypt_type": "aes"}
    query["signature"] = sign(TOKEN, str(now), "486452656")
    answer = webhook.post("/webhooks/demo", query_string=query, data=write_xml(ToUserName="gh_1", Encrypt=sealed))
    outer, _ = read(answer.data)
    expected = peer("sign", timestamp=outer["TimeStamp"], nonce=outer["Nonce"], sealed=outer["Encrypt"])
    assert outer["MsgSignature"] == expected
    opened = peer("open", sealed=outer["Encrypt"])
    assert opened["id"] == APP_ID
    inner, _ = read(opened["message"].encode())
    assert (inner["ToUserName"], inner["Content"]) == ("oPeer", f"您说：{text}。")


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{len(text.encode())} bytes")
def test_a_peer_talks_to_an_application(peer, webhook, clock, text):
    now = int(clock.now.timestamp())
    message = write_xml(
        ToUserName=CORP, FromUserName="LiHua", CreateTime=now, MsgType="text", Content=text, MsgId="7001", AgentID=AGENT
    )
    sealed = peer("seal", message=message.decode(), id=CORP)
    signature = peer("sign", timestamp=str(now), nonce="486452656", sealed=sealed)
    query = {"timestamp": now, "nonce": "486452656", "msg_signature": signature}
    body = write_xml(ToUserName=CORP, Encrypt=sealed, AgentID=AGENT)
    outer, _ = read(webhook.post("/webhooks/staff", query_string=query, data=body).data)
    expected = peer("sign", timestamp=outer["TimeStamp"], nonce=outer["Nonce"], sealed=outer["Encrypt"])
    assert outer["MsgSignature"] == expected
    opened = peer("open", sealed=outer["Encrypt"], id=CORP)
    assert opened["id"] == CORP
    inner, _ = read(opened["message"].encode())
    assert (inner["ToUserName"], inner["FromUserName"], inner["Content"]) == ("LiHua", CORP, f"您说：{text}。")


def test_a_peers_address_check_is_answered(peer, webhook, clock):
    now, sealed = str(int(clock.now.timestamp())), peer("seal", message="1616140317555161061", id=CORP)
    signature = peer("sign", timestamp=now, nonce="1372623149", sealed=sealed)
    query = {"timestamp": now, "nonce": "1372623149", "msg_signature": signature, "echostr": sealed}
    answer = webhook.get("/webhooks/staff", query_string=query)
    assert (answer.status_code, answer.data) == (200, b"1616140317555161061")
