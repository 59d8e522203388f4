"""Plans the reminders of a case, a policy or a child anew, in the transaction that changes their facts; and of all."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from bot.keys import Unreadable
from care import reminders as rows
from care.case_records import Case, all_cases, case_with_id
from care.policy import Policy
from care.tables import bindings
from handlers import reminders
from handlers.child_facts import after_children, child_facts, child_facts_of
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


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, ReminderKind]:
    """Return all kinds of reminder by name."""
    return {name: part.KIND for name, part in parts_of(reminders).items()}


def replan_case(connection: Connection, house: PlanningHouse, case: Case, *, now: datetime) -> int:
    """Plan a case's reminders anew; returns how many rows changed."""
    return _replan(connection, "case", f"case:{case.id}", case_facts(connection, house, case, now=now), now)


def replan_policy(connection: Connection, house: PlanningHouse, policy: Policy, *, now: datetime) -> int:
    """Plan a policy's reminders anew for everybody who may act on it."""
    return _replan(connection, "policy", f"policy:{policy.id}", policy_facts(connection, house, policy, now=now), now)


def replan_child(connection: Connection, house: PlanningHouse, child: Any, *, now: datetime) -> int:
    """Plan a child's reminders anew."""
    return _replan(connection, "child", f"child:{child.id}", child_facts(connection, house, child, now=now), now)


def _replan(connection: Connection, about: str, subject: str, facts: Facts | None, now: datetime) -> int:
    of_it = {name: kind for name, kind in kinds().items() if kind.about == about}
    wanted = [one for kind in of_it.values() for one in kind.plan(facts)] if facts is not None else []
    return rows.replan_all(connection, subject=subject, kinds=tuple(of_it), wanted=wanted, now=now)


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


Walk = Callable[[Connection, int], tuple[int, int]]


def walks(house: PlanningHouse, *, now: datetime) -> Iterator[tuple[str, Walk]]:
    """Yield the walks through all subjects: each step re-plans some after a number, and returns the last one's number
    (0: that was all) and how many rows changed."""

    def case_step(connection: Connection, after: int) -> tuple[int, int]:
        page = list(all_cases(connection, house.keys, limit=BATCH, after_id=after))
        changed = sum(replan_case(connection, house, case, now=now) for case in page)
        return (page[-1].id if len(page) == BATCH else 0), changed

    def policy_step(connection: Connection, after: int) -> tuple[int, int]:
        wanted = select(bindings.c.policy_id).where(bindings.c.policy_id > after, bindings.c.ended_at.is_(None))
        page = connection.scalars(wanted.distinct().order_by(bindings.c.policy_id).limit(BATCH)).all()
        found = [stored_policy(connection, house, id) for id in page]
        changed = sum(replan_policy(connection, house, policy, now=now) for policy in found if policy is not None)
        return (page[-1] if len(page) == BATCH else 0), changed

    def child_step(connection: Connection, after: int) -> tuple[int, int]:
        page = after_children(connection, house, after, limit=BATCH)
        changed = sum(replan_child(connection, house, child, now=now) for child in page)
        return (page[-1].id if len(page) == BATCH else 0), changed

    yield "cases", case_step
    yield "policies", policy_step
    yield "children", child_step
