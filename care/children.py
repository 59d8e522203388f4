"""Children's profiles: who sees which child, made from a policy or by a guardian, changed, erased. Statements only.

What is recorded of a child (doses, growth) is written by care/child_records.py; what comes next is told by
care/child_forecast.py.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, exists, insert, or_, select, update

from bot.keys import KeyRing
from bot.store.people import insert_unless_there
from bot.store.prepared import Prepared
from care import audit
from care.case_numbers import drawn
from care.child import Child, Profile
from care.child_records import records_of
from care.child_tables import child_guardians, child_records, children
from care.joins import contacts_of
from care.policies import insured_people
from care.policy import Insured, Policy
from care.tables import bindings, insured, policies, reminders
from care.vaccination.spans import Span

_YOUNG = ("child", "other")  # relations that an insured child may have to the policyholder
_GROWN_UP = Span(months=18 * 12)
_DAYS = ("record_since", "booked_for", "put_off_until")
_OF_POLICY = ("name", "birth", "sex")  # an insured child's are the policy's, and not kept again


def children_of_contact(connection: Connection, keys: KeyRing, contact_id: int) -> list[Child]:
    """Return the children a person may see: those of the policies they have bound, and those they entered."""
    return _read(connection, keys, select(children).where(_seen_by(connection, contact_id)).order_by(children.c.id))


def child_with_id(connection: Connection, keys: KeyRing, id: int) -> Child | None:
    """Return the child with a row number, or None."""
    return next(iter(_read(connection, keys, select(children).where(children.c.id == id))), None)


def child_with_number(connection: Connection, keys: KeyRing, number: str) -> Child | None:
    """Return the child with a number, or None."""
    return next(iter(_read(connection, keys, select(children).where(children.c.number == number))), None)


def child_of_insured(connection: Connection, keys: KeyRing, insured_id: int) -> Child | None:
    """Return the profile of an insured person, or None."""
    return next(iter(_read(connection, keys, select(children).where(children.c.insured_id == insured_id))), None)


def children_of_policy(connection: Connection, keys: KeyRing, policy_id: int) -> list[Child]:
    """Return the children of a policy that have a profile."""
    return _read(connection, keys, select(children).where(children.c.policy_id == policy_id).order_by(children.c.id))


def children_after(connection: Connection, keys: KeyRing, after: int, *, limit: int) -> list[Child]:
    """Return children in the order of their row numbers, after one."""
    query = select(children).where(children.c.id > after).order_by(children.c.id).limit(limit)
    return _read(connection, keys, query)


def policies_without_profiles(connection: Connection, products: Sequence[str], after: int, *, limit: int) -> list[int]:
    """Return bound policies of these products that insure somebody without a profile, in the order of their numbers.

    They may be grown up: their birth dates are sealed.
    """
    tables = insured.join(policies, policies.c.id == insured.c.policy_id).outerjoin(
        children, children.c.insured_id == insured.c.id
    )
    bound = exists().where(bindings.c.policy_id == insured.c.policy_id, bindings.c.ended_at.is_(None))
    query = (
        select(insured.c.policy_id)
        .select_from(tables)
        .where(insured.c.policy_id > after, policies.c.product.in_(products))
        .where(insured.c.relation.in_(_YOUNG), children.c.id.is_(None), bound)
        .distinct()
        .order_by(insured.c.policy_id)
        .limit(limit)
    )
    return list(connection.scalars(query))


_BOUND = Prepared(
    lambda _: (
        select(bindings.c.contact_id)
        .where(bindings.c.policy_id == bindparam("of_policy"), bindings.c.ended_at.is_(None))
        .order_by(bindings.c.id)
    )
)
_ENTERED = Prepared(
    lambda _: (
        select(child_guardians.c.contact_id)
        .where(child_guardians.c.child_id == bindparam("of_child"))
        .order_by(child_guardians.c.since, child_guardians.c.contact_id)
    )
)


def guardians_of(connection: Connection, child: Child) -> list[int]:
    """Return the contacts who may see a child: who has bound the policy, or who entered it."""
    if child.policy_id is not None:
        return [row.contact_id for row in _BOUND.rows(connection, {"of_policy": child.policy_id})]
    return [row.contact_id for row in _ENTERED.rows(connection, {"of_child": child.id})]


def is_of_contact(connection: Connection, child_id: int, contact_id: int) -> bool:
    """Whether a person may see a child."""
    query = select(children.c.id).where(children.c.id == child_id, _seen_by(connection, contact_id))
    return connection.execute(query).first() is not None


def add_child(connection: Connection, keys: KeyRing, profile: Profile, *, contact_id: int, now: datetime) -> Child:
    """Make the profile of a child that no policy of theirs covers; the contact looks after it.

    The caller has the guardian's consent and has checked the birth date.
    """
    id = _insert(connection, {}, number=_fresh_number(), now=now)
    _seal(connection, keys, id, profile, now=now)
    connection.execute(insert(child_guardians).values(child_id=id, contact_id=contact_id, since=now))
    _audit(connection, keys, id, "child added", by=f"contact:{contact_id}", now=now)
    return _there(connection, keys, id)


def add_insured_children(connection: Connection, keys: KeyRing, policy: Policy, *, now: datetime) -> list[Child]:
    """Make the profiles of a policy's insured children that have none; returns the new ones.

    Nothing is known of their doses: those that fell due before today count as given elsewhere (`record_since`).
    """
    today = now.date()
    young = [one for one in policy.insured if one.relation in _YOUNG and _GROWN_UP.after(one.birth) > today]
    if not young or policy.id is None:
        return []
    wanted = [one.id for one in young]
    known = set(connection.scalars(select(children.c.insured_id).where(children.c.insured_id.in_(wanted))))
    missing = [one for one in young if one.id not in known]
    made = [add_insured_child(connection, keys, policy, one, record_since=today, now=now) for one in missing]
    return [child for child in made if child is not None]


def add_insured_child(
    connection: Connection,
    keys: KeyRing,
    policy: Policy,
    person: Insured,
    *,
    record_since: date | None,
    now: datetime,
    **told: Any,
) -> Child | None:
    """Make the profile of one insured child, with what is told of it (fields of `Profile`); None when it has one
    (another process may just have made it)."""
    number = _fresh_number()
    id = _insert(connection, {"policy_id": policy.id, "insured_id": person.id}, number=number, now=now)
    if id == 0:
        return None
    profile = Profile(name=person.name, birth=person.birth, sex=person.sex, record_since=record_since, **told)
    _seal(connection, keys, id, profile, now=now, is_insured=True)
    return Child(id=id, number=number, policy_id=policy.id, insured_id=person.id, made_at=now, profile=profile)


def change_child(
    connection: Connection, keys: KeyRing, child: Child, *, by: str, now: datetime, **changes: Any
) -> Child:
    """Change fields of a profile and return the child as stored. `by` is named as in the audit trail.

    Raises ValueError for the name, birth date or sex of an insured child: those are the policy's.
    """
    if child.insured_id is not None and changes.keys() & set(_OF_POLICY):
        raise ValueError("the policy tells the name, birth date and sex of an insured child")
    kept = _there(connection, keys, child.id, for_update=True)
    profile = replace(kept.profile, **changes)
    if profile == kept.profile:
        return kept
    _seal(connection, keys, child.id, profile, now=now, is_insured=child.insured_id is not None)
    _audit(connection, keys, child.id, "child changed", by=by, now=now, detail={"fields": sorted(changes)})
    return _there(connection, keys, child.id)


def erase_children_of(connection: Connection, keys: KeyRing, contact_id: int, *, now: datetime) -> tuple[int, ...]:
    """Erase the children that nobody but this person looks after, with all that was recorded; end their part in the
    others. Returns the erased ones' row numbers. Do it while their policies are still bound."""
    seen = children_of_contact(connection, keys, contact_id)
    mine = contacts_of(connection, contact_id)
    alone = [child for child in seen if set(guardians_of(connection, child)) <= set(mine)]
    connection.execute(delete(child_guardians).where(child_guardians.c.contact_id.in_(mine)))
    for child in alone:
        erase_child(connection, keys, child.id, by=f"contact:{contact_id}", now=now)
    return tuple(child.id for child in alone)


