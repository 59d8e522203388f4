"""A child's reminders end to end: from the policy and the record to the messages, with a clock moved by hand."""

import itertools
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from bot.clock import CHINA, in_china
from bot.messages import Inbound, Kind, Outcome, Reply
from bot.store.schema import conversations
from bot.store.store import Store
from care import bindings, call_tasks, child_records, children, consents, policy_saving, reminder_done
from care.child import CheckUp, Child, Dose
from care.child_forecast import forecast_of
from care.consents import ConsentKind
from care.policy import Policy
from care.reminders import last_told, opt_out
from care.tables import reminders as table
from care.workdays import WorkCalendar
from handlers.remind import Rounds
from handlers.reminder_commands import plan_all, run
from handlers.reminder_facts import Desk
from handlers.reminder_ways import Ways
from handlers.replanning import replan_child, replan_policy
from knowledge.library import Library, load
from tests.bot.workplace import Workplace
from tests.care.policies_told import child as insured_child
from tests.care.policies_told import told
from tests.clocks import FixedClock

BIRTH = date(2026, 12, 1)


@pytest.fixture(scope="module")
def library() -> Library:
    return load()


@pytest.fixture
def database_url(tmp_path: Any) -> str:
    return f"sqlite:///{tmp_path / 'assistant.db'}"


class Home:
    """A parent in chat with a policy for one child; the platform is in memory."""

    def __init__(self, store: Store, clock: FixedClock, library: Library, **options: Any) -> None:
        self.store, self.clock = store, clock
        clock.now = moment(BIRTH + timedelta(days=4), 10)
        self.place = Workplace(store, clock, lambda _: Outcome(replies=(Reply(text="好"),)))
        self.house = Desk(library=library, calendar=WorkCalendar.load(), keys=store.keys)
        self.rounds = Rounds(store=store, house=self.house, ways=Ways())
        self._keys = itertools.count()
        self.writes()
        self.policy: Policy = store.write(lambda connection: self._binds(connection, options))

    def _binds(self, connection: Connection, options: dict[str, Any]) -> Policy:
        insured = {"effective_on": BIRTH, "expires_on": date(2036, 11, 30), "options": frozenset(("vaccine",))}
        wanted = told(insured=(insured_child(birth=BIRTH),), **{**insured, **options})
        policy = policy_saving.save(connection, self.store.keys, wanted, now=self.clock())
        contact = connection.execute(select(conversations.c.contact_id)).scalar_one()
        bindings.bind(connection, contact_id=contact, policy_id=policy.id or 0, now=self.clock())
        consents.give(connection, contact_id=contact, kind=ConsentKind.PERSONAL, version=1, now=self.clock())
        replan_policy(connection, self.house, policy, now=self.clock())
        return policy

    def writes(self) -> None:
        key = f"in-{next(self._keys)}"
        said = Inbound(account="demo", contact="o-1", key=key, kind=Kind.TEXT, sent_at=self.clock(), text="好的")
        self.place.turns.take(said)

    @property
    def child(self) -> Child:
        with self.store.reading() as connection:
            [found] = children.children_of_contact(connection, self.store.keys, 1)
        return found

    def gets(self, *doses: Dose) -> None:
        def work(connection: Connection) -> None:
            child = children.children_of_contact(connection, self.store.keys, 1)[0]
            child_records.add_doses(connection, self.store.keys, child, doses, by="contact:1", now=self.clock())
            self._again(connection, child)

        self.store.write(work)

    def is_examined(self) -> None:
        def work(connection: Connection) -> None:
            child = children.children_of_contact(connection, self.store.keys, 1)[0]
            done = CheckUp(on=in_china(self.clock()).date())
            child_records.add_check_up(connection, self.store.keys, child, done, by="contact:1", now=self.clock())
            self._again(connection, child)

        self.store.write(work)

    def _again(self, connection: Connection, child: Child) -> None:
        after = children.child_with_id(connection, self.store.keys, child.id)
        assert after is not None
        replan_child(connection, self.house, after, now=self.clock())

    def next_due(self) -> datetime:
        """Go through the nights until a reminder is planned, and return when it is due."""
        while (due := self._first_due()) is None:
            self.clock.move(days=30)
            plan_all(self.store, self.house, self.clock())
        return due

    def _first_due(self) -> datetime | None:
        wanted = table.c.kind.in_(("vaccination", "check_up_next"))
        with self.store.reading() as connection:
            due: datetime | None = connection.scalar(
                select(func.min(table.c.due_at)).where(wanted, table.c.state == "planned")
            )
        return due

    def hears(self, *, planning: bool = True) -> list[str]:
        """Return what the reminders due now say. The parent wrote a while ago: the window is open."""
        before = len(self.place.channel.sent)
        if planning:
            plan_all(self.store, self.house, self.clock())
        run(self.rounds, self.place.outbox, self.clock())
        return [text for _, text in self.place.channel.sent[before:]]

    def at(self, day: date, hour: int = 9) -> "Home":
        self.clock.now = moment(day, hour) - timedelta(hours=12)
        self.writes()
        self.clock.now = moment(day, hour)
        return self


