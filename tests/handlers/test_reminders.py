"""Reminding end to end: planned from facts, sent once in its time, never in the night, never to who doesn't want it."""

import itertools
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.clock import CHINA, in_china
from bot.errors import GiveUp, RetryLater
from bot.messages import Inbound, Kind, Outcome, Reply
from bot.store import outbox
from bot.store.conversations import give_back, take_over
from bot.store.schema import conversations
from bot.store.store import Store
from care import bindings, call_tasks, cases, consents, policy_saving, reminders
from care.case_records import all_cases
from care.consents import ConsentKind
from care.tables import case_deadlines
from care.tables import reminders as table
from care.workdays import WorkCalendar
from handlers.case_moves import CaseMover
from handlers.remind import Rounds
from handlers.reminder_commands import plan_all, run
from handlers.reminder_facts import Desk
from handlers.reminder_ticks import Ticker
from handlers.reminder_ways import Template, Ways
from handlers.replanning import replan_case, replan_person
from intents.requests import Requests
from knowledge.library import Library, load
from tests.assistants import GROWTH, WUXIAN
from tests.bot.workplace import Workplace
from tests.clocks import FixedClock
from tests.families import policy as family_policy

HOSPITAL = "上海市测试第一人民医院"


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(FixedClock().now.tzinfo)


@pytest.fixture(scope="module")
def library() -> Library:
    return load()


class Ward:
    """One person with one policy, whose case is moved by hand; the platform is in memory."""

    def __init__(self, store: Store, clock: FixedClock, library: Library, ways: Ways | None = None) -> None:
        self.store, self.clock, self.library = store, clock, library
        self.place = Workplace(store, clock, lambda _: Outcome(replies=(Reply(text="好"),)))
        self.house = Desk(library=library, calendar=WorkCalendar.load(), keys=store.keys)
        self.rounds = Rounds(store=store, house=self.house, ways=ways or Ways())
        self._keys = itertools.count()

    @property
    def sent(self) -> list[str]:
        return [text for _, text in self.place.channel.sent]

    def writes(self, text: str = "你好") -> None:
        key = f"in-{next(self._keys)}"
        self.place.turns.take(
            Inbound(account="demo", contact="o-1", key=key, kind=Kind.TEXT, sent_at=self.clock(), text=text)
        )

    def opens(self, product: str, service: str, answers: Mapping[str, Any], *, consent: bool = True) -> Any:
        self.writes()
        flow = self.library.handbooks[product].flows[service]
        told = family_policy({"product": product}, place=1, products=[product], today=self.clock().date())

        def work(connection: Connection) -> Any:
            kept = policy_saving.save(connection, self.store.keys, told, now=self.clock())
            bindings.bind(connection, contact_id=1, policy_id=kept.id or 0, now=self.clock())
            if consent:
                consents.give(connection, contact_id=1, kind=ConsentKind.PERSONAL, version=1, now=self.clock())
            conversation = self.conversation(connection)
            application = cases.Application(
                contact_id=conversation[0], conversation_id=conversation[1], policy_id=kept.id or 0,
                insured_id=kept.insured[0].id, product=product, policy_year=kept.effective_on,
                answers=answers, request_key=f"case-{next(self._keys)}",
            )  # fmt: skip
            case = cases.open_case(
                connection, self.store.keys, flow, application, actor="test", now=self.clock(),
                calendar=self.house.calendar,
            )  # fmt: skip
            replan_case(connection, self.house, case, now=self.clock())
            return case

        return self.store.write(work)

    def conversation(self, connection: Connection) -> tuple[int, int]:
        row = connection.execute(select(conversations)).one()
        return row.contact_id, row.id

    def moves(self, number: str, to: str) -> None:
        mover = CaseMover(library=self.library, keys=self.store.keys, calendar=self.house.calendar, actor="test")
        self.store.write(lambda connection: mover.move(connection, number, to, now=self.clock()))
        self.place.outbox.deliver_due()

    def cases(self) -> list[Any]:
        with self.store.reading() as connection:
            return list(all_cases(connection, self.store.keys, limit=100))

    def cancels(self, number: str) -> None:
        mover = CaseMover(library=self.library, keys=self.store.keys, calendar=self.house.calendar, actor="test")
        self.store.write(lambda connection: mover.cancel(connection, number, now=self.clock()))

    def runs(self, at: str) -> Mapping[str, int]:
        """What `flask reminders run --now` does."""
        self.clock.now = china(at)
        plan_all(self.store, self.house, self.clock())
        return run(self.rounds, self.place.outbox, self.clock())

    def rows(self) -> list[Any]:
        with self.store.reading() as connection:
            return list(connection.execute(select(table).order_by(table.c.due_at)).all())

    def row(self, kind: str) -> Any:
        [row] = [row for row in self.rows() if row.kind == kind]
        return row

    def calls(self) -> list[str]:
        with self.store.reading() as connection:
            return [task.kind for task in call_tasks.open_tasks(connection, self.store.keys)]


