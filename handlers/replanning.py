"""Plans the reminders of a case, a policy or a child anew, in the transaction that changes their facts; and of all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial

from sqlalchemy import Connection, select

from bot.keys import Unreadable
from bot.store.store import Store
from care import policies
from care.bindings import of_contact as standing_bindings
from care.case_records import Case, all_cases, case_with_id, cases_of_contact
from care.child import Child
from care.children import children_of_contact
from care.policy import Policy
from care.reminder_plan import differing, replan_all
from care.reminders import Planned
from care.tables import bindings
from handlers import reminders
from handlers.child_facts import add_children_of, after_children, child_facts, child_facts_of
from handlers.new_children import NewChildren
from handlers.parts import parts_of
from handlers.reminder_facts import (
    Facts,
    PlanningHouse,
    case_facts,
    policy_facts,
    stored_policy,
)
from handlers.reminder_kind import ReminderKind

BATCH = 100
WRITTEN_AT_ONCE = 20
_MOST_CASES = 200


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, ReminderKind]:
    """Return all kinds of reminder by name."""
    return {name: part.KIND for name, part in parts_of(reminders).items()}


def replan_case(connection: Connection, house: PlanningHouse, case: Case, *, now: datetime) -> int:
    """Plan a case's reminders anew; returns how many rows changed."""
    return _replan(connection, f"case:{case.id}", case_facts(connection, house, case, now=now), now)


def replan_policy(connection: Connection, house: PlanningHouse, policy: Policy, *, now: datetime) -> int:
    """Plan a policy's reminders anew for everybody who may act on it; its children get their profiles."""
    for child in add_children_of(connection, house, policy, now=now):
        replan_child(connection, house, child, now=now)
    return _replan(connection, f"policy:{policy.id}", policy_facts(connection, house, policy, now=now), now)


def replan_child(connection: Connection, house: PlanningHouse, child: Child, *, now: datetime) -> int:
    """Plan a child's reminders anew."""
    return _replan(connection, f"child:{child.id}", child_facts(connection, house, child, now=now), now)


def replan_person(connection: Connection, house: PlanningHouse, contact_id: int, *, now: datetime) -> None:
    """Plan all reminders of the person behind a contact anew: of their policies, open cases and children."""
    bound = [one.policy_id for one in standing_bindings(connection, contact_id)]
    for policy in policies.by_ids(connection, house.keys, bound):
        replan_policy(connection, house, policy, now=now)
    for case in cases_of_contact(connection, house.keys, contact_id, only_open=True, limit=_MOST_CASES):
        replan_case(connection, house, case, now=now)
    for child in children_of_contact(connection, house.keys, contact_id):
        replan_child(connection, house, child, now=now)


def _replan(connection: Connection, subject: str, facts: Facts | None, now: datetime) -> int:
    of_it = tuple(_kinds_about(subject))
    return replan_all(connection, subject=subject, kinds=of_it, wanted=wanted_of(subject, facts), now=now)


def wanted_of(subject: str, facts: Facts | None) -> list[Planned]:
    """Return all reminders that the facts of a subject want. Pure."""
    if facts is None:
        return []
    return [one for kind in _kinds_about(subject).values() for one in kind.plan(facts)]


def _kinds_about(subject: str) -> dict[str, ReminderKind]:
    about = subject.partition(":")[0]
    return {name: kind for name, kind in kinds().items() if kind.about == about}


def facts_of(connection: Connection, house: PlanningHouse, subject: str, *, now: datetime) -> Facts | None:
    """Return the facts of a reminder's subject as they stand now, or None where it is gone."""
    about, _, id = subject.partition(":")
    try:
        if about == "case":
            case = case_with_id(connection, house.keys, int(id))
            return case_facts(connection, house, case, now=now) if case else None
        if about == "policy":
            policy = stored_policy(connection, house, int(id))
            return policy_facts(connection, house, policy, now=now) if policy else None
        return child_facts_of(connection, house, int(id), now=now)
    except Unreadable:
        return None


Page = Callable[[Connection, int], Mapping[int, Facts | None]]


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A walk through all subjects of a sort, in the order of their row numbers."""

    name: str
    about: str
    page: Page
    house: PlanningHouse
    now: datetime

    def step(self, store: Store, after: int) -> tuple[int, int]:
        """Re-plan the next subjects after a number; returns the last one's number (0: that was all), and how many rows
        changed.

        Compares in a reading connection: most nights change little, and people's messages want the writer too. What
        differs is planned from facts that are read again in the transaction that writes.
        """
        with store.reading() as connection:
            facts = self.page(connection, after)
            wanted = {f"{self.about}:{id}": wanted_of(f"{self.about}:{id}", one) for id, one in facts.items()}
            different = differing(connection, wanted, kinds=tuple(_kinds_about(f"{self.about}:")), now=self.now)
        changed = 0
        for start in range(0, len(different), WRITTEN_AT_ONCE):
            changed += store.write(partial(self._write, subjects=different[start : start + WRITTEN_AT_ONCE]))
        return (max(facts) if len(facts) >= BATCH else 0), changed

    def _write(self, connection: Connection, *, subjects: Sequence[str]) -> int:
        return sum(
            _replan(connection, subject, facts_of(connection, self.house, subject, now=self.now), self.now)
            for subject in subjects
        )


AnyWalk = Walk | NewChildren


def walks(house: PlanningHouse, *, now: datetime) -> tuple[AnyWalk, ...]:
    """Return the walks through all subjects; new children get their profiles before the children are walked through."""

    def cases(connection: Connection, after: int) -> dict[int, Facts | None]:
        page = all_cases(connection, house.keys, limit=BATCH, after_id=after)
        return {case.id: case_facts(connection, house, case, now=now) for case in page}

    def bound_policies(connection: Connection, after: int) -> dict[int, Facts | None]:
        wanted = select(bindings.c.policy_id).where(bindings.c.policy_id > after, bindings.c.ended_at.is_(None))
        page = connection.scalars(wanted.distinct().order_by(bindings.c.policy_id).limit(BATCH)).all()
        found = {id: stored_policy(connection, house, id) for id in page}
        return {
            id: policy_facts(connection, house, policy, now=now) if policy else None for id, policy in found.items()
        }

    def children(connection: Connection, after: int) -> dict[int, Facts | None]:
        page = after_children(connection, house, after, limit=BATCH)
        return {child.id: child_facts(connection, house, child, now=now) for child in page}

    pages: dict[str, tuple[str, Page]] = {
        "cases": ("case", cases),
        "policies": ("policy", bound_policies),
        "children": ("child", children),
    }
    through = (Walk(name=name, about=about, page=page, house=house, now=now) for name, (about, page) in pages.items())
    return (NewChildren(house=house, now=now), *through)