def moment(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=CHINA).astimezone(FixedClock().now.tzinfo)


@pytest.fixture
def home(store: Store, clock: FixedClock, library: Library) -> Home:
    return Home(store, clock, library)


def test_a_childs_first_two_years(home: Home) -> None:
    """Every visit is told 7 days and a day before and on its day, and never again once the doses are told."""
    visits: dict[date, set[str]] = {}
    told_on: dict[date, list[int]] = {}
    said_of_check_ups = 0
    while (due := home.next_due()) < moment(date(2028, 12, 2), 0):
        day = in_china(due).date()
        assert 8 <= in_china(due).hour < 21
        home.clock.now = due - timedelta(hours=3)
        home.writes()
        home.clock.now = due + timedelta(minutes=1)
        said = home.hears(planning=False)
        said_of_check_ups += sum("体检" in text or "健康检查" in text for text in said)
        rows = [row for row in forecast_of(home.child, day) if row.recommended and row.status in ("upcoming", "due")]
        for text in said:
            if "接种" in text and "健康检查" not in text:
                for visit in {row.recommended for row in rows if row.recommended - day in _STEPS}:
                    told_on.setdefault(visit, []).append((visit - day).days)
        today = [row for row in rows if row.recommended == day]
        if today:
            visits[day] = {row.vaccine for row in today}
            home.gets(*(Dose(on=day, vaccine=row.product or row.vaccine) for row in today))
        if any(day == _months(age) - timedelta(days=5) for age in (3, 6, 8, 12, 18, 24)):
            home.is_examined()
    assert visits == {
        date(2027, 1, 1): {"HepB"},
        date(2027, 2, 1): {"DTP", "POLIO"},
        date(2027, 3, 1): {"POLIO"},
        date(2027, 4, 1): {"DTP", "POLIO"},
        date(2027, 6, 1): {"HepB", "DTP", "MPSV_A"},
        date(2027, 8, 1): {"MMR", "JE_L"},
        date(2027, 9, 1): {"MPSV_A"},
        date(2028, 6, 1): {"DTP", "MMR", "HepA_L"},
        date(2028, 12, 1): {"JE_L"},
    }
    assert {visit: days for visit, days in told_on.items() if visit in visits} == {visit: [7, 1, 0] for visit in visits}
    assert said_of_check_ups == 6


_STEPS = [timedelta(days=days) for days in (7, 1, 0)]


def _months(age: int) -> date:
    year, month = divmod(BIRTH.month - 1 + age, 12)
    return date(BIRTH.year + year, month + 1, 1)


def test_what_is_told_late_is_told_again_until_it_is_done(home: Home) -> None:
    home.gets(Dose(on=BIRTH, vaccine="HepB"), Dose(on=BIRTH, vaccine="BCG"))
    [today] = home.at(date(2027, 1, 1)).hears()
    [late] = home.at(date(2027, 1, 4)).hears()
    assert "乙肝疫苗第2剂" in today
    assert "乙肝疫苗第2剂" in late
    home.gets(Dose(on=date(2027, 1, 4), vaccine="HepB"))
    assert home.at(date(2027, 1, 8)).hears() == []