@pytest.fixture
def ward(store: Store, clock: FixedClock, library: Library) -> Ward:
    clock.now = china("2026-11-23 10:00")
    return Ward(store, clock, library)


def appointment(ward: Ward, day: str = "2026-11-25", **options: Any) -> Any:
    return ward.opens(GROWTH, "public-hospital-appointment", {"wished_on": day, "hospital": HOSPITAL}, **options)


def test_an_appointments_last_free_change_is_told_that_morning_and_once(ward: Ward) -> None:
    appointment(ward)
    assert ward.runs("2026-11-24 09:09")["messages"] == 0
    assert ward.runs("2026-11-24 09:11")["messages"] == 1
    assert "16:00" in ward.sent[-1]
    before = len(ward.sent)
    assert ward.runs("2026-11-24 09:12")["messages"] == 0
    assert len(ward.sent) == before
    assert ward.row("appointment_cancellation").state == "sent"


def test_past_its_window_a_reminder_expires_and_never_fires_late(ward: Ward) -> None:
    appointment(ward)
    assert ward.runs("2026-11-24 16:00")["expired"] == 1
    assert not any("16:00" in text for text in ward.sent)


def test_a_case_that_is_withdrawn_is_not_reminded_of(ward: Ward) -> None:
    ward.cancels(appointment(ward).number)
    assert [row for row in ward.rows() if row.kind == "appointment_cancellation"] == []


def test_who_opted_out_hears_nothing_of_that_kind(ward: Ward) -> None:
    appointment(ward)
    ward.store.write(
        lambda connection: reminders.opt_out(
            connection, contact_id=1, kind="appointment_cancellation", now=ward.clock()
        )
    )
    done = ward.runs("2026-11-24 09:11")
    assert (done["messages"], ward.row("appointment_cancellation").state) == (0, "opted_out")


def test_an_opt_out_taken_back_wakes_what_is_still_ahead(ward: Ward) -> None:
    appointment(ward)
    kind = "appointment_cancellation"
    ward.store.write(lambda connection: reminders.opt_out(connection, contact_id=1, kind="all", now=ward.clock()))
    assert ward.store.write(lambda connection: reminders.opt_in(connection, contact_id=1, kind=kind))
    assert ward.runs("2026-11-24 09:11")["messages"] == 1


def test_without_consent_nothing_is_said(ward: Ward) -> None:
    appointment(ward, consent=False)
    assert ward.runs("2026-11-24 09:11")["messages"] == 0
    assert ward.row("appointment_cancellation").reason == "no consent"


def test_while_a_person_has_the_conversation_reminders_wait(ward: Ward) -> None:
    appointment(ward)
    ward.store.write(lambda connection: take_over(connection, 1, now=ward.clock()))
    assert ward.runs("2026-11-24 09:11")["messages"] == 0
    ward.store.write(lambda connection: give_back(connection, 1, now=ward.clock()))
    assert ward.runs("2026-11-24 09:30")["messages"] == 1


