"""Hand-overs to people who answer in the platform's own app: noted, ended, rated."""

import pytest
from sqlalchemy import select

from care.hand_over_tables import hand_over_steps, hand_overs
from handlers import native_service, ratings
from tests.bot.kf.place import CUSTOMER, POINT, SERVICER, Place, echo, kf_twin


def answering(turn):
    return ratings.answered(turn) or echo(turn)


@pytest.fixture
def place(store, tmp_path, clock):
    twin = kf_twin(tmp_path, clock)
    twin.employ(POINT, SERVICER)
    made = Place(store, twin, clock, handler=answering)
    native_service.attend({"kf": made.channel}, store.keys)
    yield made
    made.turns.stop(within_seconds=2)


def rows(place, table):
    with place.store.reading() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def test_a_servicer_who_takes_a_session_is_noted(place):
    place.says("人工")
    [hand_over] = rows(place, hand_overs)
    assert hand_over.ended_at is None
    assert [(step.kind, step.actor) for step in rows(place, hand_over_steps)] == [("taken", f"wecom:{SERVICER}")]


def test_at_the_end_of_a_session_the_person_is_asked_and_the_answer_kept(place):
    place.says("人工")
    place.twin.answer(POINT, CUSTOMER, SERVICER, "您好")
    place.twin.end(POINT, CUSTOMER, SERVICER)
    place.work()
    assert "1到5分" in place.shown()[-1]
    place.says("5")
    [hand_over] = rows(place, hand_overs)
    assert (hand_over.how, hand_over.rating) == ("closed", 5)
    assert "谢谢您的评价" in place.shown()[-1]


def test_an_end_that_is_heard_of_too_late_asks_nothing(place, clock):
    place.says("人工")
    place.twin.end(POINT, CUSTOMER, SERVICER)
    clock.move(minutes=5)
    place.work()
    assert place.shown() == ["1 人工"]
    assert [row.state for row in place.outbox_rows()][-1] in ("dropped", "dead")
