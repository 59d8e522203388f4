"""A desk for tests of cases: a person with a policy and two children, and one service's flow made up for the test."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select

from bot.clock import CHINA
from bot.keys import KeyRing
from bot.store.schema import conversations
from bot.store.store import Store
from care import cases, tables
from care.case_records import Case
from care.cases import Application, Moved, Withdrawn
from care.promises import Deadline, deadlines_of
from care.rules import Flow as AnyFlow
from care.timeline import Event, events_of
from care.workdays import WorkCalendar
from tests.care import people
from tests.care.rules_made_up import Cancelling, Eligibility, Flow, Hours, Promise, Step, UseRule, Within
from tests.clocks import FixedClock

T = TypeVar("T")

CALENDAR = WorkCalendar.load()
MANAGER = "user:manager"

ADVANCE = Flow(
    steps=(
        Step("submitted", next=("reviewed", "needs_papers", "refused")),
        Step("needs_papers", next=("submitted", "refused"), waits_for="customer"),
        Step("reviewed", next=("signed", "refused")),
        Step("signed", next=("advanced", "refused")),
        Step("advanced", next=("settled",), use="spend"),
        Step("settled", ends="done"),
        Step("refused", ends="refused"),
    ),
    promises=(
        Promise("review", "submitted", "reviewed", Within(5, "working_days")),
        Promise("pay", "signed", "advanced", Within(1, "working_days")),
        Promise("haste", "submitted", "reviewed", Within(1, "hours"), when={"urgent": ("yes",)}),
    ),
    eligibility=Eligibility(uses=(UseRule(count=1),), hours=Hours()),
    cancelling=Cancelling(use="spent", since="advanced"),
)


def china(text: str) -> datetime:
    """Read a time of China's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC)


class Desk:
    """Applies, moves and reads by one flow, each in a transaction of its own."""

    def __init__(self, store: Store, clock: FixedClock, flow: AnyFlow = ADVANCE) -> None:
        self.store, self.clock, self.flow = store, clock, flow
        self.keys: KeyRing = store.keys
        self._asked = 0
        self.contact_id = self.do(lambda connection: people.contact(connection, self.keys, "甲", clock()))
        self.policy_id = self.do(lambda connection: people.policy(connection, self.keys, "P-1", clock()))
        self.children = [self.insure(f"child {number}", "child") for number in (1, 2)]

    def do(self, work: Callable[[Connection], T]) -> T:
        return self.store.write(work)

    def insure(self, name: str, relation: str) -> int:
        row = {"policy_id": self.policy_id, "relation": relation, "sealed": b"", "id_index": name.encode()}
        added = insert(tables.insured).values(row).returning(tables.insured.c.id)
        return self.do(lambda connection: int(connection.execute(added).scalar_one()))

    def application(self, **changes: Any) -> Application:
        self._asked += 1
        of_contact = select(conversations.c.id).where(conversations.c.contact_id == self.contact_id)
        given: dict[str, Any] = {
            "contact_id": self.contact_id,
            "conversation_id": self.do(lambda connection: connection.scalar(of_contact)),
            "policy_id": self.policy_id,
            "insured_id": self.children[0],
            "product": "zhenai-wuxian-2023",
            "policy_year": date(2026, 1, 1),
            "answers": {},
            "request_key": f"turn {self._asked}",
        }
        return Application(**{**given, **changes})

    def opens(self, application: Application, **options: Any) -> Callable[[Connection], Case]:
        """Return the work of opening a case, to be run in a transaction."""
        told = {"actor": f"contact:{self.contact_id}", "now": self.clock(), "calendar": CALENDAR, **options}
        return lambda connection: cases.open_case(connection, self.keys, self.flow, application, **told)

    def open(self, **changes: Any) -> Case:
        return self.do(self.opens(self.application(**changes)))

    def move(self, case: Case, to: str, **options: Any) -> Moved:
        told = {"actor": MANAGER, "now": self.clock(), "calendar": CALENDAR, **options}
        return self.do(lambda connection: cases.move(connection, self.keys, self.flow, case.number, to, **told))

    def cancel(self, case: Case, **options: Any) -> Withdrawn:
        told = {"actor": f"contact:{self.contact_id}", "now": self.clock(), "calendar": CALENDAR, **options}
        return self.do(lambda connection: cases.cancel(connection, self.keys, self.flow, case.number, **told))

    def deadlines(self, case: Case) -> list[Deadline]:
        with self.store.reading() as connection:
            return list(deadlines_of(connection, case.id))

    def states(self, case: Case) -> dict[str, str]:
        return {deadline.promise: deadline.state for deadline in self.deadlines(case)}

    def events(self, case: Case) -> list[Event]:
        with self.store.reading() as connection:
            return list(events_of(connection, self.keys, case.id))

    def use_states(self, case: Case) -> list[str]:
        wanted = select(tables.uses.c.state).where(tables.uses.c.case_id == case.id).order_by(tables.uses.c.id)
        with self.store.reading() as connection:
            return list(connection.scalars(wanted))
