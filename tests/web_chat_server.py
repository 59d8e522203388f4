"""The machine with one web chat and a page of an insurer's around it, over real HTTP, with a foreseeable handler."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jwt
from flask import Flask, Response
from werkzeug.serving import make_server

from bot.accounts import WebChatAccount
from bot.channels.web_chat import connect
from bot.clock import system_clock
from bot.keys import KeyRing
from bot.machine import Machine
from bot.messages import Outcome, Reply, Turn
from bot.store.store import Store, open_store
from console.web_chat.pages import web_chat_pages
from console.web_chat.streams import Streams
from tests.served import Silent, served

SECRET = "a-secret-of-a-test-of-32-letters"
_HOST = """<!doctype html><html lang="zh-CN"><title>保险公司</title><link rel="icon" href="data:,"><h1>我的保单</h1>
<iframe title="在线咨询" width="390" height="640" src="{address}/webchat/chat/"></iframe>
<script>
window.asked = 0;
addEventListener("message", (event) => {{
  if (event.origin !== "{address}" || event.data.type !== "webchat-token-wanted") return;
  window.asked += 1;
  fetch("/token").then((answer) => answer.text()).then((token) => {{
    event.source.postMessage({{ type: "webchat-token", token }}, event.origin);
  }});
}});
</script></html>"""


class Handler:
    """Answers with what it got; "两条" gets a second message, pushed."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def __call__(self, turn: Turn) -> Outcome:
        self.turns.append(turn)
        said = turn.inbound.text or turn.inbound.event or str(turn.inbound.kind)
        more = (Reply(text="第二条，主动发送"),) if "两条" in turn.inbound.text else ()
        return Outcome(replies=(Reply(text=f"收到：{said}"), *more))


@dataclass(frozen=True, kw_only=True)
class ChatServer:
    """Where everything is, and what stands behind it."""

    address: str
    host: str  # the insurer's page
    store: Store
    machine: Machine
    streams: Streams
    handler: Handler
    channel: object


def token(contact: str = "user-1", *, seconds: int = 600) -> str:
    claims = {"sub": contact, "aud": "chat", "exp": int(system_clock().timestamp()) + seconds}
    return jwt.encode(claims, SECRET, algorithm="HS256")


@contextmanager
def chat_server(folder: Path, *, seats: int = 4, seconds: int = 600) -> Iterator[ChatServer]:
    """Serve all of it; `seconds` is how long the host's tokens are good."""
    keys = KeyRing(masters=[b"m" * 32], index_key=b"i" * 32)
    store = open_store(f"sqlite:///{folder}/bot.db", keys)
    app, handler, host = Flask("chat"), Handler(), Flask("host")
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    address = f"http://127.0.0.1:{server.server_port}"
    streams = Streams(seats=seats, clock=system_clock, every_seconds=0.05)
    with served(host) as host_address:
        account = WebChatAccount(
            id="chat", channel="web_chat", name="在线健康管家", products=("zhenai-wuxian-2023",), secret=SECRET,
            origins=(host_address,),
        )  # fmt: skip
        channel = connect(account, store=store)
        machine = Machine(store=store, channels={"chat": channel}, handler=handler)
        pages = web_chat_pages(accounts={"chat": account}, channels={"chat": channel}, streams=streams)
        for blueprint in (*machine.blueprints(), pages):
            app.register_blueprint(blueprint)
        host.add_url_rule("/", "page", lambda: _HOST.format(address=address))
        host.add_url_rule("/token", "token", lambda: Response(token(seconds=seconds), mimetype="text/plain"))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        machine.start()
        try:
            yield ChatServer(
                address=address, host=host_address, store=store, machine=machine, streams=streams, handler=handler,
                channel=channel,
            )  # fmt: skip
        finally:
            streams.stop()
            server.shutdown()
            machine.stop()
