"""What reminder kinds plan from: a case, a policy or a child as it stands now, and whom to tell. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Protocol

from sqlalchemy import Connection, func, select

from bot.clock import CHINA, in_china
from bot.keys import KeyRing
from bot.store import schema
from bot.store.people import conversation_of
from care import bindings, joins, media, policies, promises
from care.case_records import Case
from care.policy import Policy
from care.promises import Deadline
from care.tables import case_events, cases
from care.workdays import WorkCalendar
from handlers.case_words import names, wanted_papers
from knowledge.flow import Flow
from knowledge.library import Library

MORNING = time(9, 10)


class PlanningHouse(Protocol):
    """What planning needs of the house."""

    @property
    def library(self) -> Library: ...
    @property
    def calendar(self) -> WorkCalendar: ...
    @property
    def keys(self) -> KeyRing: ...


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The house of a command or a worker, as far as reminders need it."""

    library: Library
    calendar: WorkCalendar
    keys: KeyRing


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Somebody to tell, and where."""

    contact_id: int
    conversation_id: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What all facts have: the subject ("case:7"), who is told, the calendar and the time."""

    subject: str
    recipients: tuple[Recipient, ...]
    calendar: WorkCalendar
    now: datetime

    @property
    def today(self) -> date:
        return in_china(self.now).date()


@dataclass(frozen=True, kw_only=True)
class CaseFacts(Facts):
    """`missing`: names of the papers still wanted. `reached`: step → when it was last reached. `told`: the state of
    the message that told the last step, in its `told_version`. `beside`: services that other cases on the policy are
    under way for."""

    case: Case
    flow: Flow
    service_name: str
    missing: str
    deadlines: Sequence[Deadline]
    reached: Mapping[str, datetime]
    told: str | None
    told_version: int
    beside: frozenset[str]

    @property
    def waits_for_customer(self) -> bool:
        step = self.flow.step(self.case.step)
        return bool(self.case.is_open and step and step.waits_for == "customer")

    def day(self, *slots: str) -> date | None:
        """Return the first of these answers that is a day."""
        for slot in slots:
            try:
                return date.fromisoformat(str(self.case.answers[slot]))
            except (KeyError, ValueError):
                continue
        return None


@dataclass(frozen=True, kw_only=True)
class PolicyFacts(Facts):
    """`waiting`: the services whose waiting period is known, with its days."""

    policy: Policy
    product_name: str
    waiting: Mapping[str, int]


@lru_cache(maxsize=8192)  # asked for a hundred times a child, and of the same days for all children
def at(day: date, clock: time = MORNING) -> datetime:
    """Return a moment of a day in China, in UTC."""
    return datetime.combine(day, clock, tzinfo=CHINA).astimezone(UTC)


def case_facts(connection: Connection, house: PlanningHouse, case: Case, *, now: datetime) -> CaseFacts | None:
    """Return the facts of a case, or None where its service or its person is gone."""
    handbook = house.library.handbooks.get(case.product)
    flow = handbook.flows.get(case.service) if handbook else None
    if handbook is None or flow is None:
        return None
    service = handbook.service(case.service)
    sent = {paper.material for paper in media.of_case(connection, case.id)}
    papers = [paper for paper in wanted_papers(flow, case.answers, case.answers) if paper.id not in sent]
    told, told_version = _told(connection, case)
    return CaseFacts(
        subject=f"case:{case.id}",
        recipients=recipients(connection, (case.contact_id,)),
        calendar=house.calendar,
        now=now,
        case=case,
        flow=flow,
        service_name=service.short if service else case.service,
        missing=names(papers),
        deadlines=tuple(promises.deadlines_of(connection, case.id)),
        reached=_reached(connection, case.id),
        told=told,
        told_version=told_version,
        beside=_beside(connection, case),
    )


def policy_facts(connection: Connection, house: PlanningHouse, policy: Policy, *, now: datetime) -> PolicyFacts | None:
    """Return the facts of a policy, or None where its product is gone."""
    handbook = house.library.handbooks.get(policy.product)
    if handbook is None or policy.id is None:
        return None
    waiting = {}
    for id, flow in handbook.flows.items():
        rule, service = flow.eligibility.waiting, handbook.service(id)
        days = (policy.waiting_period_days if rule.days is None else rule.days) if rule else None
        if days:
            waiting[service.short if service else id] = days
    return PolicyFacts(
        subject=f"policy:{policy.id}",
        recipients=recipients(connection, bindings.contacts_of_policy(connection, policy.id)),
        calendar=house.calendar,
        now=now,
        policy=policy,
        product_name=house.library.product(policy.product).short,
        waiting=waiting,
    )


def stored_policy(connection: Connection, house: PlanningHouse, id: int) -> Policy | None:
    """Return a policy by its row number."""
    return policies.by_id(connection, house.keys, id)


def recipients(connection: Connection, contacts: Sequence[int]) -> tuple[Recipient, ...]:
    """Return whom to tell among these contacts: each person once, however many channels they have."""
    told = joins.one_each(connection, contacts)
    found = ((contact, conversation_of(connection, contact)) for contact in told)
    return tuple(Recipient(contact_id=one, conversation_id=where) for one, where in found if where is not None)


def _reached(connection: Connection, case_id: int) -> dict[str, datetime]:
    table = case_events
    query = (
        select(table.c.step, func.max(table.c.at))
        .where(table.c.case_id == case_id, table.c.kind.in_(("opened", "moved")))
        .group_by(table.c.step)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _told(connection: Connection, case: Case) -> tuple[str | None, int]:
    """Return the state of the message about the last move, and the version of the case that it tells."""
    versions = {f"case-{case.id}-{version}": version for version in range(case.version, 0, -1)}
    table = schema.outbox
    query = select(table.c.state, table.c.idempotency_key).where(table.c.idempotency_key.in_(versions))
    last = connection.execute(query.order_by(table.c.id.desc()).limit(1)).first()
    # A version without a message: somebody was given the case since, which nobody is told of.
    return (None, case.version) if last is None else (last.state, versions[last.idempotency_key])


def _beside(connection: Connection, case: Case) -> frozenset[str]:
    wanted = (cases.c.policy_id == case.policy_id, cases.c.id != case.id, cases.c.is_open)
    return frozenset(connection.scalars(select(cases.c.service).where(*wanted)))
