"""Who may act on which policy in chat. One person may have several policies, one policy several people.

What was verified in one of a person's channels holds in all of them (care/joins.py), and ends in all of them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, or_, select, update

from bot.store.people import insert_unless_there
from bot.store.prepared import Prepared
from care.joins import contacts_of, person_beside
from care.tables import bindings


@dataclass(frozen=True, kw_only=True)
class Binding:
    """A contact that may act on a policy since `bound_at`."""

    contact_id: int
    policy_id: int
    bound_at: datetime


def bind(connection: Connection, *, contact_id: int, policy_id: int, now: datetime) -> bool:
    """Let a contact act on a policy; False when they already could. Safe when two do it at once."""
    made = connection.execute(
        insert_unless_there(connection.dialect, bindings)
        .values(contact_id=contact_id, policy_id=policy_id, bound_at=now)
        .returning(bindings.c.id)
    )
    return made.first() is not None


def end(connection: Connection, *, contact_id: int, policy_id: int, now: datetime) -> bool:
    """End one binding; False when there was none. That it once was stays on record."""
    return _end(connection, now, _of_person(connection, contact_id), bindings.c.policy_id == policy_id) > 0


def end_all(connection: Connection, *, contact_id: int, now: datetime) -> int:
    """End all bindings of a person; returns how many there were."""
    return _end(connection, now, _of_person(connection, contact_id))


def is_bound(connection: Connection, *, contact_id: int, policy_id: int) -> bool:
    """Return whether a contact may act on a policy now."""
    query = select(bindings.c.id).where(
        _of_person(connection, contact_id), bindings.c.policy_id == policy_id, bindings.c.ended_at.is_(None)
    )
    return connection.execute(query).first() is not None


_COLUMNS = (bindings.c.contact_id, bindings.c.policy_id, bindings.c.bound_at)
# Asked in nearly every turn, most often of somebody who has none.
_OF_PERSON = Prepared(
    lambda _: (
        select(*_COLUMNS)
        .where(or_(bindings.c.contact_id == bindparam("of_contact"), bindings.c.contact_id.in_(person_beside())))
        .where(bindings.c.ended_at.is_(None))
        .order_by(bindings.c.id)
    )
)


def of_contact(connection: Connection, contact_id: int) -> list[Binding]:
    """Return a person's bindings, each policy once, in the order in which they were made."""
    first: dict[int, Binding] = {}
    for row in _OF_PERSON.rows(connection, {"of_contact": contact_id}):
        first.setdefault(row.policy_id, Binding(**row._asdict()))
    return list(first.values())


def contacts_of_policy(connection: Connection, policy_id: int) -> list[int]:
    """Return the contacts that may act on a policy, in the order in which they were bound."""
    query = select(bindings.c.contact_id).where(bindings.c.policy_id == policy_id, bindings.c.ended_at.is_(None))
    return list(connection.scalars(query.order_by(bindings.c.id)))


def _of_person(connection: Connection, contact_id: int) -> ColumnElement[bool]:
    return bindings.c.contact_id.in_(contacts_of(connection, contact_id))


def _end(connection: Connection, now: datetime, *whose: Any) -> int:
    ending = update(bindings).where(*whose, bindings.c.ended_at.is_(None)).values(ended_at=now)
    return connection.execute(ending).rowcount
