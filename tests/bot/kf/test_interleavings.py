"""Customers, servicers, failing calls and repeats in any order: nothing lost, nothing said over a person."""

import random

import pytest

from bot.errors import AssistantError
from bot.kf.sessions import State
from bot.messages import Outcome, Reply
from bot.store.schema import inbound
from console.platform.kf import Disturbance
from console.platform.twin import PlatformFault
from tests.bot.kf.place import CUSTOMER, POINT, SERVICER, Place, kf_twin

OWNERS = {State.NEW: ("bot", "waiting"), State.QUEUE: ("waiting",), State.SERVICER: ("human",), State.ENDED: ("bot",)}


def step(place, chance):
    """Do one thing that may happen; returns the text said, if it was that."""
    twin, act = place.twin, chance.choice(("say", "say", "fetch", "send", "move", "take", "answer", "end", "again"))
    try:
        if act == "say":
            text = chance.choice(("人工", "菜单", "多条", "你好", "等待期"))
            twin.say(POINT, CUSTOMER, text)
            return text
        if act == "fetch":
            place.fetch()
        elif act == "send":
            place.outbox.deliver_due()
        elif act == "move":
            place.channel.mover.once()
        elif act == "take":
            twin.pick_up(POINT, CUSTOMER, SERVICER)
        elif act == "answer":
            twin.answer(POINT, CUSTOMER, SERVICER, "您好")
        elif act == "end":
            twin.end(POINT, CUSTOMER, SERVICER)
        else:
            place.forget_cursor()
    except (AssistantError, PlatformFault):
        pass
    place.clock.move(seconds=chance.choice((0, 1, 40)))
    return None


@pytest.mark.parametrize("seed", range(5))
def test_in_any_order_the_platforms_word_is_followed(store, tmp_path, clock, seed):
    chance = random.Random(seed)
    twin = kf_twin(tmp_path, clock)
    twin.employ(POINT, SERVICER)
    place = Place(store, twin, clock)
    twin.disturbance = Disturbance(chance=chance, failing=0.1, repeating=0.2)
    said = [text for _ in range(40) if (text := step(place, chance)) is not None]
    twin.disturbance = None
    clock.move(minutes=1)
    place.work()
    clock.move(minutes=20)
    place.work()
    texts = [row for row in place.rows(inbound) if row.kind == "text"]
    assert len(texts) == len(said)
    assert {row.reply_state for row in texts} <= {"outbox", "none"}
    state, _, places = twin.state_of(POINT, CUSTOMER) or (State.NEW, "", 5)
    assert places >= 0
    if said:
        assert place.owner() in OWNERS[state]
    place.turns.stop(within_seconds=2)


@pytest.mark.parametrize("state", [State.QUEUE, State.SERVICER])
def test_danger_is_paged_and_not_answered_where_the_platform_forbids_it(place_of, state):
    def while_human(turn):
        return Outcome(replies=(Reply(text="请立即拨打120"),), page=True)

    place = place_of(while_human=while_human)
    place.says("你好")
    if state is State.QUEUE:
        place.says("人工")
        with place.twin.ledger.writing() as connection:
            connection.execute("UPDATE kf_sessions SET state = 2")
        place.channel.look_again(CUSTOMER)
    else:
        place.twin.pick_up(POINT, CUSTOMER, SERVICER)
        place.work()
    before = place.shown()
    place.says("他没有呼吸了")
    assert place.shown() == before
    assert place.paged()