def test_in_the_quiet_hours_it_waits_for_the_morning(ward: Ward) -> None:
    appointment(ward, day="2026-11-26")
    ward.store.write(
        lambda connection: connection.execute(
            update(table).where(table.c.kind == "appointment_cancellation").values(due_at=china("2026-11-24 22:00"))
        )
    )
    assert ward.rounds.until_done(china("2026-11-24 22:00"))["messages"] == 0
    due_at = in_china(ward.row("appointment_cancellation").due_at)
    assert (due_at.date(), due_at.hour) == (date(2026, 11, 25), 8)
    assert 0 < due_at.minute < 30


def test_two_days_after_the_last_word_a_person_is_to_call(ward: Ward) -> None:
    appointment(ward, day="2026-11-30")
    assert ward.runs("2026-11-27 09:11")["calls"] == 1
    assert ward.calls() == ["appointment_cancellation"]


def test_the_last_message_of_the_quota_is_kept_back(ward: Ward) -> None:
    ward.opens(GROWTH, "inpatient-advance", {"admitted_on": "2026-11-25", "hospital": HOSPITAL})
    for number in range(4):
        ward.store.write(
            lambda connection, number=number: outbox.add(
                connection, ward.store.keys, conversation_id=1, kind="notice", text="好", key=f"n{number}",
                now=ward.clock(),
            )
        )  # fmt: skip
    ward.place.outbox.deliver_due()
    done = ward.runs("2026-11-24 09:11")
    assert (done["messages"], done["calls"]) == (0, 1)


def test_a_message_that_dies_takes_the_next_way(ward: Ward) -> None:
    appointment(ward)
    ward.place.channel.failures = [GiveUp("45015")]
    done = ward.runs("2026-11-24 09:11")
    assert (done["messages"], done["fell_through"], done["calls"]) == (1, 1, 1)
    assert ward.row("appointment_cancellation").state == "called"


class Templates:
    """The platform's template interface in memory."""

    def __init__(self, *faults: Exception) -> None:
        self.faults, self.sent = list(faults), list[Mapping[str, str]]()

    def send_subscribed(self, contact: str, template_id: str, fields: Mapping[str, str]) -> str:
        return self.send_template(contact, template_id, fields, key="")

    def send_template(self, contact: str, template_id: str, fields: Mapping[str, str], *, key: str) -> str:
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append(fields)
        return f"n{len(self.sent)}"


def with_templates(ward: Ward, sender: Templates) -> None:
    template = Template(id="T", fields={"thing1": "kind", "thing2": "title", "time3": "day"})
    ward.rounds = Rounds(
        store=ward.store,
        house=ward.house,
        ways=Ways(templates={"demo": {"appointment_cancellation": template}}, senders={"demo": sender}),
    )


def test_with_the_window_closed_a_template_message_is_sent(ward: Ward) -> None:
    appointment(ward, day="2026-11-30")
    sender = Templates()
    with_templates(ward, sender)
    assert ward.runs("2026-11-27 09:11")["templates"] == 1
    assert [set(fields) for fields in sender.sent] == [{"thing1", "thing2", "time3"}]
    assert all(len(value) <= 20 for value in sender.sent[0].values())
    ward.runs("2026-11-27 11:00")
    assert (ward.row("appointment_cancellation").state, len(sender.sent)) == ("sent", 1)


def test_a_refused_template_message_falls_to_a_call_and_a_busy_platform_is_asked_again(ward: Ward) -> None:
    appointment(ward, day="2026-11-30")
    sender = Templates(RetryLater("busy"), GiveUp("43101"))
    with_templates(ward, sender)
    assert ward.runs("2026-11-27 09:11")["put_off"] == 1
    done = ward.runs("2026-11-27 09:20")
    assert (done["fell_through"], done["calls"]) == (1, 1)


