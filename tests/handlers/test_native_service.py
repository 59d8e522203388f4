"""Hand-overs to people who answer in the platform's own app: noted, ended, rated."""

import pytest
from sqlalchemy import select

from bot.errors import UserFault
from bot.kf.sessions import State
from bot.kf.tables import kf_sessions
from bot.store.schema import conversations
from care.hand_over_tables import hand_over_steps, hand_overs
from care.service_hours import ServiceHours
from care.workdays import WorkCalendar
from handlers import native_service, ratings
from handlers.assigning import Rota
from handlers.handling import Handling
from tests.bot.kf.place import CUSTOMER, POINT, SERVICER, Place, echo, kf_twin
from tests.handlers.console_staff import hired


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
    assert [row.state for row in place.outbox_rows()] == ["sent"]


def test_a_number_after_an_end_that_was_heard_of_too_late_is_no_rating(place, clock):
    place.says("人工")
    place.twin.end(POINT, CUSTOMER, SERVICER)
    clock.move(minutes=5)
    place.says("1")
    assert place.shown()[-1] == "2 1"
    [hand_over] = rows(place, hand_overs)
    assert (hand_over.how, hand_over.rating) == ("closed", None)


class NoForms:
    """No form is under way; none is asked of by these tests."""


@pytest.mark.parametrize("state", [State.QUEUE, State.SERVICER])
def test_what_wecom_looks_after_is_assigned_to_nobody_and_cannot_be_taken_here(place, clock, state):
    place.says("人工")
    lin = hired(place.store, clock, "lin")
    rota = Rota(store=place.store, hours=ServiceHours(calendar=WorkCalendar.load()))
    acts = Handling(store=place.store, forms=NoForms())
    now = clock()

    def stands(connection, state):
        connection.execute(kf_sessions.update().values(state=state))
        connection.execute(conversations.update().values(owner="waiting", waiting_since=now))

    place.store.write(lambda connection: stands(connection, state))
    place.store.write(lambda connection: connection.execute(hand_overs.update().values(asked_at=now, is_red=True)))
    clock.move(minutes=30)
    assert rota.tick(clock()) == {}
    with pytest.raises(UserFault, match="请在企业微信里接待"):
        acts.take(1, by=lin, now=clock())
    place.store.write(lambda connection: stands(connection, State.BOT))
    clock.move(minutes=1)
    assert rota.tick(clock())["assigned"] == 1
    assert acts.take(1, by=lin, now=clock()).is_mine


def test_a_reply_to_what_a_servicer_took_meanwhile_is_refused(place, clock):
    place.says("人工")
    lin = hired(place.store, clock, "lin")
    acts = Handling(store=place.store, forms=NoForms())
    with_servicer = kf_sessions.update().values(state=State.SERVICER)
    place.store.write(lambda connection: connection.execute(kf_sessions.update().values(state=State.BOT)))
    acts.take(1, by=lin, now=clock())
    place.store.write(lambda connection: connection.execute(with_servicer))
    with pytest.raises(UserFault, match="请在企业微信里接待"):
        acts.reply(1, by=lin, text="您好", request_key="1", now=clock())
    assert [row.kind for row in place.outbox_rows() if row.state == "pending"] == []
