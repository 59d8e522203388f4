"""A year of children and inpatients: what happens to them, and the reminding that goes on beside it, by a frozen clock.

Everything that happens is also written into plain histories, from which tests/proof/year_oracle.py tells what should
have been said. The world knows nothing of that.
"""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from bot.clock import CHINA, in_china
from bot.errors import RetryLater
from bot.outbox import Outbox
from bot.retry import RetryPolicy
from bot.store import reports
from bot.store.conversations import give_back, take_over
from bot.store.people import introduce
from bot.store.schema import conversations, inbound, outbox
from care import bindings, cases, child_records, children, consents, policy_saving, reminders
from care.case_records import Case, case_with_id
from care.child import Child, Dose, Profile
from care.child_forecast import forecast_of
from care.consents import ConsentKind
from care.tables import call_tasks
from care.tables import reminders as table
from care.vaccination.rows import DATED
from care.vaccination.rule_files import load as load_rules
from care.workdays import WorkCalendar
from handlers.case_moves import CaseMover
from handlers.remind import Rounds
from handlers.reminder_facts import Desk
from handlers.reminder_ways import Template, Ways
from handlers.replanning import replan_case, replan_child, replan_person, walks
from knowledge.library import Library
from tests.assistants import WUXIAN
from tests.clocks import FixedClock
from tests.families import policy as family_policy
from tests.proof.year_platform import Fate, Gateway, Killed, MortalStore, Phones

KINDS = ("vaccination", "admission", "discharge")
BEGIN = datetime(2026, 1, 1, 7, tzinfo=CHINA)
_HISTORIES, _EARLY = 60, 0.06  # how many there are; of the visits, the share with a dose before its time
_WALK_EVERY = timedelta(days=40)  # rows are written 45 days ahead: a service that re-plans this seldom loses nothing


@dataclass
class Person:
    """A guardian or a patient, with what happened to them: spans are (from, until) in UTC."""

    platform_id: str
    contact: int
    conversation: int
    out: list[list[datetime | None]] = field(default_factory=list)
    held: list[list[datetime | None]] = field(default_factory=list)
    unwilling: list[list[datetime | None]] = field(default_factory=list)
    wrote: list[datetime] = field(default_factory=list)


@dataclass
class Raised:
    """A child and its guardian. `told`: the record as it was from each moment on; `comes`: how late for a dose."""

    person: Person
    told: list[tuple[datetime, Child]]
    comes: timedelta | None


@dataclass
class Stay:
    """A case of an inpatient. `over`: when it was withdrawn."""

    person: Person
    case: Case
    opened: datetime
    over: datetime | None = None