def test_the_day_before_a_discharge_its_papers_are_told_and_afterwards_somebody_calls(ward: Ward) -> None:
    answers = {"item": "discharge", "discharged_on": "2026-11-25"}
    ward.opens(WUXIAN, "inpatient-advance", answers)
    assert ward.runs("2026-11-24 09:11")["messages"] == 1
    assert "2026年11月25日" in ward.sent[-1]
    assert ward.runs("2026-11-26 09:11")["calls"] == 1


def test_who_wants_no_reminders_is_called_after_the_discharge_all_the_same(ward: Ward) -> None:
    ward.opens(WUXIAN, "inpatient-advance", {"item": "discharge", "discharged_on": "2026-11-25"})

    def stop(connection: Connection) -> None:
        reminders.opt_out(connection, contact_id=1, kind="all", now=ward.clock())
        replan_person(connection, ward.house, 1, now=ward.clock())

    ward.store.write(stop)
    assert {row.occurrence.split("/")[-1]: row.state for row in ward.rows() if row.kind == "discharge"} == {
        "before": "opted_out",
        "after": "planned",
    }
    assert ward.runs("2026-11-24 09:11")["messages"] == 0
    assert ward.runs("2026-11-26 09:11")["calls"] == 1


def test_a_discharge_that_was_told_too_late_is_flagged_at_once(ward: Ward) -> None:
    ward.opens(WUXIAN, "inpatient-advance", {"item": "discharge", "discharged_on": "2026-11-23"})
    assert ward.runs("2026-11-23 10:05")["calls"] == 1


def test_a_discharge_told_at_night_is_flagged_until_the_next_working_day(ward: Ward) -> None:
    ward.clock.now = china("2026-11-27 21:30")  # a Friday
    ward.opens(WUXIAN, "inpatient-advance", {"item": "discharge", "discharged_on": "2026-11-27"})
    [late] = [row for row in ward.rows() if row.occurrence.endswith("/late")]
    assert (late.due_at, late.until_at) == (ward.clock(), china("2026-11-30 12:00"))
    assert ward.runs("2026-11-27 21:35")["calls"] == 1


def test_a_discharge_moved_earlier_at_the_last_moment_is_flagged(ward: Ward) -> None:
    case = ward.opens(WUXIAN, "inpatient-advance", {"item": "discharge", "discharged_on": "2026-12-10"})
    flow = ward.library.handbooks[WUXIAN].flows["inpatient-advance"]

    def move(connection: Connection) -> None:
        moved = cases.correct(
            connection, ward.store.keys, flow, case.number, "discharged_on", "2026-11-25",
            actor="test", now=ward.clock(), note="提前了",
        )  # fmt: skip
        replan_case(connection, ward.house, moved, now=ward.clock())

    ward.clock.now = china("2026-11-24 20:00")
    ward.store.write(move)
    assert ward.runs("2026-11-24 20:05")["calls"] == 1


def test_a_discharge_told_a_day_ahead_is_not_flagged(ward: Ward) -> None:
    ward.opens(WUXIAN, "inpatient-advance", {"item": "discharge", "discharged_on": "2026-11-24"})
    assert not [row for row in ward.rows() if row.occurrence.endswith("/late")]


def test_a_short_promise_of_the_evening_is_called_near_in_the_evening(ward: Ward) -> None:
    ward.clock.now = china("2026-11-23 22:30")
    case = appointment(ward, "2026-11-30")
    short = {"started_at": ward.clock(), "due_at": china("2026-11-23 22:33"), "state": "running"}
    ward.store.write(lambda connection: connection.execute(update(case_deadlines).values(short)))
    ward.store.write(lambda connection: replan_case(connection, ward.house, case, now=ward.clock()))
    assert {row.due_at for row in ward.rows() if row.kind == "deadline_near"} == {china("2026-11-23 22:31:30")}
    ward.runs("2026-11-23 22:32")
    assert set(ward.calls()) == {"deadline_near"}


