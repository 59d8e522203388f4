"""One person by unionid, as they live it: verified in one channel, known in the other, by the platforms' twins."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, select, update

from bot.channels.wecom_kf import WecomKfChannel
from bot.messages import Inbound, Kind
from bot.store import outbox
from bot.store.schema import conversations
from care import joins
from care.join_tables import unionids
from care.workdays import WorkCalendar
from console.platform.ledger import Ledger
from console.platform.routes import platform
from console.platform.twin import Twin
from handlers.channels import Channels
from handlers.reminder_facts import Desk as PlanningDesk
from handlers.unionids import Source, Unionids
from tests.assistants import GROWTH
from tests.bot.channels.conftest import APP_ID, APP_SECRET, OpenBox, make_api
from tests.bot.kf.place import APP, POINT, DirectCalls, kf_account, kf_twin
from tests.families import policy
from tests.served import served
from tests.service_desk import KEYS, ServiceDesk

OFFICIAL, SERVICE = "jdallianz", "all"  # an Official Account, and customer service
LIN, LIN_THERE, UNIONID = "o-lin", "wm-lin", "o-union-lin"
USES_LEFT = "我还能用几次"


class Life:
    """A desk with both platforms behind it. People write through the twins; `works` is the worker's round."""

    def __init__(
        self, desk: ServiceDesk, folder: Path, address: str, twin: Twin, *, windowless: Collection[str] = ()
    ) -> None:
        self.desk, self.twin, self.kf = desk, twin, kf_twin(folder, desk.clock)
        calls = DirectCalls(self.kf)
        service = WecomKfChannel(kf_account(id=SERVICE), store=desk.store, calls=calls, clock=desk.clock)
        house = PlanningDesk(library=desk.library, calendar=WorkCalendar.load(), keys=KEYS)
        sources = [
            Source(account=OFFICIAL, ask=make_api(address, desk.clock).unionids, knows_everybody=True),
            Source(account=SERVICE, ask=service.unionids, knows_everybody=False),
        ]
        channels = Channels(names={OFFICIAL: "京东安联客户服务", SERVICE: "健康服务"})
        self._chore = Unionids(store=desk.store, house=house, sources=sources, channels=channels, windowless=windowless)
        twin.bind(APP_ID, LIN, UNIONID)
        self.kf.twin.bind(APP.id, LIN_THERE, UNIONID)

    def writes(self, text: str, *, contact: str = LIN) -> str:
        """Say something in the Official Account."""
        self.twin.hear(APP_ID, contact)
        return self._said(text, OFFICIAL, contact)

    def writes_there(self, text: str, *, contact: str = LIN_THERE) -> str:
        """Say something in customer service."""
        self.kf.say(POINT, contact, text)
        return self._said(text, SERVICE, contact)

    def opens_there(self) -> None:
        """Open the chat of customer service, without a word."""
        self.kf.enter(POINT, LIN_THERE)
        now = self.desk.clock()
        event = Inbound(
            account=SERVICE, contact=LIN_THERE, key="", kind=Kind.EVENT, sent_at=now, event="enter_session"
        )  # fmt: skip
        self.desk.take(event)
        self.works()

    def works(self) -> None:
        self._chore.tick(self.desk.clock())

    def verified(self, account: str, contact: str) -> None:
        family = policy({"product": GROWTH}, place=1, products=[GROWTH], today=self.desk.clock().date())
        self.desk.know([family], bound_to=(account, contact))

    def _said(self, text: str, account: str, contact: str) -> str:
        self.desk.clock.move(minutes=1)
        reply = self.desk.say(text, account=account, contact=contact).reply
        self.works()
        return reply


@pytest.fixture
def life_with(service_desk: ServiceDesk, tmp_path: Path) -> Iterator[Callable[..., Life]]:
    ledger = Ledger(tmp_path / "twin.sqlite3", OpenBox())
    twin = Twin(ledger=ledger, secrets_by_app={APP_ID: APP_SECRET}, clock=service_desk.clock)
    app = Flask("twin")
    app.register_blueprint(platform(twin))
    with served(app) as address:
        yield lambda **how: Life(service_desk, tmp_path, address, twin, **how)


@pytest.fixture
def life(life_with: Callable[..., Life]) -> Life:
    return life_with()


def test_who_verified_in_the_official_account_is_known_in_customer_service(life: Life) -> None:
    life.verified(OFFICIAL, LIN)
    life.writes("你好")
    assert "8次" not in life.writes_there(USES_LEFT)  # the first words come before the platform was asked
    assert "还能用8次" in life.writes_there(USES_LEFT)
    assert "TEST-CZ-" not in life.writes_there("我的保单")  # numbers are masked, as everywhere
    assert "尾号0001" in life.writes_there("我的保单")


