"""Cases as those who work on them look for them: by step, product, service, who has it and when something is due.

Reads only, a page at a time, and nothing sealed is opened here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, exists, func, not_, or_, select

from bot.clock import in_china
from care.case_work_tables import material_reviews
from care.joins import contacts_of
from care.tables import case_deadlines, cases, materials

DueFilter = Literal["", "overdue", "today", "week", "paused", "none"]
Stand = tuple[str, str, str]  # product, service, step

NOBODY = "-"  # as an owner to look for


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is looked for; what is empty is not asked. `products` None: of every product.

    `stands`: only cases at one of these steps; `beside`: only cases at none of these.
    """

    products: Sequence[str] | None = None
    product: str = ""
    service: str = ""
    owner: str = ""
    due: DueFilter = ""
    number: str = ""
    policy_id: int | None = None
    contact_id: int | None = None
    is_open: bool = True
    stands: Sequence[Stand] | None = None
    beside: Sequence[Stand] = field(default_factory=tuple)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One case in a list. `due_at`: the soonest promise that still runs or is missed; `is_paused`: its clock stands.

    `unseen`: papers that nobody has judged yet.
    """

    id: int
    number: str
    contact_id: int
    policy_id: int
    insured_id: int | None
    product: str
    service: str
    step: str
    is_open: bool
    owner: str | None
    opened_at: datetime
    changed_at: datetime
    due_at: datetime | None
    is_paused: bool
    unseen: int


def listed(
    connection: Connection, asked: Asked, *, now: datetime, limit: int = 30, offset: int = 0
) -> Sequence[Listed]:
    """Return cases: open ones by what is due soonest, closed ones with the latest first."""
    due = _due()
    paused, unseen = _is_paused().label("is_paused"), _unseen().label("unseen")
    columns = [cases.c[name] for name in _OF_CASE]
    query = select(*columns, due.c.due_at, paused, unseen)
    query = _narrowed(connection, query.select_from(cases.outerjoin(due, due.c.case_id == cases.c.id)), asked, due, now)
    order = (
        (due.c.due_at.is_(None), due.c.due_at, cases.c.changed_at, cases.c.id)
        if asked.is_open
        else (cases.c.changed_at.desc(), cases.c.id.desc())
    )
    rows = connection.execute(query.order_by(*order).limit(limit).offset(offset))
    return [Listed(**{**row._mapping, "is_paused": bool(row.is_paused)}) for row in rows]


def count(connection: Connection, asked: Asked, *, now: datetime) -> int:
    """Count the cases that `listed` would return page by page."""
    due = _due()
    query = select(func.count()).select_from(cases.outerjoin(due, due.c.case_id == cases.c.id))
    return connection.scalar(_narrowed(connection, query, asked, due, now)) or 0


def counts_by_step(connection: Connection, asked: Asked, *, now: datetime) -> Mapping[Stand, int]:
    """Count the cases at each step of each service."""
    due = _due()
    stand = (cases.c.product, cases.c.service, cases.c.step)
    query = select(*stand, func.count()).select_from(cases.outerjoin(due, due.c.case_id == cases.c.id))
    return {
        (row[0], row[1], row[2]): row[3]
        for row in connection.execute(_narrowed(connection, query, asked, due, now).group_by(*stand))
    }


def owners(connection: Connection) -> list[str]:
    """Return who has open cases, by name."""
    query = select(cases.c.owner).where(cases.c.is_open, cases.c.owner.is_not(None)).distinct()
    return sorted(name for name in connection.scalars(query) if name)


_OF_CASE = (
    "id", "number", "contact_id", "policy_id", "insured_id", "product", "service", "step", "is_open", "owner",
    "opened_at", "changed_at",
)  # fmt: skip


def _due() -> FromClause:
    table = case_deadlines
    counts = (table.c.ended_at.is_(None), table.c.state.in_(("running", "missed")))
    found = select(table.c.case_id, func.min(table.c.due_at).label("due_at")).where(*counts)
    return found.group_by(table.c.case_id).subquery("due")


def _is_paused() -> ColumnElement[bool]:
    table = case_deadlines
    return exists().where(table.c.case_id == cases.c.id, table.c.state == "paused", table.c.ended_at.is_(None))


def _unseen() -> ColumnElement[int]:
    judged = exists().where(material_reviews.c.material_id == materials.c.id)
    query = select(func.count()).where(materials.c.case_id == cases.c.id, materials.c.state == "kept", not_(judged))
    return query.scalar_subquery()


def _narrowed(connection: Connection, query: Select[Any], asked: Asked, due: FromClause, now: datetime) -> Select[Any]:
    wanted: list[ColumnElement[bool]] = [cases.c.is_open if asked.is_open else not_(cases.c.is_open)]
    for column, value in ((cases.c.product, asked.product), (cases.c.service, asked.service)):
        wanted += [column == value] if value else []
    wanted += [cases.c.product.in_(asked.products)] if asked.products is not None else []
    if asked.owner:
        wanted.append(cases.c.owner.is_(None) if asked.owner == NOBODY else cases.c.owner == asked.owner)
    wanted += [cases.c.number == asked.number] if asked.number else []
    wanted += [cases.c.policy_id == asked.policy_id] if asked.policy_id is not None else []
    if asked.contact_id is not None:
        wanted.append(cases.c.contact_id.in_(contacts_of(connection, asked.contact_id)))
    wanted += [_at(asked.stands)] if asked.stands is not None else []
    wanted += [not_(_at(asked.beside))] if asked.beside else []
    return query.where(*wanted, *_due_filter(asked.due, due, now))


def _at(stands: Iterable[Stand]) -> ColumnElement[bool]:
    steps: dict[tuple[str, str], list[str]] = {}
    for product, service, step in stands:
        steps.setdefault((product, service), []).append(step)
    of_service = [
        and_(cases.c.product == product, cases.c.service == service, cases.c.step.in_(found))
        for (product, service), found in steps.items()
    ]
    return or_(*of_service) if of_service else cases.c.id.is_(None)


def _due_filter(wanted: DueFilter, due: FromClause, now: datetime) -> list[ColumnElement[bool]]:
    china = in_china(now)
    tomorrow = china.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    match wanted:
        case "overdue":
            return [due.c.due_at < now]
        case "today":
            return [due.c.due_at >= now, due.c.due_at < tomorrow]
        case "week":
            return [due.c.due_at >= now, due.c.due_at < tomorrow + timedelta(days=6)]
        case "paused":
            return [_is_paused()]
        case "none":
            return [due.c.due_at.is_(None)]
    return []