def test_every_word_says_that_the_clinic_decides(home: Home) -> None:
    for day in (date(2026, 12, 25), date(2027, 1, 1), date(2027, 1, 4)):
        assert all("接种门诊" in text for text in home.at(day).hears())


def test_nobody_is_told_of_check_ups_that_were_not_bought(store: Store, clock: FixedClock, library: Library) -> None:
    home = Home(store, clock, library, options=frozenset(("dental",)))
    assert not any("健康检查" in text for text in home.at(date(2027, 2, 24), 10).hears())


def test_both_parents_are_told_and_who_took_back_the_childs_consent_is_not(home: Home) -> None:
    said = Inbound(account="demo", contact="o-2", key="m", kind=Kind.TEXT, sent_at=home.clock(), text="好")
    home.place.turns.take(said)

    def binds(connection: Connection) -> None:
        bindings.bind(connection, contact_id=2, policy_id=home.policy.id or 0, now=home.clock())
        for kind in (ConsentKind.PERSONAL, ConsentKind.GUARDIAN):
            consents.give(connection, contact_id=2, kind=kind, version=1, now=home.clock())
        replan_policy(connection, home.house, home.policy, now=home.clock())

    home.store.write(binds)
    home.clock.now = moment(date(2027, 1, 1), 8)
    home.place.turns.take(replace(said, key="m2", sent_at=home.clock()))
    assert len(home.at(date(2027, 1, 1)).hears()) == 2
    home.store.write(
        lambda connection: consents.withdraw(connection, contact_id=2, kind=ConsentKind.GUARDIAN, now=home.clock())
    )
    assert len(home.at(date(2027, 1, 4)).hears()) == 1


def test_a_sibling_whom_the_insurer_tells_later_is_planned_for_in_the_night(home: Home) -> None:
    baby = insured_child("测试二宝", birth=BIRTH + timedelta(days=40), serial=3)
    both = replace(home.policy, insured=(*home.policy.insured, baby))
    home.clock.now = moment(BIRTH + timedelta(days=60), 10)
    home.store.write(lambda connection: policy_saving.save(connection, home.store.keys, both, now=home.clock()))
    plan_all(home.store, home.house, home.clock())
    with home.store.reading() as connection:
        seen = children.children_of_contact(connection, home.store.keys, 1)
        planned = set(connection.scalars(select(table.c.subject).where(table.c.kind == "vaccination")))
    assert [child.name for child in seen] == ["测试宝宝", "测试二宝"]
    assert planned >= {f"child:{child.id}" for child in seen}


def test_with_the_policy_over_the_reminders_end(store: Store, clock: FixedClock, library: Library) -> None:
    home = Home(store, clock, library, expires_on=date(2026, 12, 31))
    assert home.at(date(2026, 12, 25)).hears() != []
    assert not any("接种" in text for text in home.at(date(2027, 1, 1)).hears())


def test_a_product_without_the_promise_makes_no_profiles(store: Store, clock: FixedClock, library: Library) -> None:
    home = Home(store, clock, library, product="zhenai-wuxian-2023", plan="")
    with store.reading() as connection:
        assert children.children_of_contact(connection, store.keys, 1) == []
    assert not any("接种" in text for text in home.at(date(2027, 1, 1)).hears())


def test_after_half_a_year_of_silence_somebody_calls_once(home: Home) -> None:
    home.gets(Dose(on=BIRTH, vaccine="HepB"), Dose(on=BIRTH, vaccine="BCG"))
    day = date(2027, 7, 8)
    home.at(day).hears()
    with home.store.reading() as connection:
        calls = [one.subject for one in call_tasks.open_tasks(connection, home.store.keys)]
    assert calls.count(f"child:{home.child.id}") == 1


EARLY = (date(2027, 2, 1), date(2027, 4, 1), date(2027, 5, 20))  # the third twelve days before six months


def _with_an_early_dose(home: Home) -> None:
    home.at(EARLY[-1], 15)
    home.gets(*(Dose(on=day, vaccine="DTaP") for day in EARLY))


def _calls(home: Home) -> list[str]:
    with home.store.reading() as connection:
        return [one.occurrence for one in call_tasks.open_tasks(connection, home.store.keys)]


