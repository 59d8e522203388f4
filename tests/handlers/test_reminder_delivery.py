"""What may happen between planning and the phone: outages, nights, opt-outs, backlogs, a platform that refuses all."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import insert

from bot.errors import ConfigurationFault, GiveUp, RetryLater
from bot.store.store import Store
from care import reminder_controls, reminders
from care.quiet_hours import next_allowed
from care.tables import reminders as table
from handlers.remind import Rounds
from handlers.reminder_brake import Brake
from handlers.reminder_commands import plan_all, run
from handlers.reminder_ticks import Ticker
from handlers.reminder_ways import Template, Ways
from knowledge.library import Library, load
from tests.clocks import FixedClock
from tests.handlers.test_reminders import Templates, Ward, appointment, china

KIND = "appointment_cancellation"


@pytest.fixture(scope="module")
def library() -> Library:
    return load()


@pytest.fixture
def ward(store: Store, clock: FixedClock, library: Library) -> Ward:
    clock.now = china("2026-11-23 10:00")
    return Ward(store, clock, library)


def fails(ward: Ward, times: int) -> None:
    """Let the next sends of the outbox meet a platform that is away."""
    ward.place.channel.failures = [RetryLater("away", wait_seconds=600) for _ in range(times)]


def goes_on(ward: Ward, at: str) -> Mapping[str, int]:
    """Remind at a time without planning anew, as the tick does."""
    ward.clock.now = china(at)
    return run(ward.rounds, ward.place.outbox, ward.clock())


def handed(ward: Ward) -> None:
    """Hand a reminder to an outbox whose platform is away."""
    appointment(ward)
    fails(ward, 1)
    assert ward.runs("2026-11-24 09:11")["messages"] == 1
    assert ward.row(KIND).state == "handed"


def test_what_waits_for_the_platform_is_not_sent_after_its_window(ward: Ward) -> None:
    handed(ward)
    before = list(ward.sent)
    done = goes_on(ward, "2026-11-24 16:05")
    assert ward.sent == before
    assert done["fell_through"] == 1
    goes_on(ward, "2026-11-24 16:30")
    assert ward.row(KIND).state == "expired"


def test_what_waits_for_the_platform_does_not_ring_at_night(ward: Ward) -> None:
    appointment(ward, day="2026-11-26")
    moved = table.update().where(table.c.kind == KIND)
    due = {"due_at": china("2026-11-24 20:50"), "until_at": china("2026-11-25 16:00")}
    ward.store.write(lambda connection: connection.execute(moved.values(due)))
    fails(ward, 1)
    assert goes_on(ward, "2026-11-24 20:51")["messages"] == 1
    before = list(ward.sent)
    for at in ("2026-11-24 21:02", "2026-11-24 21:20", "2026-11-25 03:00"):
        goes_on(ward, at)
    assert ward.sent == before
    assert goes_on(ward, "2026-11-25 08:29")["messages"] == 1
    assert len(ward.sent) == len(before) + 1


def test_what_waits_for_the_platform_is_not_sent_after_an_opt_out(ward: Ward) -> None:
    handed(ward)
    before = list(ward.sent)
    ward.store.write(lambda c: reminders.opt_out(c, contact_id=1, kind=KIND, now=ward.clock()))
    goes_on(ward, "2026-11-24 09:30")
    goes_on(ward, "2026-11-24 09:50")
    assert ward.sent == before
    assert ward.row(KIND).state == "opted_out"


def test_what_waits_for_the_platform_is_not_sent_once_its_facts_are_others(ward: Ward) -> None:
    appointment(ward)
    case = ward.cases()[0]
    fails(ward, 1)
    ward.runs("2026-11-24 09:11")
    before = list(ward.sent)
    ward.cancels(case.number)
    goes_on(ward, "2026-11-24 09:30")
    goes_on(ward, "2026-11-24 09:50")
    assert [text for text in ward.sent[len(before) :] if "16:00" in text] == []
    assert ward.row(KIND).state == "dropped"


def test_a_reminder_that_waited_out_an_outage_within_its_window_is_sent_once(ward: Ward) -> None:
    handed(ward)
    before = len(ward.sent)
    goes_on(ward, "2026-11-24 09:25")
    goes_on(ward, "2026-11-24 09:45")
    assert len(ward.sent) == before + 1
    assert ward.row(KIND).state == "sent"


# Backlogs and brakes.


def crowd(ward: Ward, count: int) -> None:
    """Plan reminders of cases that do not exist: the engine looks at each and drops it."""
    told = {"kind": KIND, "contact_id": 1, "conversation_id": 1, "state": "planned", "rung": 0, "tries": 0}
    times = {"due_at": china("2026-11-24 09:10"), "until_at": china("2026-11-24 16:00")}
    rows = [{**told, **times, "subject": f"case:{1000 + n}", "occurrence": "x"} for n in range(count)]
    ward.store.write(lambda connection: connection.execute(insert(table), rows))


def left(ward: Ward) -> int:
    return sum(row.state == "planned" and row.occurrence == "x" for row in ward.rows())


def test_what_waited_through_a_downtime_leaves_over_several_ticks(ward: Ward) -> None:
    appointment(ward)
    crowd(ward, 250)
    ticker, now = Ticker(rounds=ward.rounds), china("2026-11-24 12:00")
    told = []
    for number in range(4):
        ticker.tick(now + timedelta(seconds=6 * number))
        told.append(left(ward))
    assert told[0] >= 150
    assert told[-1] == 0


def test_what_is_past_its_window_after_a_downtime_is_never_sent(ward: Ward) -> None:
    appointment(ward)
    crowd(ward, 40)
    Ticker(rounds=ward.rounds).tick(china("2026-11-24 18:00"))
    assert {row.state for row in ward.rows() if row.occurrence == "x"} == {"expired"}


def test_while_broadcasts_pause_nothing_goes_out_and_afterwards_it_does(ward: Ward) -> None:
    appointment(ward)
    until = china("2026-11-24 10:00")
    ward.store.write(lambda connection: reminder_controls.pause(connection, until=until))
    assert ward.runs("2026-11-24 09:11")["messages"] == 0
    assert ward.runs("2026-11-24 10:01")["messages"] == 1


def with_brake(ward: Ward, *faults: Exception) -> Templates:
    sender = Templates(*faults)
    template = Template(id="T", fields={"thing1": "kind"})
    ways = Ways(templates={"demo": {KIND: template}}, senders={"demo": sender})
    ward.rounds = Rounds(store=ward.store, house=ward.house, ways=ways, brake=Brake())
    return sender


def paused(ward: Ward) -> bool:
    with ward.store.reading() as connection:
        return reminder_controls.paused_until(connection, now=ward.clock()) is not None


def test_a_platform_that_refuses_everything_pauses_the_broadcast(ward: Ward) -> None:
    appointment(ward, day="2026-11-30")
    with_brake(ward, ConfigurationFault("48001", code=48001))
    for _ in range(30):
        ward.rounds.brake.saw(failed=True)
    ward.runs("2026-11-27 09:11")
    assert paused(ward)


def test_people_who_refuse_for_themselves_pause_nothing(ward: Ward) -> None:
    appointment(ward, day="2026-11-30")
    with_brake(ward, GiveUp("43101", code=43101))
    ward.runs("2026-11-27 09:11")
    assert not paused(ward)
    assert not ward.rounds.brake.has_to_stop()


@pytest.mark.parametrize(("failed", "fine", "stops"), [(19, 0, False), (20, 0, True), (6, 14, False), (7, 13, True)])
def test_the_brake_judges_a_share_of_enough(failed: int, fine: int, stops: bool) -> None:
    brake = Brake()
    for is_failed in [True] * failed + [False] * fine:
        brake.saw(failed=is_failed)
    assert brake.has_to_stop() is stops
    assert not brake.has_to_stop()


# Rows.


def test_only_the_next_weeks_are_written_and_the_nights_write_on(ward: Ward) -> None:
    appointment(ward, day="2027-03-10")
    assert [row for row in ward.rows() if row.kind == KIND] == []
    ward.clock.now = china("2027-02-20 03:00")
    plan_all(ward.store, ward.house, ward.clock())
    assert ward.row(KIND).state == "planned"


def test_who_opted_out_is_not_planned_for_again_every_night(ward: Ward) -> None:
    appointment(ward)
    ward.store.write(lambda c: reminders.opt_out(c, contact_id=1, kind=KIND, now=ward.clock()))
    plan_all(ward.store, ward.house, ward.clock())
    assert plan_all(ward.store, ward.house, ward.clock()) == 0
    assert ward.row(KIND).state == "opted_out"


@pytest.mark.parametrize("at", ["2026-11-24 10:00", "2026-11-24 10:30", "2026-11-24 08:00"])
def test_a_reminder_is_not_sent_at_the_full_or_the_half_hour(at: str) -> None:
    moments = [next_allowed(china(at), seed=str(number)) for number in range(50)]
    assert all(china(at) < moment <= china(at) + timedelta(minutes=5) for moment in moments)
    assert len(set(moments)) > 1


def test_in_the_quiet_hours_it_is_the_morning_between_eight_and_half_past() -> None:
    moments = [next_allowed(china("2026-11-24 22:10"), seed=str(number)) for number in range(50)]
    assert all(china("2026-11-25 08:00") < moment < china("2026-11-25 08:30") for moment in moments)