def erase_child(connection: Connection, keys: KeyRing, id: int, *, by: str, now: datetime) -> None:
    """Delete a child's profile, all that was recorded of it, and its reminders; the trail keeps that it was deleted."""
    connection.execute(delete(reminders).where(reminders.c.subject == f"child:{id}"))
    of_child = child_records.c.child_id == id
    connection.execute(update(child_records).where(of_child).values(replaced_by=None))
    connection.execute(delete(child_records).where(of_child))
    connection.execute(delete(child_guardians).where(child_guardians.c.child_id == id))
    connection.execute(delete(children).where(children.c.id == id))
    _audit(connection, keys, id, "child deleted", by=by, now=now)


def _seen_by(connection: Connection, contact_id: int) -> ColumnElement[bool]:
    mine = contacts_of(connection, contact_id)
    bound = select(bindings.c.policy_id).where(bindings.c.contact_id.in_(mine), bindings.c.ended_at.is_(None))
    entered = select(child_guardians.c.child_id).where(child_guardians.c.contact_id.in_(mine))
    return or_(children.c.policy_id.in_(bound), children.c.id.in_(entered))


def _there(connection: Connection, keys: KeyRing, id: int, *, for_update: bool = False) -> Child:
    query = select(children).where(children.c.id == id)
    [child] = _read(connection, keys, query.with_for_update() if for_update else query)
    return child