def test_an_early_dose_is_told_the_day_after_it_was_recorded_and_called_about_two_weeks_later(home: Home) -> None:
    _with_an_early_dose(home)
    asked = [text for text in home.at(date(2027, 5, 21)).hears() if "核实" in text]
    assert len(asked) == 1
    assert "百白破疫苗：第3针（2027年5月20日）比程序的年龄早" in asked[0]
    assert not any("核实" in text for text in home.at(date(2027, 5, 22)).hears())
    assert "2027-05-21/ask/call" not in _calls(home)
    home.at(date(2027, 6, 4)).hears()
    assert _calls(home).count("2027-05-21/ask/call") == 1


def test_a_dose_that_was_put_right_is_not_asked_about(home: Home) -> None:
    _with_an_early_dose(home)
    slip = next(dose for dose in home.child.doses if dose.on == EARLY[-1])
    home.clock.now = moment(date(2027, 6, 2), 15)

    def correct(connection: Connection) -> None:
        right = replace(slip, on=date(2027, 6, 2))
        child_records.correct_dose(
            connection, home.store.keys, home.child, slip.id or 0, right, by="contact:1", now=home.clock()
        )

    home.store.write(correct)
    assert not any("核实" in text for text in home.at(date(2027, 6, 3)).hears())
    home.at(date(2027, 6, 5)).hears()
    assert not any("/ask" in one for one in _calls(home))


def test_a_dose_that_the_clinic_confirms_is_not_asked_about_again(home: Home) -> None:
    _with_an_early_dose(home)
    home.at(date(2027, 5, 21)).hears()
    home.clock.now = moment(date(2027, 5, 25), 15)
    home.gets(Dose(on=EARLY[-1], vaccine="DTaP", source="clinic_confirmed"))
    for day in (date(2027, 5, 26), date(2027, 5, 27)):
        assert not any("核实" in text for text in home.at(day).hears())


def test_bcg_is_asked_about_when_it_wants_a_test_and_not_before(home: Home) -> None:
    home.store.write(
        lambda connection: children.change_child(
            connection, home.store.keys, home.child, by="contact:1", now=home.clock(), record_since=None
        )
    )
    assert not any("核实" in text for text in home.at(date(2027, 2, 27)).hears())
    told = [text for day in (1, 2, 3, 5) for text in home.at(date(2027, 3, day)).hears() if "卡介苗：满3月龄" in text]
    assert len(told) == 1


def test_nobody_calls_about_a_record_whose_guardian_opted_out(home: Home) -> None:
    _with_an_early_dose(home)
    home.at(date(2027, 5, 21)).hears()
    home.store.write(lambda connection: opt_out(connection, contact_id=1, kind="vaccination", now=home.clock()))
    for day in (date(2027, 6, 4), date(2027, 6, 5)):
        home.at(day).hears()
    assert not any("/ask" in one for one in _calls(home))


def test_what_a_clinic_has_looked_at_is_not_called_about_and_the_doses_to_come_are_told_as_ever(home: Home) -> None:
    _with_an_early_dose(home)
    home.at(date(2027, 5, 21)).hears()

    def looked_at(connection: Connection) -> None:
        told = last_told(connection, 1, since=home.clock() - timedelta(days=1))
        assert told is not None
        assert reminder_done.end(connection, told, now=home.clock(), occasion=told.occurrence) == 1

    home.store.write(looked_at)
    assert any("接种" in text for text in home.at(date(2027, 5, 25)).hears())
    home.at(date(2027, 6, 4)).hears()
    assert not any("/ask" in one for one in _calls(home))


def test_a_combination_begun_is_reminded_of_instead_of_the_doses_that_it_gives(home: Home) -> None:
    home.at(date(2027, 3, 1), 15)
    home.gets(*(Dose(on=day, vaccine="DTaP_IPV_HIB") for day in (date(2027, 2, 1), date(2027, 3, 1))))
    [said] = home.at(date(2027, 4, 1)).hears()
    assert "五联疫苗第3剂" in said
    assert "前面打的是五联疫苗" in said
    assert "百白破" not in said
    assert "脊灰" not in said
