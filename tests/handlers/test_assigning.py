"""Rounds over what waits for a person: assigned by skill and load, escalated in service time; on both databases."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.clock import CHINA
from bot.store import people
from bot.store.schema import conversations, outbox
from care import hand_overs, staff
from care.hand_over_tables import escalations
from care.hand_over_tables import hand_overs as hand_over_table
from care.hand_overs import HandOver
from care.service_hours import ServiceHours
from care.staff_tables import staff as staff_table
from care.workdays import WorkCalendar
from handlers.assigning import Rota
from handlers.handling import Handling
from tests.handlers.console_staff import handling_of, hired
from tests.handlers.office import Office


@pytest.fixture
def rota(office: Office) -> Rota:
    return Rota(store=office.store, hours=ServiceHours(calendar=WorkCalendar.load()))


@pytest.fixture
def acts(office: Office) -> Handling:
    return handling_of(office.store, office.desk)


def last(office: Office) -> HandOver:
    with office.store.reading() as connection:
        found = hand_overs.last_of(connection, 1)
    assert found is not None
    return found


def escalated(office: Office) -> list[str]:
    with office.store.reading() as connection:
        return [one.kind for one in hand_overs.unseen_escalations(connection)]


def ticks(office: Office, rota: Rota, **later: float) -> dict[str, int]:
    office.clock.move(**later)
    return dict(rota.tick(office.clock()))


def test_who_waits_is_assigned_and_goes_to_another_when_nobody_takes_it(office: Office, rota: Rota) -> None:
    lin, wang = hired(office.store, office.clock, "lin"), hired(office.store, office.clock, "wang")
    boss = hired(office.store, office.clock, "boss", role="supervisor")
    office.says("转人工")
    assert ticks(office, rota, seconds=3) == {"assigned": 1}
    assert last(office).offered_to == lin.id
    assert ticks(office, rota, minutes=1) == {}
    assert ticks(office, rota, minutes=3) == {"assigned": 1}
    assert last(office).offered_to == wang.id
    assert boss.id not in (lin.id, wang.id)
    assert ticks(office, rota, minutes=4) == {}


def test_nobody_off_duty_or_without_the_product_or_full_is_assigned(office: Office, rota: Rota) -> None:
    off, other, full = (hired(office.store, office.clock, name) for name in ("off", "other", "full"))

    def work(connection) -> None:
        staff.set_duty(connection, off.id, on_duty=False)
        staff.set_work(connection, other.id, products=["chengzhang-youxiang-2025"], capacity=9)
        staff.set_work(connection, full.id, products=None, capacity=0)

    office.store.write(work)
    office.says("君龙臻爱21的视频问诊怎么用", "转人工")
    assert ticks(office, rota, seconds=3) == {}
    office.store.write(lambda connection: staff.set_work(connection, other.id, products=None, capacity=9))
    assert ticks(office, rota, seconds=3) == {"assigned": 1}
    assert last(office).offered_to == other.id


def test_what_nobody_takes_in_ten_minutes_of_service_time_escalates_once(office: Office, rota: Rota) -> None:
    office.clock.now = datetime(2026, 9, 28, 17, 55, tzinfo=CHINA)
    office.says("转人工")
    assert ticks(office, rota, hours=14) == {}  # the night does not count
    office.clock.now = datetime(2026, 9, 29, 9, 6, tzinfo=CHINA)
    assert ticks(office, rota)["escalated"] == 1
    assert escalated(office) == ["untaken"]
    assert "escalated" not in ticks(office, rota, minutes=30)
    acts = handling_of(office.store, office.desk)
    acts.take(1, by=hired(office.store, office.clock, "lin"), now=office.clock())
    assert escalated(office) == []


def test_a_message_that_whoever_has_it_does_not_answer_escalates(office: Office, rota: Rota, acts: Handling) -> None:
    lin = hired(office.store, office.clock, "lin")
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    assert ticks(office, rota, minutes=9) == {}
    acts.reply(1, by=lin, text="在", request_key="1", now=office.clock())
    assert ticks(office, rota, minutes=30) == {}
    office.says("那押金呢")
    assert ticks(office, rota, minutes=9) == {}
    assert ticks(office, rota, minutes=2) == {"escalated": 1}
    assert escalated(office) == ["unanswered"]
    office.says("在吗")
    assert ticks(office, rota, minutes=5) == {}
    acts.reply(1, by=lin, text="押金退到原卡", request_key="2", now=office.clock())
    assert escalated(office) == []


def test_nothing_is_assigned_by_night_but_danger_is(office: Office, rota: Rota) -> None:
    lin = hired(office.store, office.clock, "lin")
    office.clock.now = datetime(2026, 9, 29, 23, 0, tzinfo=CHINA)
    office.says("转人工")
    assert ticks(office, rota, seconds=3) == {}
    office.says("我妈突然叫不醒了，没有呼吸")
    assert ticks(office, rota, seconds=3) == {"assigned": 1}
    assert last(office).offered_to == lin.id


def test_who_waits_without_a_hand_over_gets_one(office: Office, rota: Rota) -> None:
    hired(office.store, office.clock, "lin")
    office.says("转人工")

    def forget(connection) -> None:
        from care.hand_over_tables import hand_over_steps, hand_overs

        connection.execute(hand_over_steps.delete())
        connection.execute(hand_overs.delete())

    office.store.write(forget)
    assert ticks(office, rota, seconds=3) == {"noted": 1}
    assert ticks(office, rota, seconds=3) == {"assigned": 1}
    assert last(office).reason == "handoff"


def test_the_round_asks_again_only_after_a_while(office: Office, rota: Rota) -> None:
    hired(office.store, office.clock, "lin")
    assert ticks(office, rota, seconds=3) == {}
    office.says("转人工")
    office.clock.now = office.clock() - timedelta(seconds=59)
    assert ticks(office, rota) == {}


def test_an_export_waits_until_the_conversation_is_given_back(office: Office, acts: Handling) -> None:
    lin = hired(office.store, office.clock, "lin")
    office.verified()
    office.says("导出我的信息")
    acts.take(1, by=lin, now=office.clock())
    assert office.works() == []
    acts.give_back(1, by=lin, now=office.clock())
    assert any("打包好了" in text for text in office.works())


def test_what_could_not_be_kept_is_noted_for_who_has_the_conversation(office: Office, acts: Handling) -> None:
    from care import notes

    lin = hired(office.store, office.clock, "lin")
    office.verified()
    office.sends(b"no picture at all")
    acts.take(1, by=lin, now=office.clock())
    assert office.works() == []
    with office.store.reading() as connection:
        [note] = notes.notes_of(connection, office.store.keys, 1)
    assert "类型收不了" in note.text
    assert note.actor == "assistant"


def test_a_supervisor_on_the_staff_list_is_no_manager(office: Office, rota: Rota) -> None:
    hired(office.store, office.clock, "boss", role="supervisor")
    office.store.write(lambda connection: connection.execute(update(staff_table).values(on_duty=True)))
    office.says("转人工")
    assert ticks(office, rota, seconds=3) == {}


def copied(office: Office, times: int, **values: object) -> None:
    """Open hand-overs of other people, like the first."""

    def work(connection) -> None:
        for number in range(times):
            person = f"o-{number}"
            people.introduce(connection, office.store.keys, account="demo", platform_id=person, now=office.clock())
        numbers = connection.scalars(select(conversations.c.id).where(conversations.c.id != 1)).all()
        rows = [
            {"conversation_id": number, "asked_at": office.clock(), "reason": "handoff", "is_red": False, **values}
            for number in numbers
        ]
        connection.execute(hand_over_table.insert(), rows)

    office.store.write(work)


def of_newest(office: Office) -> HandOver:
    with office.store.reading() as connection:
        newest = select(hand_over_table).order_by(hand_over_table.c.id.desc()).limit(1)
        return hand_overs.hand_over_of(connection.execute(newest).one())


def test_however_many_are_held_who_waits_is_assigned_and_escalates(office: Office, rota: Rota) -> None:
    lin, wang = hired(office.store, office.clock, "lin"), hired(office.store, office.clock, "wang")
    now = office.clock()
    office.says("你好")
    copied(office, 250, staff_id=wang.id, taken_at=now, held_since=now)
    office.says("转人工")
    assert ticks(office, rota, seconds=3) == {"assigned": 1}
    assert of_newest(office).offered_to == lin.id
    ticks(office, rota, minutes=11)
    with office.store.reading() as connection:
        told = connection.scalars(select(escalations.c.hand_over_id).where(escalations.c.kind == "untaken")).all()
    assert told == [of_newest(office).id]


def test_danger_is_assigned_before_hundreds_who_wait_longer(office: Office, rota: Rota) -> None:
    lin = hired(office.store, office.clock, "lin")
    office.says("你好")
    office.store.write(lambda connection: staff.set_work(connection, lin.id, products=None, capacity=1))
    copied(office, 250)
    office.says("我妈突然叫不醒了，没有呼吸")
    assert ticks(office, rota, seconds=3)["assigned"] == 1
    assert (of_newest(office).is_red, of_newest(office).offered_to) == (True, lin.id)


def test_an_answer_that_never_arrived_is_none_and_escalates(office: Office, rota: Rota, acts: Handling) -> None:
    lin = hired(office.store, office.clock, "lin")
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    ticks(office, rota, minutes=11)
    assert escalated(office) == ["unanswered"]
    acts.reply(1, by=lin, text="押金退到原卡", request_key="1", now=office.clock())
    assert escalated(office) == []
    dead = outbox.update().where(outbox.c.kind == "human").values(state="dead", settled_at=office.clock())
    office.store.write(lambda connection: connection.execute(dead))
    assert ticks(office, rota, minutes=9) == {}
    assert ticks(office, rota, minutes=2) == {"escalated": 1}
    assert escalated(office) == ["unanswered"]
    acts.reply(1, by=lin, text="押金退到原卡", request_key="2", now=office.clock())
    assert ticks(office, rota, minutes=30) == {}
    assert escalated(office) == []


def test_nobody_is_assigned_what_they_could_not_open_not_even_danger(office: Office) -> None:
    elsewhere = hired(office.store, office.clock, "elsewhere")
    office.store.write(
        lambda connection: staff.set_work(connection, elsewhere.id, products=["chengzhang-youxiang-2025"], capacity=9)
    )
    hours = ServiceHours(calendar=WorkCalendar.load())
    rota = Rota(store=office.store, hours=hours, serves=lambda _account: ("junlong-zhenai-21",))
    office.says("转人工")  # no product was told
    assert ticks(office, rota, seconds=3) == {}
    office.says("我妈突然叫不醒了，没有呼吸")
    assert ticks(office, rota, seconds=3) == {}
    lin = hired(office.store, office.clock, "lin")
    assert ticks(office, rota, seconds=3) == {"assigned": 1}
    assert last(office).offered_to == lin.id
