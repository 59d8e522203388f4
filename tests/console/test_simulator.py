"""The simulator's server side, over real HTTP: every action passes the real webhook, every push the real API client."""

import base64
import sqlite3
from types import SimpleNamespace

import pytest
import requests
from flask import Flask

from bot.keys import KeyRing
from console.platform.ledger import Bubble, Ledger
from console.platform.phone import Delivery, PhoneAccount
from console.simulator.chat import OUT_OF_SERVICE, Answer
from console.simulator.pages import simulator
from console.simulator.world import MENU, SimulatedAccount
from tests.simulated_server import simulated_server
from tests.waiting import eventually

PERSON, NEWCOMER = "oSimulated-XiaoYuMama-000001", "oSimulated-NewFollower-00001"
KEYS = KeyRing(masters=[b"m" * 32], index_key=b"i" * 32)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


class Page:
    """What the browser's script does, for one chat."""

    def __init__(self, address, account="jdallianz", person=PERSON):
        self._api, self._chosen = f"{address}/simulator/api", {"account": account, "person": person}

    def post(self, path, **order):
        return requests.post(f"{self._api}/{path}", json={**self._chosen, **order}, timeout=10)

    def chat(self, after=0):
        return requests.get(f"{self._api}/chat", params={**self._chosen, "after": after}, timeout=10).json()

    def picture(self, id):
        return requests.get(f"{self._api}/picture", params={**self._chosen, "id": id}, timeout=10)

    def shown(self):
        return [(bubble["side"], bubble["text"]) for bubble in self.chat()["bubbles"]]


@pytest.fixture
def server():
    with simulated_server() as (address, handler):
        yield SimpleNamespace(address=address, handler=handler)


@pytest.fixture(params=["jdallianz", "plain"], ids=["safe mode", "plain mode"])
def page(server, request):
    page = Page(server.address, request.param)
    page.chat()
    return page


def test_a_text_is_answered_in_the_chat(page):
    told = page.post("act", do="say", text="住院垫付等待期多久").json()
    assert told["fault"] == ""
    assert page.shown() == [("person", "住院垫付等待期多久"), ("reply", "收到：住院垫付等待期多久")]


def test_a_second_reply_arrives_as_a_push_that_costs_quota(page):
    page.post("act", do="say", text="两条")
    assert eventually(lambda: ("push", "第二条，主动发送") in page.shown())
    assert page.chat()["quota"] == 4


def test_an_error_on_demand_is_survived_by_the_outbox(page):
    page.post("fail", code=-1)
    page.post("act", do="say", text="两条")
    assert eventually(lambda: ("push", "第二条，主动发送") in page.shown())
    assert page.chat()["faults"] == []


def test_the_panel_gets_the_reasons_of_the_last_match(page):
    assert page.chat()["understanding"] is None
    page.post("act", do="say", text="等待期")
    assert page.chat()["understanding"]["reasons"] == ["词语：等待期", "产品：臻爱无限"]


def test_voice_picture_place_and_menu_reach_the_handler(page):
    page.post("act", do="voice", text="怎么理赔")
    page.post("act", do="voice", text="")
    page.post("act", do="picture", content=base64.b64encode(PNG).decode())
    page.post("act", do="place")
    page.post("act", do="menu", key=MENU[2].key)
    replies = [text for side, text in page.shown() if side == "reply"]
    assert replies == ["收到语音：怎么理赔", "收到语音：voice", "收到：image", "收到：location", "收到：转人工"]


def test_a_picture_can_be_seen_again(page):
    page.post("act", do="picture", content=base64.b64encode(PNG).decode())
    media_id = page.shown()[0][1]
    answer = page.picture(media_id)
    assert (answer.content, answer.headers["Content-Type"]) == (PNG, "image/png")
    assert page.picture("another").status_code == 404


@pytest.mark.parametrize("content", ["", "!!", base64.b64encode(b"<svg onload=alert(1)>").decode(), 5, None])
def test_what_is_no_picture_is_refused(page, content):
    answer = page.post("act", do="picture", content=content)
    assert answer.status_code == 400
    assert answer.json()["refused"]
    assert page.shown() == []


def test_a_repeated_delivery_takes_no_second_turn(page, server):
    page.post("act", do="say", text="等待期")
    assert page.post("repeat").json()["replies"] == 3
    assert server.handler.turns == 1
    assert page.shown()[-1] == ("note", "同一条消息又投递了 3 次：三次答复完全相同")


def test_following_starts_a_chat_and_unfollowing_ends_it(server):
    page = Page(server.address, person=NEWCOMER)
    assert page.chat()["follows"] is False
    assert page.post("act", do="say", text="你好").status_code == 400
    page.post("act", do="follow")
    assert page.shown() == [("note", "关注了公众号"), ("reply", "收到：subscribe")]
    page.post("act", do="unfollow")
    assert page.chat()["follows"] is False
    assert page.post("act", do="say", text="你好").status_code == 400


def test_what_is_said_before_the_page_has_looked_at_the_chat_is_taken(server):
    page = Page(server.address)
    assert page.post("act", do="say", text="你好").status_code == 200


def test_chats_are_kept_apart(server):
    ours, theirs = Page(server.address), Page(server.address, "plain")
    ours.chat()
    ours.post("act", do="say", text="等待期")
    assert theirs.shown() == []


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("act", {"do": "fly"}),
        ("act", {"do": ["say"]}),
        ("act", {}),
        ("act", {"do": "say", "text": " "}),
        ("act", {"do": "menu", "key": "没有"}),
        ("act", {"do": "say", "text": "你好", "account": "another"}),
        ("act", {"do": "say", "text": "你好", "person": ["list"]}),
        ("fail", {"code": 1}),
        ("fail", {"code": [45015]}),
        ("repeat", {}),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(page, path, order):
    answer = page.post(path, **order)
    assert answer.status_code == 400
    assert answer.json()["refused"]


