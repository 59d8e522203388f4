"""The simulator's application in WeCom, over real HTTP: employees chat, health managers get cards."""

import json

import pytest

from bot.cards import Card
from bot.store import outbox, schema
from handlers.staff_cards import Address, put
from tests.console.test_simulator import Page
from tests.simulated_server import APPLICATION, simulated_server
from tests.waiting import eventually

CARD = Card(
    title="有一件受理交给您",
    text="请查看材料和期限。",
    rows=(("服务", "住院垫付"),),
    url="https://a.example/console/cases/1",
)


@pytest.fixture
def served():
    with simulated_server() as (address, handler):
        yield address, handler


@pytest.fixture
def page(served):
    page = Page(served[0], APPLICATION.id, "ChenJing")
    page.chat()
    return page


def test_an_employee_is_answered_in_the_exchange_and_afterwards(page):
    told = page.post("act", do="say", text="两条").json()
    assert told["fault"] == ""
    assert page.shown()[:2] == [("person", "两条"), ("reply", "收到：两条")]
    assert eventually(lambda: ("push", "第二条，主动发送") in page.shown())
    assert page.chat()["quota"] == 29


@pytest.mark.parametrize(
    ("order", "reply"),
    [
        ({"do": "menu", "key": "转人工"}, "收到：转人工"),
        ({"do": "place", "label": "北京"}, "收到：location"),
        ({"do": "voice", "text": "WeCom recognises no speech"}, "收到语音：voice"),
        ({"do": "follow"}, "收到：subscribe"),
    ],
)
def test_what_else_an_employee_does_reaches_the_assistant(page, order, reply):
    assert page.post("act", **order).json()["fault"] == ""
    assert page.shown()[-1] == ("reply", reply)


def test_a_repeated_delivery_is_one_turn(page, served):
    page.post("act", do="say", text="你好")
    page.post("repeat")
    assert served[1].turns == 1
    assert "三次答复完全相同" in page.shown()[-1][1]


@pytest.mark.parametrize("code", [-1, 42001, 503])
def test_a_failed_call_is_made_again(page, code):
    page.post("fail", code=code)
    page.post("act", do="say", text="两条")
    assert eventually(lambda: ("push", "第二条，主动发送") in page.shown(), within_seconds=20)


def test_errors_of_the_other_platform_are_not_offered(page):
    assert page.post("fail", code=45047).status_code == 400


def test_a_follower_of_an_official_account_is_no_member(served):
    assert Page(served[0], APPLICATION.id).post("act", do="say", text="你好").status_code == 400


def test_a_card_arrives_with_its_link(served):
    address, handler = served
    to = Address(account=APPLICATION.id, member="LinGuanjia")
    handler.store.write(lambda connection: put(connection, handler.store.keys, "card-1", to, CARD, now=handler.clock()))
    page = Page(address, APPLICATION.id, "LinGuanjia")
    assert eventually(lambda: page.shown() != [])
    [bubble] = page.chat()["bubbles"]
    card = json.loads(bubble["text"])
    assert (bubble["kind"], card["main_title"]["title"]) == ("template_card", CARD.title)
    assert card["card_action"] == {"type": 1, "url": CARD.url}
    with handler.store.reading() as connection:
        assert [row.state for row in connection.execute(schema.outbox.select())] == ["sent"]
        assert outbox.depths(connection)["dead"] == 0
