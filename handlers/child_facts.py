"""What a child's reminders are planned from: the forecast of the next doses, the check-ups, and who is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection

from bot.clock import in_china
from care import children
from care.child import Child
from care.child_forecast import forecast_of
from care.clinic_questions import asks_on
from care.policy import Policy, standing
from care.vaccination.rows import DATED, Row
from care.vaccination.rule_files import load
from care.vaccination.together import without_covered
from handlers.reminder_facts import Facts, PlanningHouse, Recipient, recipients, stored_policy
from knowledge.schema import ChildReminders


@dataclass(frozen=True, kw_only=True)
class ChildFacts(Facts):
    """`rows`: the next dose of each vaccine. `check_ups`: days of those done; None where that wasn't bought.
    `booked_for`, `put_off_until`: as in the profile. `asks_on`: vaccine that a clinic has to look at, now or
    from a day on → the day to say so."""

    name: str
    birth: date
    rows: tuple[Row, ...]
    check_ups: tuple[date, ...] | None
    policy_id: int | None = None
    booked_for: date | None = None
    put_off_until: date | None = None
    asks_on: Mapping[str, date] = field(default_factory=dict)


def child_facts(connection: Connection, house: PlanningHouse, child: Child, *, now: datetime) -> ChildFacts | None:
    """Return the facts of a child; None where nobody is told, or the policy promises no reminders (any more)."""
    told = _guardians(connection, child)
    if not told:
        return None
    today, check_ups = in_china(now).date(), None
    if child.policy_id is not None:
        policy = stored_policy(connection, house, child.policy_id)
        promised = reminders_promised(house, policy) if policy else None
        if policy is None or promised is None or standing(policy, today) not in ("in_force", "unclear"):
            return None
        if promised.check_ups_option in (policy.options or ()):
            check_ups = tuple(one.on for one in child.check_ups)
    rows = without_covered(forecast_of(child, today), load(), today)
    return ChildFacts(
        subject=f"child:{child.id}",
        recipients=told,
        calendar=house.calendar,
        now=now,
        name=child.name,
        birth=child.birth,
        rows=rows,
        check_ups=check_ups,
        policy_id=child.policy_id,
        booked_for=child.profile.booked_for,
        put_off_until=child.profile.put_off_until,
        asks_on={row.vaccine: asks_on(child, row, load()) for row in rows if _is_asked(row)},
    )


def child_facts_of(connection: Connection, house: PlanningHouse, id: int, *, now: datetime) -> ChildFacts | None:
    """Return the facts of the child with a row number, or None where it is gone."""
    child = children.child_with_id(connection, house.keys, id)
    return None if child is None else child_facts(connection, house, child, now=now)


def after_children(connection: Connection, house: PlanningHouse, after: int, *, limit: int) -> Sequence[Child]:
    """Return children in the order of their row numbers, after one."""
    return children.children_after(connection, house.keys, after, limit=limit)


def add_children_of(connection: Connection, house: PlanningHouse, policy: Policy, *, now: datetime) -> list[Child]:
    """Make the profiles of a policy's children where its product promises reminders; returns the new ones."""
    if reminders_promised(house, policy) is None:
        return []
    return children.add_insured_children(connection, house.keys, policy, now=now)


def reminders_promised(house: PlanningHouse, policy: Policy) -> ChildReminders | None:
    """Return what a policy's product promises about reminding of vaccinations, or None."""
    handbook = house.library.handbooks.get(policy.product)
    return handbook.product.child_reminders if handbook else None


def _is_asked(row: Row) -> bool:
    return row.status == "ask_clinic" or (row.status in DATED and row.asks_from is not None)


def _guardians(connection: Connection, child: Child) -> tuple[Recipient, ...]:
    return recipients(connection, children.guardians_of(connection, child))
