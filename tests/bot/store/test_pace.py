"""WeCom's pace: what left through the outbox is counted by member, and what is over the limit waits; both databases."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert

from bot import cards
from bot.cards import Card
from bot.outbox import Outbox
from bot.retry import RetryPolicy
from bot.store import outbox, people, schema
from bot.store.pace import MemberPace
from bot.store.store import Store
from tests.clocks import FixedClock

ACCOUNT, MEMBER = "employees", "LiHua"


def introduced(store: Store, clock: FixedClock, member: str = MEMBER) -> int:
    """Return the number of the member's conversation."""

    def work(connection: Connection) -> int:
        people.introduce(connection, store.keys, account=ACCOUNT, platform_id=member, now=clock())
        found = connection.execute(schema.conversations.select().order_by(schema.conversations.c.id.desc())).first()
        assert found is not None
        return int(found.id)

    return store.write(work)


def send(store: Store, clock: FixedClock, conversation: int, count: int, *, over: timedelta) -> None:
    """Let so many messages have been sent, evenly over the time that ends now."""
    rows = [
        {
            "conversation_id": conversation, "owner": "bot", "epoch": 0, "kind": "reply", "body": b"-",
            "idempotency_key": f"{clock()}-{number}", "state": "sent", "attempts": 1, "created_at": clock(),
            "due_at": clock(), "settled_at": clock() - over * number / count,
        }
        for number in range(count)
    ]  # fmt: skip
    store.write(lambda connection: connection.execute(insert(schema.outbox), rows) and None)


@pytest.fixture
def pace(store: Store, clock: FixedClock) -> MemberPace:
    return MemberPace(store, clock=clock)


def test_somebody_who_got_nothing_need_not_wait(store: Store, pace: MemberPace) -> None:
    assert pace.wait_seconds(ACCOUNT, MEMBER) == 0


def test_the_twenty_ninth_of_a_minute_waits_until_the_first_is_a_minute_old(
    store: Store, clock: FixedClock, pace: MemberPace
) -> None:
    conversation = introduced(store, clock)
    send(store, clock, conversation, 27, over=timedelta(seconds=27))
    assert pace.wait_seconds(ACCOUNT, MEMBER) == 0
    clock.move(seconds=3)
    send(store, clock, conversation, 1, over=timedelta())
    assert pace.wait_seconds(ACCOUNT, MEMBER) == pytest.approx(60 - 3 - 26)
    assert pace.wait_seconds(ACCOUNT, "Somebody") == 0
    assert pace.wait_seconds("another", MEMBER) == 0
    clock.move(seconds=31)
    assert pace.wait_seconds(ACCOUNT, MEMBER) == 0


def test_an_hours_worth_waits_for_the_hour(store: Store, clock: FixedClock, pace: MemberPace) -> None:
    conversation = introduced(store, clock)
    send(store, clock, conversation, 998, over=timedelta(minutes=50))
    assert pace.wait_seconds(ACCOUNT, MEMBER) == pytest.approx(10 * 60, abs=5)


class ShowingCards:
    """A channel that takes cards; it remembers what it was given."""

    max_bytes, account = 2048, ACCOUNT

    def __init__(self) -> None:
        self.cards: list[tuple[str, Card, str]] = []

    def send_card(self, contact: str, card: Card, *, key: str) -> None:
        self.cards.append((contact, card, key))


@pytest.mark.parametrize("owner", ["bot", "human"])
def test_a_card_leaves_the_outbox_as_a_card_whoever_has_the_members_own_conversation(
    store: Store, clock: FixedClock, owner: str
) -> None:
    conversation, channel = introduced(store, clock), ShowingCards()
    card = Card(
        title="有一件受理交给您", text="请查看", rows=(("产品", "臻爱无限"),), url="https://a.example/console/cases/1"
    )

    def work(connection: Connection) -> None:
        values = {"owner": owner, "waiting_since": clock()}
        connection.execute(schema.conversations.update().values(values))
        outbox.add(
            connection, store.keys, conversation_id=conversation, kind=outbox.CARD, text=card.written(), key="card-1",
            now=clock(),
        )  # fmt: skip

    store.write(work)
    posting = Outbox(
        store=store, channels={ACCOUNT: channel}, clock=clock, policy=RetryPolicy(), chance=random.Random(1)
    )
    posting.deliver_due()
    assert channel.cards == [(MEMBER, card, "card-1")]


def test_a_card_is_read_as_it_was_written_and_has_a_line_for_each_part() -> None:
    card = Card(
        title="标题", text="一句\n两行", rows=(("产品", "臻爱：无限"), ("期限", "")), url="https://a.example/?x=1：2"
    )
    read = cards.read(card.written())
    assert (read.title, read.text, read.rows, read.url) == ("标题", "一句 两行", card.rows, card.url)