def _read(connection: Connection, keys: KeyRing, query: Select[Any]) -> list[Child]:
    rows = connection.execute(query).all()
    records = records_of(connection, keys, [row.id for row in rows])
    people = insured_people(connection, keys, [row.insured_id for row in rows if row.insured_id is not None])
    return [
        Child(
            id=row.id,
            number=row.number,
            policy_id=row.policy_id,
            insured_id=row.insured_id,
            made_at=row.made_at,
            profile=_profile(keys, row, people),
            **records[row.id],
        )
        for row in rows
    ]


def _profile(keys: KeyRing, row: Any, people: Mapping[int, Insured]) -> Profile:
    told: dict[str, Any] = json.loads(keys.open(row.sealed, place=_place(row.id)))
    if row.insured_id is not None:
        told |= {name: getattr(people[row.insured_id], name) for name in _OF_POLICY}
    else:
        told["birth"] = date.fromisoformat(told["birth"])
    told |= {name: date.fromisoformat(told[name]) if told.get(name) else None for name in _DAYS}
    for name in ("selected", "condition_codes"):
        told[name] = tuple(told[name])
    return Profile(**told)


def _insert(connection: Connection, columns: Mapping[str, Any], *, number: str, now: datetime) -> int:
    row = {**columns, "number": number, "made_at": now, "changed_at": now, "sealed": b""}
    adding = insert_unless_there(connection.dialect, children).values(row).returning(children.c.id)
    return int(connection.scalar(adding) or 0)


def _fresh_number() -> str:
    return f"CH-{drawn(8)}"


def _seal(
    connection: Connection, keys: KeyRing, id: int, profile: Profile, *, now: datetime, is_insured: bool = False
) -> None:
    told = {name: value for name, value in asdict(profile).items() if not (is_insured and name in _OF_POLICY)}
    plain = json.dumps(told, ensure_ascii=False, default=date.isoformat).encode()
    sealed = keys.seal(plain, place=_place(id))
    connection.execute(update(children).where(children.c.id == id).values(sealed=sealed, changed_at=now))


def _audit(
    connection: Connection,
    keys: KeyRing,
    id: int,
    action: str,
    *,
    by: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    audit.append(connection, keys, actor=by, action=action, subject=f"child:{id}", now=now, detail=detail)


def _place(id: int) -> str:
    return f"children|sealed|{id}"