def test_an_admission_without_pre_authorisation_is_reminded_of_its_last_day(ward: Ward) -> None:
    ward.opens(
        GROWTH, "inpatient-advance", {"admitted_on": "2026-12-01"}
    )  # a Tuesday: five working days before is the 24th
    assert ward.runs("2026-11-24 09:11")["messages"] == 1
    assert "2026年11月24日" in ward.sent[-1]


def test_missing_papers_are_asked_for_after_a_day(ward: Ward) -> None:
    case = ward.opens(WUXIAN, "inpatient-fast-track", {"wanted_on": "2026-12-20"})
    ward.moves(case.number, "identity_checked")
    ward.moves(case.number, "needs_papers")
    assert ward.runs("2026-11-24 10:11")["messages"] == 1
    assert case.number in ward.sent[-1]


def test_a_worker_that_dies_leaves_its_claims_to_the_next(ward: Ward) -> None:
    appointment(ward)
    now = china("2026-11-24 09:11")
    claimed = ward.store.write(lambda c: reminders.claim_due(c, now=now, limit=10, claim_token="dead"))
    assert "appointment_cancellation" in [one.kind for one in claimed]
    assert ward.rounds.until_done(now)["messages"] == 0
    assert ward.rounds.until_done(now + reminders.LEASE)["messages"] == 1


def test_two_workers_never_claim_the_same(ward: Ward) -> None:
    appointment(ward)
    now = china("2026-11-24 09:11")
    first = ward.store.write(lambda c: reminders.claim_due(c, now=now, limit=10, claim_token="a"))
    assert ward.store.write(lambda c: reminders.claim_due(c, now=now, limit=10, claim_token="b")) == []
    ward.store.write(lambda c: reminders.release_expired(c, now=now + timedelta(hours=1)))
    again = ward.store.write(lambda c: reminders.claim_due(c, now=now, limit=10, claim_token="b"))
    assert [one.id for one in again] == [one.id for one in first]
    assert not ward.store.write(lambda c: reminders.settle(c, first[0], "sent", now=now))


def test_one_process_ticks_until_its_lease_ends(ward: Ward) -> None:
    appointment(ward)
    now = china("2026-11-24 09:11")
    one, other = Ticker(rounds=ward.rounds), Ticker(rounds=ward.rounds)
    assert one.tick(now)
    assert not other.tick(now)
    with ward.store.reading() as connection:
        assert reminders.due_count(connection, now=now) == 0


def test_at_night_everything_is_planned_anew(ward: Ward) -> None:
    appointment(ward)
    ward.store.write(lambda connection: connection.execute(table.delete()))
    Ticker(rounds=ward.rounds).tick(china("2026-11-24 02:10"))
    assert "appointment_cancellation" in [row.kind for row in ward.rows()]


def test_planning_twice_changes_nothing(ward: Ward) -> None:
    appointment(ward)
    plan_all(ward.store, ward.house, ward.clock())
    assert plan_all(ward.store, ward.house, ward.clock()) == 0


def test_answers_to_reminders_are_heard_and_questions_are_not() -> None:
    wishes = Requests.load()
    heard = {
        "取消提醒": "reminder_stop", "不要再提醒我了": "reminder_stop", "别提醒了": "reminder_stop",
        "稍后提醒": "reminder_later", "明天再提醒我": "reminder_later", "已预约": "reminder_booked",
        "约好了": "reminder_booked", "孩子不舒服": "child_unwell", "恢复提醒": "reminder_resume",
        "约好了8月28号": "reminder_booked", "已预约，周六上午去打": "reminder_booked", "约了下周三": "reminder_booked",
        "孩子感冒了，好了再打": "child_unwell", "宝宝发烧了，下周再打": "child_unwell",
    }  # fmt: skip
    assert {text: wishes.all_in(text)[:1] for text in heard} == {text: [kind] for text, kind in heard.items()}
    for question in ("有接种提醒吗", "怎么取消提醒", "取消预约", "预防接种提醒是什么", "预约8月28号"):
        assert not any(kind.startswith("reminder") for kind in wishes.all_in(question)), question