def test_who_has_opened_the_chat_is_known_by_their_first_words(life: Life) -> None:
    life.verified(OFFICIAL, LIN)
    life.writes("你好")
    life.desk.clock.move(hours=3)
    life.opens_there()
    assert life.desk.new_notices() == []  # nobody has written just now
    assert "还能用8次" in life.writes_there(USES_LEFT)


def test_who_is_joined_is_told_where_they_write_and_how_to_undo_it(life: Life) -> None:
    life.verified(OFFICIAL, LIN)
    life.writes("你好")
    life.desk.clock.move(hours=3)
    life.writes_there("你好")
    [told] = life.desk.new_notices()
    assert "您在“京东安联客户服务”用的是同一个微信" in told
    assert "分开" in told
    life.writes_there(USES_LEFT)
    assert life.desk.new_notices() == []


@pytest.mark.parametrize(("windowless", "times"), [((), 0), ((SERVICE,), 1)])
def test_five_messages_close_only_a_channel_that_counts_them(life_with, windowless, times) -> None:
    life = life_with(windowless=windowless)
    life.verified(OFFICIAL, LIN)
    life.writes("你好")
    life.desk.clock.move(hours=3)
    desk = life.desk
    desk.say("你好", account=SERVICE, contact=LIN_THERE)
    life.kf.say(POINT, LIN_THERE, "你好")

    def sent(connection: Connection) -> None:
        how = {"conversation_id": 2, "kind": "notice", "text": "在办", "now": desk.clock()}
        for number in range(5):
            outbox.add(connection, KEYS, key=f"sent-{number}", **how)

    desk.store.write(sent)
    assert len(desk.new_notices()) == 5
    life.works()
    assert len(desk.new_notices()) == times


def test_who_has_nothing_here_is_not_told(life: Life) -> None:
    life.writes("你好")
    life.writes_there("你好")
    assert life.desk.new_notices() == []


def test_who_talks_with_a_person_is_not_told_in_between(life: Life) -> None:
    life.verified(OFFICIAL, LIN)
    life.writes("你好")
    life.desk.clock.move(hours=3)
    life.kf.say(POINT, LIN_THERE, "你好")
    life.desk.say("你好", account=SERVICE, contact=LIN_THERE)
    taken = update(conversations).where(conversations.c.account == SERVICE).values(owner="human")
    life.desk.store.write(lambda connection: connection.execute(taken) and None)
    life.works()
    assert life.desk.new_notices() == []
    with life.desk.store.reading() as connection:
        assert len(joins.others_of(connection, 1)) == 1


def test_who_verified_in_customer_service_is_known_in_the_official_account(life: Life) -> None:
    life.verified(SERVICE, LIN_THERE)
    life.writes_there("你好")
    life.writes("你好")
    assert "还能用8次" in life.writes(USES_LEFT)


def test_somebody_else_in_customer_service_is_told_nothing(life: Life) -> None:
    life.verified(OFFICIAL, LIN)
    life.writes("你好")
    for contact, unionid in (("wm-wang", "o-union-wang"), ("wm-without", "")):
        if unionid:
            life.kf.twin.bind(APP.id, contact, unionid)
        for text in ("你好", USES_LEFT, "我的保单"):
            assert "0001" not in life.writes_there(text, contact=contact)
    assert "还能用8次" in life.writes(USES_LEFT)


def test_who_takes_them_apart_is_not_joined_by_the_next_round(life: Life) -> None:
    life.verified(OFFICIAL, LIN)
    life.writes("你好")
    life.writes_there("你好")
    assert "已经和" in life.writes_there("分开")
    life.desk.clock.move(days=2)
    for _ in range(2):
        assert "8次" not in life.writes_there(USES_LEFT)
        assert "还能用8次" in life.writes(USES_LEFT)


def test_who_deletes_themselves_is_deleted_in_both_and_known_in_neither(life: Life) -> None:
    life.verified(OFFICIAL, LIN)
    life.writes("你好")
    life.writes_there("你好")
    assert "另一个渠道" in life.writes_there("删除我的信息")
    assert "已删除" in life.writes_there("确定")
    with life.desk.store.reading() as connection:
        assert connection.execute(select(unionids)).all() == []
    assert "还没有绑定" in life.writes("我的保单")
    assert "还没有绑定" in life.writes_there("我的保单")