def test_only_json_is_taken(server):
    for send in ({"data": {"do": "follow"}}, {"data": "{}", "headers": {"Content-Type": "text/plain"}}, {"json": []}):
        assert requests.post(f"{server.address}/simulator/api/act", timeout=10, **send).status_code == 400


@pytest.mark.parametrize("after", ["-1", "x", "9" * 40, "١"])
def test_a_strange_cursor_starts_from_the_beginning(page, after):
    page.post("act", do="say", text="等待期")
    assert len(page.chat(after)["bubbles"]) == 2


def test_the_page_allows_nothing_from_elsewhere(server):
    answer = requests.get(f"{server.address}/simulator/", timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in answer.text.replace("http-equiv", "")
    assert " style=" not in answer.text
    assert "<script>" not in answer.text


class Scripted:
    """A webhook that answers as it is told, one after another."""

    def __init__(self, *answers):
        self.answers, self.deliveries = list(answers), []

    def __call__(self, account, delivery):
        self.deliveries.append(delivery)
        return self.answers.pop(0)


def client_of(post, tmp_path):
    phone = PhoneAccount(id="demo", app_id="wx1", token="t", encoding_aes_key="")
    pages = simulator(
        accounts=[SimulatedAccount(name="演示", phone=phone, app_secret="s")],
        post=post,
        memory=tmp_path / "simulator.db",
        box=KEYS,
        latest_understanding=lambda account, contact: None,
    )
    app = Flask("scripted")
    app.register_blueprint(pages)
    client, chosen = app.test_client(), {"account": "demo", "person": PERSON}
    client.get("/simulator/api/chat", query_string=chosen)
    client.post("/simulator/api/act", json={**chosen, "do": "say", "text": "你好"})
    return [bubble["text"] for bubble in client.get("/simulator/api/chat", query_string=chosen).json["bubbles"]]


def test_a_webhook_that_answers_too_late_gets_the_same_callback_again(tmp_path):
    webhook = Scripted(Answer(status=None), Answer(status=None), Answer(status=200, body=b"success"))
    assert client_of(webhook, tmp_path) == ["你好"]
    assert len(webhook.deliveries) == 3
    assert len({delivery.body for delivery in webhook.deliveries}) == 1


@pytest.mark.parametrize(
    "answers",
    [
        [Answer(status=None)] * 3,
        [Answer(status=500)],
        [Answer(status=403, body=b"refused")],
        [Answer(status=200, body=b"<html>")],
        [Answer(status=200, body=b"ok")],
    ],
)
def test_an_improper_answer_shows_what_wechat_would_show(tmp_path, answers):
    assert client_of(Scripted(*answers), tmp_path) == ["你好", OUT_OF_SERVICE]


def test_nothing_typed_is_found_in_clear_in_the_memory(tmp_path):
    path = tmp_path / "simulator.db"
    ledger = Ledger(path, KEYS)
    ledger.add_bubble("wx1", PERSON, Bubble(side="person", kind="text", text="我的病历", at=0.0))
    assert path.stat().st_mode & 0o777 == 0o600
    assert "我的病历".encode() not in path.read_bytes()
    assert [bubble.text for bubble in ledger.bubbles("wx1", PERSON)] == ["我的病历"]


def test_a_chat_keeps_its_last_bubbles_only(tmp_path):
    ledger = Ledger(tmp_path / "simulator.db", KEYS)
    for number in range(420):
        ledger.add_bubble("wx1", PERSON, Bubble(side="person", kind="text", text=str(number), at=0.0))
    assert next(bubble.text for bubble in ledger.bubbles("wx1", PERSON)) == "20"
    with sqlite3.connect(tmp_path / "simulator.db") as connection:
        assert connection.execute("SELECT count(*) FROM bubbles").fetchone() == (400,)


def test_the_memory_opens_without_the_old_master_key_after_it_was_sealed_anew(tmp_path):
    old, new = b"m" * 32, b"n" * 32
    path = tmp_path / "simulator.db"

    def ledger(*masters):
        return Ledger(path, KeyRing(masters=masters, index_key=b"i" * 32))

    first = ledger(old)
    first.add_bubble("wx1", PERSON, Bubble(side="person", kind="text", text="一", at=0.0))
    first.keep_delivery("wx1", PERSON, Delivery(query={"a": "b"}, body=b"x", key="1"), 0.0)
    first.add_media("wx1", "m1", "image", b"picture", 0.0)
    assert ledger(new, old).reseal() == 3
    after = ledger(new)
    assert [bubble.text for bubble in after.bubbles("wx1", PERSON)] == ["一"]
    assert after.last_delivery("wx1", PERSON)[0].body == b"x"
    assert after.media("wx1", "m1", since=0.0) == ("image", b"picture")


def test_a_template_message_is_shown_as_a_card_and_its_report_reaches_the_webhook(server):
    page, contact = Page(server.address, "plain"), PERSON
    page.chat()
    api = f"{server.address}/simulator/platform/cgi-bin"
    token = requests.post(
        f"{api}/stable_token", json={"appid": "wx0000000000000002", "secret": "secret-2"}, timeout=5
    ).json()["access_token"]
    order = {"touser": contact, "template_id": "T", "data": {"thing1": {"value": "接种提醒"}}}
    page.post("fail", code=9001)
    before = server.handler.turns
    for _ in range(2):
        requests.post(f"{api}/message/template/send", params={"access_token": token}, json=order, timeout=5)
    assert eventually(lambda: server.handler.turns == before + 2)
    kinds = [(bubble["side"], bubble["kind"]) for bubble in page.chat()["bubbles"]]
    assert kinds.count(("push", "card")) == 1
