"""What we know of the person in a conversation: their policies, what they agreed to, their cases. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from bot.clock import in_china
from bot.store.store import Store
from care import bindings, consents, policies
from care.attempts import Lock, is_locked, tries_left
from care.case_records import Case, cases_of_contact
from care.cases import UseAfter, consequence
from care.consents import ConsentKind
from care.eligibility import Verdict, judge
from care.policy import Insured, Policy
from care.policy_years import period_of
from care.promises import Deadline, deadlines_of
from care.uses import HOLDER
from care.uses import taken as uses_taken
from care.workdays import WorkCalendar
from knowledge.flow import Flow
from knowledge.library import Library

ADULT_YEARS = 18


@dataclass(frozen=True, kw_only=True)
class Customers:
    """Where handlers read what is stored of people."""

    store: Store
    library: Library
    calendar: WorkCalendar
    versions: Mapping[ConsentKind, int]  # of the texts that people agree to

    def of(self, contact_id: int) -> "Customer":
        """Return the customer behind a contact; 0 is somebody who writes for the first time."""
        return Customer(contact_id=contact_id, records=self)

    def flow(self, product: str, service: str) -> Flow | None:
        """Return how a service is run, or None where the product has no such service."""
        handbook = self.library.handbooks.get(product)
        return handbook.flows.get(service) if handbook else None


@dataclass(frozen=True)
class Customer:
    """One person in one turn; what is stored is read when it is first asked for, and once."""

    contact_id: int
    records: Customers
    just_bound: tuple[Policy, ...] = ()
    just_agreed: frozenset[ConsentKind] = frozenset()

    def with_bound(self, found: Sequence[Policy]) -> "Customer":
        """Return the customer with policies that this turn binds. One without a row number cannot be used yet."""
        bound = tuple(policy for policy in found if policy.id is not None)
        return Customer(self.contact_id, self.records, bound, self.just_agreed)

    def agreeing(self, kind: ConsentKind) -> "Customer":
        """Return the customer with an agreement that this turn records."""
        return Customer(self.contact_id, self.records, self.just_bound, self.just_agreed | {kind})

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """The policies the person may act on, in the order in which they were bound."""
        stored = self._bound()
        known = {policy.id for policy in stored}
        return (*stored, *(policy for policy in self.just_bound if policy.id not in known))

    def _bound(self) -> tuple[Policy, ...]:
        if not self.contact_id:
            return ()
        with self.records.store.reading() as connection:
            bound = [binding.policy_id for binding in bindings.of_contact(connection, self.contact_id)]
            if not bound:
                return ()
            found = {policy.id: policy for policy in policies.by_ids(connection, self.records.store.keys, bound)}
        return tuple(found[id] for id in bound if id in found and found[id].product in self.records.library.handbooks)

    @cached_property
    def open_cases(self) -> tuple[Case, ...]:
        """The person's cases under way, the newest first."""
        return self.cases(only_open=True)

    def cases(self, *, only_open: bool = False, limit: int = 20) -> tuple[Case, ...]:
        """Return the person's newest cases, the newest first."""
        if not self.contact_id:
            return ()
        with self.records.store.reading() as connection:
            found = cases_of_contact(
                connection, self.records.store.keys, self.contact_id, only_open=only_open, limit=limit
            )
            return tuple(found)

    def has_agreed(self, kind: ConsentKind) -> bool:
        """Whether the person agreed to the present text of a kind."""
        return kind in self.just_agreed or self._standing.get(kind) == self.records.versions[kind]

    @cached_property
    def _standing(self) -> Mapping[ConsentKind, int]:
        if not self.contact_id:
            return {}
        with self.records.store.reading() as connection:
            return consents.standing(connection, self.contact_id)

    def lock(self, policy_index: bytes | None, *, now: datetime) -> Lock | None:
        """Return what forbids verifying a policy now, or None."""
        if not self.contact_id:
            return None
        with self.records.store.reading() as connection:
            return is_locked(connection, contact_id=self.contact_id, policy_index=policy_index, now=now)

    def tries_left(self, *, now: datetime) -> int:
        """Return how many failures are left before the person is locked."""
        with self.records.store.reading() as connection:
            return tries_left(connection, contact_id=self.contact_id, now=now)

    def policy(self, id: int | None) -> Policy | None:
        """Return one of the person's policies, or None."""
        return next((policy for policy in self.policies if policy.id == id), None)

    def deadlines(self, case: Case) -> tuple[Deadline, ...]:
        """Return the promises of a case that still run or wait, the soonest first."""
        with self.records.store.reading() as connection:
            rows = tuple(deadlines_of(connection, case.id))
        return tuple(sorted((row for row in rows if row.state in ("running", "paused")), key=lambda row: row.due_at))

    def withdrawal(self, case: Case, flow: Flow, *, now: datetime) -> UseAfter | None:
        """Return what withdrawing a case now would make of its use."""
        with self.records.store.reading() as connection:
            return consequence(connection, flow, case, now=now, calendar=self.records.calendar)

    def verdict(
        self,
        policy: Policy,
        insured: Insured | None,
        service: str,
        *,
        now: datetime,
        answers: Mapping[str, Any] | None = None,
    ) -> Verdict:
        """Judge whether somebody may use a service today; `insured` None is the holder."""
        flow = self.records.flow(policy.product, service)
        return judge(
            flow.eligibility if flow else None,
            policy,
            on=in_china(now).date(),
            insured=insured,
            taken=self.taken(policy, insured, service),
            answers=answers,
            diagnosed_on=_day(answers, "diagnosed_on"),
            at=now,
            calendar=self.records.calendar,
        )

    def taken(self, policy: Policy, insured: Insured | None, service: str) -> Mapping[tuple[str, str], int]:
        """Return how many uses of a service are held or spent, by (counter, period); `insured` None is the holder."""
        if policy.id is None:
            return {}
        person = HOLDER if insured is None or insured.relation == "self" else str(insured.id)
        asked = (policy.id, person, service)
        if asked not in self._taken:
            with self.records.store.reading() as connection:
                self._taken[asked] = uses_taken(connection, *asked)
        return self._taken[asked]

    @cached_property
    def _taken(self) -> dict[tuple[int, str, str], Mapping[tuple[str, str], int]]:
        return {}

    def period(self, policy: Policy, per: str, on: date) -> str:
        """Return the period in which a use on a day counts."""
        return period_of(policy, per, on)


def is_minor(insured: Insured, today: date) -> bool:
    """Whether an insured person is under 18 on a day."""
    birthday = insured.birth
    years = today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
    return years < ADULT_YEARS


def covered(policy: Policy, flow: Flow) -> tuple[Insured | None, ...]:
    """Return for whom a policy lets a service be applied for: its insured, and the holder (None) where that may be."""
    persons = flow.eligibility.persons
    found: list[Insured | None] = list(policy.insured) if "insured" in persons else []
    if "holder" in persons:
        own = next((person for person in policy.insured if person.relation == "self"), None)
        if own is None:
            found.append(None)
        elif own not in found:
            found.append(own)
    return tuple(found)


def _day(answers: Mapping[str, Any] | None, slot: str) -> date | None:
    value = (answers or {}).get(slot)
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) else None
