"""The real machine and the simulator on one server, with a handler so simple that tests can foresee its answers."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from bot.accounts import WecomAccount
from bot.channel import Channel
from bot.channels.tokens import MemoryTokenStore
from bot.channels.wechat import Secrets, WeChatChannel
from bot.channels.wechat_api import WeChatApi
from bot.clock import system_clock
from bot.connections import channel_of
from bot.keys import KeyRing
from bot.machine import Machine
from bot.messages import Kind, Outcome, Reply, Turn, Understanding
from bot.store.store import Store, open_store
from console.platform.phone import PhoneAccount
from console.simulation import simulated
from console.simulator.chat import by_http
from console.simulator.pages import simulator
from console.simulator.world import MENU, SimulatedAccount
from tests.served import Silent

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ACCOUNTS = (("jdallianz", "京东安联客户服务", KEY), ("plain", "明文测试号", ""))
APPLICATION = WecomAccount(
    id="employees",
    channel="wecom",
    name="员工健康助手",
    products=("zhenai-wuxian-2023",),
    corp_id="ww0000000000000001",
    agent_id=1000002,
    secret="application-secret",
    token="application-token",
    encoding_aes_key=KEY,
    staff={"demo": "LinGuanjia"},
)


class Handler:
    """Answers with what it got; "两条" gets a second message by API. Remembers the last understanding."""

    store: Store
    clock = staticmethod(system_clock)

    def __init__(self) -> None:
        self.turns = 0
        self.latest: dict[tuple[str, str], Understanding] = {}

    def __call__(self, turn: Turn) -> Outcome:
        inbound = turn.inbound
        self.turns += 1
        if inbound.event == "unsubscribe":
            return Outcome()
        understanding = Understanding(decision="answer", product="zhenai", reasons=("词语：等待期", "产品：臻爱无限"))
        self.latest[inbound.account, inbound.contact] = understanding
        said = inbound.text or inbound.event_key or inbound.event or f"{inbound.kind}"
        replies = [Reply(text=f"收到{'语音' if inbound.kind is Kind.VOICE else ''}：{said}")]
        if "两条" in inbound.text:
            replies.append(Reply(text="第二条，主动发送"))
        return Outcome(replies=tuple(replies), understanding=understanding)

    def understood(self, account: str, contact: str) -> Understanding | None:
        return self.latest.get((account, contact))


@contextmanager
def simulated_server() -> Iterator[tuple[str, Handler]]:
    """Serve everything on a free port of this machine; give its address and the handler."""
    with tempfile.TemporaryDirectory() as folder:
        keys = KeyRing(masters=[b"m" * 32], index_key=b"i" * 32)
        app, handler = Flask("simulated"), Handler()
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        address = f"http://127.0.0.1:{server.server_port}"
        accounts = [_account(number, *each) for number, each in enumerate(ACCOUNTS, 1)]
        store = open_store(f"sqlite:///{folder}/bot.db", keys)
        application = APPLICATION.model_copy(update={"api_base_url": f"{address}/simulator/wecom"})
        channels: dict[str, Channel] = {
            account.phone.id: _channel(account, f"{address}/simulator/platform") for account in accounts
        }
        machine = Machine(
            store=store, channels={**channels, application.id: channel_of(application, store=store)}, handler=handler
        )
        handler.store = store
        pages = simulator(
            accounts=[*accounts, simulated(application)],
            post=by_http(address),
            memory=Path(folder) / "simulator.db",
            box=keys,
            latest_understanding=handler.understood,
        )
        for blueprint in (*machine.blueprints(), pages):
            app.register_blueprint(blueprint)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        machine.start()
        try:
            yield address, handler
        finally:
            server.shutdown()
            machine.stop()


def _account(number: int, id: str, name: str, key: str) -> SimulatedAccount:
    phone = PhoneAccount(id=id, app_id=f"wx{number:016d}", token=f"token-{number}", encoding_aes_key=key)
    return SimulatedAccount(name=name, phone=phone, app_secret=f"secret-{number}", menu=MENU)


def _channel(account: SimulatedAccount, platform_address: str) -> WeChatChannel:
    phone = account.phone
    api = WeChatApi(
        account=phone.id,
        app_id=phone.app_id,
        app_secret=account.app_secret,
        base_url=platform_address,
        token_store=MemoryTokenStore(),
    )
    shared = Secrets(app_id=phone.app_id, token=phone.token, encoding_aes_key=phone.encoding_aes_key)
    return WeChatChannel(account=phone.id, shared=shared, sender=api)
