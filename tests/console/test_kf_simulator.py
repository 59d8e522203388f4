"""Customer service in the simulator, over real HTTP: the customer's phone, and a servicer who takes, answers, ends."""

import json
import tempfile
import threading
from pathlib import Path

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from bot.channels.wecom_kf import connect
from bot.keys import KeyRing
from bot.machine import Machine
from bot.store.store import open_store
from console.platform.wecom_phone import WeComPhoneAccount
from console.simulator.chat import by_http
from console.simulator.pages import simulator
from console.simulator.world import PEOPLE, SERVICER, SimulatedAccount
from tests.bot.channels.conftest import KEY, TOKEN
from tests.bot.kf.place import CORP, POINT, SECRET, echo, kf_account
from tests.served import Silent
from tests.waiting import eventually

PERSON = PEOPLE[0].id


@pytest.fixture(scope="module")
def address():
    with tempfile.TemporaryDirectory() as folder:
        app = Flask("simulated")
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        address = f"http://127.0.0.1:{server.server_port}"
        keys = KeyRing(masters=[b"m" * 32], index_key=b"i" * 32)
        store = open_store(f"sqlite:///{folder}/bot.db", keys)
        channel = connect(kf_account(api_base_url=f"{address}/simulator/wecom"), store=store)
        machine = Machine(store=store, channels={"kf": channel}, handler=echo)
        phone = WeComPhoneAccount(id="kf", corp_id=CORP, token=TOKEN, encoding_aes_key=KEY)
        account = SimulatedAccount(name="微信客服", phone=phone, app_secret=SECRET, open_kfid=POINT)
        pages = simulator(
            accounts=[account],
            post=by_http(address),
            memory=Path(folder) / "simulator.db",
            box=keys,
            latest_understanding=lambda _account, _contact: None,
        )
        for blueprint in (*machine.blueprints(), pages):
            app.register_blueprint(blueprint)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        machine.start()
        yield address
        server.shutdown()
        machine.stop()


class Page:
    """What the browser's script does, for one customer."""

    def __init__(self, address, person):
        self._api, self._chosen = f"{address}/simulator/api", {"account": "kf", "person": person}

    def act(self, **order):
        return requests.post(f"{self._api}/act", json={**self._chosen, **order}, timeout=10)

    def post(self, path, **order):
        return requests.post(f"{self._api}/{path}", json={**self._chosen, **order}, timeout=10)

    def chat(self):
        return requests.get(f"{self._api}/chat", params=self._chosen, timeout=10).json()

    def pushes(self):
        return sum(one["side"] == "push" for one in self.chat()["bubbles"])

    def is_answered(self, **order):
        before = self.pushes()
        self.act(**order)
        return eventually(lambda: self.pushes() > before, within_seconds=20)

    def shows(self, side, text):
        def is_there():
            return any(text in one["text"] for one in self.chat()["bubbles"] if one["side"] == side)

        return eventually(is_there, within_seconds=20)


def test_a_customer_is_welcomed_answered_and_may_tap(address):
    page = Page(address, PEOPLE[0].id)
    assert page.chat()["follows"] is False
    assert page.act(do="follow").json()["fault"] == ""
    assert page.shows("push", "欢迎")
    page.act(do="say", text="菜单")
    assert page.shows("push", "怎么申请")
    menu = json.loads(page.chat()["bubbles"][-1]["text"])
    click = menu["list"][1]["click"]
    page.act(do="tap", id=click["id"], text=click["content"])
    assert page.shows("push", "1 2")
    # One after the other: an answer that comes after the next message is taken from that message's five.
    assert page.is_answered(do="picture", content="iVBORw0KGgo=")
    assert page.is_answered(do="voice", text="听不清")
    assert page.is_answered(do="place", label="")
    assert eventually(lambda: page.chat()["quota"] == 4)


def test_a_servicer_takes_answers_and_ends_and_the_bot_goes_on(address):
    page = Page(address, PEOPLE[1].id)
    page.act(do="follow")
    page.act(do="say", text="人工")
    assert eventually(lambda: page.chat()["session"]["servicer"] == SERVICER, within_seconds=20)
    page.act(do="say", text="在吗")
    assert page.act(do="answer", text="您好，我是陈客服").status_code == 200
    assert page.shows("servicer", "我是陈客服")
    assert page.act(do="end").status_code == 200
    assert page.act(do="answer", text="还有事吗").status_code == 400
    page.act(do="say", text="谢谢")
    assert page.shows("push", "2 谢谢")
    assert not any("在吗" in one["text"] for one in page.chat()["bubbles"] if one["side"] == "push")


def test_a_servicer_off_duty_gets_nobody_and_may_take_from_the_bot(address):
    page = Page(address, PEOPLE[2].id)
    page.act(do="duty", how="off")
    page.act(do="say", text="人工")
    assert page.shows("push", "1 人工")
    page.act(do="say", text="再问")
    assert page.shows("push", "2 再问")
    page.act(do="take")
    assert page.chat()["session"]["is_taken"] is True
    page.act(do="duty", how="direct")


def test_who_answers_as_a_department_has_a_queue_and_sees_who_waits(address):
    page = Page(address, PEOPLE[1].id)
    assert page.act(do="duty", how="sometimes").status_code == 400
    page.act(do="duty", how="queue")
    page.act(do="say", text="人工")
    assert page.shows("note", "正在排队")
    session = Page(address, PEOPLE[0].id).chat()["session"]
    assert session["duty"] == "queue"
    assert {"person": PEOPLE[1].id, "is_taken": False, "said": "人工"} in session["people"]
    page.act(do="picture", content="iVBORw0KGgo=")
    page.act(do="take")
    assert {"person": PEOPLE[1].id, "is_taken": True, "said": "[图片]"} in page.chat()["session"]["people"]
    page.act(do="end")
    page.act(do="duty", how="direct")
    assert PEOPLE[1].id not in {one["person"] for one in page.chat()["session"]["people"]}


def test_a_failing_send_is_tried_again_and_shown_once(address):
    page = Page(address, PEOPLE[2].id)
    page.act(do="end")
    assert page.post("fail", code=-1).json()["faults"] == [-1]
    page.act(do="say", text="还在吗")
    assert page.shows("push", "还在吗")
    page.post("repeat")
    shown = [one["text"] for one in page.chat()["bubbles"] if one["side"] == "push" and "还在吗" in one["text"]]
    assert len(shown) == 1