class Year:
    """Runs the world. `days` shorter than a year for a quick look; `kills` of the reminding process at random."""

    def __init__(
        self, store: MortalStore, library: Library, fate: Fate, *, seed: int, children: int, inpatients: int,
        kills: int, days: int = 365, failing: float = 0.05,
    ) -> None:  # fmt: skip
        self.store, self.fate, self.library = store, fate, library
        self.chance = random.Random(seed)
        self.clock = FixedClock(BEGIN.astimezone(FixedClock().now.tzinfo))
        self.begin, self.end = self.clock.now, self.clock.now + timedelta(days=days)
        self.calendar = WorkCalendar.load()
        self.house = Desk(library=library, calendar=self.calendar, keys=store.keys)
        self.phones = Phones(self.clock, self.chance, fate, failing=failing, later=self._fails_later)
        self.raised: list[Raised] = []
        self.stays: list[Stay] = []
        self.people: list[Person] = []
        self.planned_seconds = self.walked = 0.0
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._write(self._fill, children, inpatients)
        for _ in range(kills + kills // 2):  # some come while nothing is due
            self._on(self._moment(clock=time(8, 39)), lambda: self.fate.arm(self.chance.randint(0, 60)))
        self._start()

    # Reminding: what a serving process does at each tick, at every moment at which something is due.

    def run(self) -> None:
        """Live through the year."""
        while (now := self._next()) < self.end:
            self.clock.now = now
            while self._events and self._events[0][0] <= now:
                heapq.heappop(self._events)[2]()
            self._remind()

    def _start(self) -> None:
        """Start the process that reminds, with nothing but what is stored."""
        self.fate.restart()
        template = {"thing1": "kind", "thing2": "title", "time3": "day"}
        ways = Ways(
            templates={"demo": {kind: Template(id=kind, fields=template) for kind in KINDS}},
            senders={"demo": self.phones},
            sms=Gateway(self.phones),
        )
        self._rounds = Rounds(store=self.store, house=self.house, ways=ways)
        self._outbox = Outbox(
            store=self.store, channels={"demo": self.phones}, clock=self.clock,
            policy=RetryPolicy(), chance=self.chance,
        )  # fmt: skip

    def _remind(self) -> None:
        self.store.is_mortal = True
        try:
            self._outbox.release_expired()
            if self._rounds.has_due(self.clock.now):
                self._rounds.until_done(self.clock.now)
            self._outbox.deliver_due()
        except (Killed, RetryLater):
            if not self.fate.is_dead:
                raise
            self._start()
        finally:
            self.store.is_mortal = False

    def _next(self) -> datetime:
        """Return when something happens or is due next."""
        with self.store.reading() as connection:
            soonest = [
                connection.scalar(select(func.min(table.c.due_at)).where(table.c.state == "planned")),
                connection.scalar(select(func.min(table.c.lease_until)).where(table.c.state == "claimed")),
                connection.scalar(select(func.min(outbox.c.due_at)).where(outbox.c.state == "pending")),
                connection.scalar(select(func.min(outbox.c.lease_until)).where(outbox.c.state == "claimed")),
            ]
        soonest += [self._events[0][0]] if self._events else []
        due = min((one for one in soonest if one is not None), default=self.end)
        return max(due, self.clock.now + timedelta(seconds=5))

    def _fails_later(self, number: str) -> None:
        def report() -> None:
            self._write(
                lambda connection: reports.record(
                    connection, account="demo", provider_id=number, reason="failed:user block", now=self.clock()
                )
            )

        self._on(self.clock.now + timedelta(seconds=self.chance.choice((1, 20, 7000))), report)

    # What happens.

    def _fill(self, connection: Connection, children: int, inpatients: int) -> None:
        histories = [self._history() for _ in range(min(_HISTORIES, max(1, children // 4)))]
        for number in range(children):
            person = self._person(connection, f"child-{number}")
            comes = self.chance.choice((-1, 0, 0, 1, 2, 2, 5, 9, 20, 40, 100, None))
            one = Raised(person=person, told=[], comes=None if comes is None else timedelta(days=comes))
            self.raised.append(one)
            if self.chance.random() < 0.75:
                birth, given = self.chance.choice(histories)
                self._made(connection, one, birth, given)
            else:
                at = self._moment()
                self._on(at, lambda one=one: self._write(self._born, one))
        for number in range(inpatients):
            person = self._person(connection, f"patient-{number}")
            self._on(self._moment(), lambda person=person, number=number: self._write(self._admitted, person, number))
        self._on(self.begin, self._walk)
        self._on(self.begin + timedelta(hours=10), self._call)

    def _person(self, connection: Connection, name: str) -> Person:
        introduce(connection, self.store.keys, account="demo", platform_id=name, now=self.clock())
        row = connection.execute(select(conversations).order_by(conversations.c.id.desc()).limit(1)).one()
        person = Person(platform_id=name, contact=row.contact_id, conversation=row.id)
        for kind in (ConsentKind.PERSONAL, ConsentKind.GUARDIAN):
            consents.give(connection, contact_id=person.contact, kind=kind, version=1, now=self.clock())
        self.people.append(person)
        for share, what in (
            (0.5, self._writes),
            (0.05, self._opts_out),
            (0.05, self._taken_over),
            (0.01, self._unwills),
        ):
            if self.chance.random() < share:
                self._on(self._moment(), lambda what=what: self._write(what, person))
        return person

    def _history(self) -> tuple[date, list[Dose]]:
        """Return a birth date up to six years ago, with the doses given by the programme until the year begins."""
        today = in_china(self.begin).date()
        birth = today - timedelta(days=self.chance.randint(20, 6 * 365))
        child = Child(
            id=0, number="", policy_id=None, insured_id=None, made_at=self.begin, profile=Profile(name="", birth=birth)
        )
        given: list[Dose] = []
        as_of = birth
        while True:
            rows = [
                row
                for row in forecast_of(_with(child, given), as_of)
                if row.status in DATED and row.recommended and row.recommended < today
            ]
            if not rows:
                return birth, given
            as_of = max(as_of, min(row.recommended for row in rows if row.recommended))
            given += [
                Dose(on=as_of, vaccine=_code(row)) for row in rows if row.recommended and row.recommended <= as_of
            ]

    def _born(self, connection: Connection, one: Raised) -> None:
        self._made(connection, one, in_china(self.clock()).date() - timedelta(days=self.chance.randint(1, 20)), [])

    def _made(self, connection: Connection, one: Raised, birth: date, given: list[Dose]) -> None:
        keys, now = self.store.keys, self.clock()
        profile = Profile(name="宝宝", birth=birth, sex="F")
        child = children.add_child(connection, keys, profile, contact_id=one.person.contact, now=now)
        if given:
            child_records.add_doses(connection, keys, child, given, by="command", now=now)
        self._told(connection, one, child.id)

    def _told(self, connection: Connection, one: Raised, id: int) -> None:
        child = children.child_with_id(connection, self.store.keys, id)
        assert child is not None
        replan_child(connection, self.house, child, now=self.clock())
        one.told.append((self.clock(), child))
        today = in_china(self.clock()).date()
        days = [row.recommended for row in forecast_of(child, today) if row.status in DATED and row.recommended]
        if days and one.comes is not None:
            visit = max(min(days) + one.comes, today + timedelta(days=1))
            hours = timedelta(hours=self.chance.uniform(9, 17))
            self._on(_utc(visit) + hours, lambda: self._write(self._vaccinated, one, id))

    def _vaccinated(self, connection: Connection, one: Raised, id: int) -> None:
        today = in_china(self.clock()).date()
        child = one.told[-1][1]
        due = [
            Dose(on=today, vaccine=_code(row))
            for row in forecast_of(child, today)
            if row.status in ("due", "overdue") and row.earliest and row.earliest <= today
        ]
        if self.chance.random() < _EARLY:
            due += self._given_early(one, child, today)
        if due:
            child_records.add_doses(connection, self.store.keys, child, due, by="contact", now=self.clock())
        self._told(connection, one, id)

    def _given_early(self, one: Raised, child: Child, today: date) -> list[Dose]:
        """A clinic gave something before its time, or a parent told the wrong day: some put it right later.

        Not on a day with a dose already: the same vaccine twice a day is refused.
        """
        if any(dose.on == today for dose in child.doses):
            return []
        soon = [
            Dose(on=today, vaccine=_code(row))
            for row in forecast_of(child, today)
            if row.status == "upcoming" and row.earliest and row.earliest - today < timedelta(days=60)
        ][:1]
        if soon and self.chance.random() < 0.4:
            later = self.clock() + timedelta(days=self.chance.uniform(0.1, 30))
            self._on(later, lambda: self._write(self._taken_back, one, child.id, soon[0]))
        return soon

    def _taken_back(self, connection: Connection, one: Raised, id: int, wrong: Dose) -> None:
        child = one.told[-1][1]
        found = next((dose for dose in child.doses if dose == replace(wrong, id=dose.id)), None)
        if found is not None:
            child_records.drop_dose(connection, child, found.id or 0, by="contact", now=self.clock())
            self._told(connection, one, id)

    def _writes(self, connection: Connection, person: Person) -> None:
        values = {"account": "demo", "message_key": f"m{next(self._numbers)}", "kind": "text", "body": b""}
        more = {"conversation_id": person.conversation, "received_at": self.clock(), "reply_state": "none"}
        connection.execute(insert(inbound).values(values | more))
        person.wrote.append(self.clock())

    def _opts_out(self, connection: Connection, person: Person) -> None:
        kind = reminders.EVERY_KIND
        reminders.opt_out(connection, contact_id=person.contact, kind=kind, now=self.clock())
        replan_person(connection, self.house, person.contact, now=self.clock())
        person.out.append([self.clock(), None])
        if self.chance.random() < 0.4:
            self._on(
                self.clock() + timedelta(days=self.chance.randint(1, 90)), lambda: self._write(self._opts_in, person)
            )

    def _opts_in(self, connection: Connection, person: Person) -> None:
        reminders.opt_in(connection, contact_id=person.contact)
        person.out[-1][1] = self.clock()
        for one in self.raised:
            if one.person is person and one.told:
                replan_child(connection, self.house, one.told[-1][1], now=self.clock())
        for stay in self.stays:
            if stay.person is person:
                self._replan(connection, stay)

    def _taken_over(self, connection: Connection, person: Person) -> None:
        take_over(connection, person.conversation, now=self.clock())
        person.held.append([self.clock(), None])
        until = self.clock() + timedelta(hours=self.chance.choice((0.2, 1, 5, 30, 80)))
        self._on(until, lambda: self._write(self._given_back, person))

    def _given_back(self, connection: Connection, person: Person) -> None:
        give_back(connection, person.conversation, now=self.clock())
        person.held[-1][1] = self.clock()

    def _unwills(self, connection: Connection, person: Person) -> None:
        consents.withdraw(connection, contact_id=person.contact, kind=ConsentKind.PERSONAL, now=self.clock())
        person.unwilling.append([self.clock(), None])

    def _admitted(self, connection: Connection, person: Person, number: int) -> None:
        keys, now, today = self.store.keys, self.clock(), in_china(self.clock()).date()
        day = (today + timedelta(days=self.chance.choice((0, 1, 2, 3, 7, 20, 50)))).isoformat()
        leaves = self.chance.random() < 0.5
        dated = {"item": "discharge", "discharged_on": day} if leaves else {"item": "advance", "admitted_on": day}
        told = family_policy({"product": WUXIAN}, place=number + 1, products=[WUXIAN], today=today)
        kept = policy_saving.save(connection, keys, told, now=now)
        bindings.bind(connection, contact_id=person.contact, policy_id=kept.id or 0, now=now)
        application = cases.Application(
            contact_id=person.contact, conversation_id=person.conversation, policy_id=kept.id or 0,
            insured_id=kept.insured[0].id, product=WUXIAN, policy_year=kept.effective_on,
            answers={**dated, "phone": person.platform_id}, request_key=f"case-{number}",
        )  # fmt: skip
        flow = self.library.handbooks[WUXIAN].flows["inpatient-advance"]
        case = cases.open_case(connection, keys, flow, application, actor="test", now=now, calendar=self.calendar)
        stay = Stay(person=person, case=case, opened=now)
        self.stays.append(stay)
        self._replan(connection, stay)
        if self.chance.random() < 0.2:
            over = now + timedelta(days=self.chance.uniform(0, 10))
            self._on(over, lambda: self._write(self._withdrawn, stay))

    def _withdrawn(self, connection: Connection, stay: Stay) -> None:
        mover = CaseMover(library=self.library, keys=self.store.keys, calendar=self.calendar, actor="test")
        mover.cancel(connection, stay.case.number, now=self.clock())
        stay.over = self.clock()

    def _replan(self, connection: Connection, stay: Stay) -> None:
        case = case_with_id(connection, self.store.keys, stay.case.id)
        assert case is not None
        replan_case(connection, self.house, case, now=self.clock())

    def _walk(self) -> None:
        """Plan everything anew, as the nights do."""
        for walk in walks(self.house, now=self.clock()):
            place = 0
            while True:
                place, _ = walk.step(self.store, place)
                if not place:
                    break
        self._on(self.clock() + _WALK_EVERY, self._walk)

    def _call(self) -> None:
        """People make the calls of the day."""
        self._write(
            lambda connection: connection.execute(
                update(call_tasks).where(call_tasks.c.done_at.is_(None)).values(done_at=self.clock(), done_by="test")
            )
        )
        self._on(self.clock() + timedelta(days=1), self._call)

    def _moment(self, *, clock: time | None = None) -> datetime:
        """Return a moment of the year: at some clock time, else in the day."""
        day = in_china(self.begin).date() + timedelta(days=self.chance.randrange((self.end - self.begin).days))
        minute = timedelta(minutes=self.chance.randint(7 * 60, 22 * 60))
        at = _utc(day) + minute if clock is None else datetime.combine(day, clock, tzinfo=CHINA)
        return max(self.begin, at.astimezone(self.begin.tzinfo))

    def _on(self, at: datetime, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), happens))

    def _write(self, work: Callable[..., Any], *arguments: Any) -> None:
        self.store.write(lambda connection: work(connection, *arguments), timeout_seconds=900)


def _with(child: Child, given: list[Dose]) -> Child:
    return Child(
        id=child.id, number=child.number, policy_id=None, insured_id=None, made_at=child.made_at,
        profile=child.profile, doses=tuple(given),
    )  # fmt: skip


def _code(row: Any) -> str:
    return row.product if row.product in load_rules().products else str(row.vaccine)


def _utc(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=CHINA).astimezone(FixedClock().now.tzinfo)
