"""Which contacts are one person: joined on grounds, kept on record, taken apart again. Statements only.

Each contact keeps its own key and its own conversation. What belongs to the person (policies, consents, cases,
children, opt-outs) is read through `contacts_of`, so that taking them apart needs no moving of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Select, Table, bindparam, delete, func, insert, select, update

from bot.keys import KeyRing
from bot.store.people import insert_unless_there
from bot.store.prepared import Prepared
from care import audit
from care.join_tables import join_offers, joins, persons, platform_people, unionids

Ground = Literal["platform", "code"]

_mine = joins.alias("mine")


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A contact of the same person, on what ground the last of them came to it, and when."""

    contact_id: int
    ground: Ground
    joined_at: datetime


def person_beside() -> Select[tuple[int]]:
    """Return a query for the other contacts of the person behind the contact that the parameter `of_contact` names."""
    return (
        select(joins.c.contact_id)
        .join(_mine, _mine.c.person_id == joins.c.person_id)
        .where(_mine.c.contact_id == bindparam("of_contact"), _mine.c.ended_at.is_(None))
        .where(joins.c.contact_id != bindparam("of_contact"), joins.c.ended_at.is_(None))
    )


_OTHERS = Prepared(lambda _: person_beside().order_by(joins.c.contact_id))


def others_of(connection: Connection, contact_id: int) -> tuple[int, ...]:
    """Return the other contacts of the same person."""
    return tuple(row.contact_id for row in _OTHERS.rows(connection, {"of_contact": contact_id}))


def contacts_of(connection: Connection, contact_id: int) -> tuple[int, ...]:
    """Return all contacts of the person behind one, that one first."""
    return (contact_id, *others_of(connection, contact_id))


def joined_with(connection: Connection, contact_id: int) -> list[Joined]:
    """Return the other contacts of the same person, with how they came to be joined."""
    others = others_of(connection, contact_id)
    if not others:
        return []
    query = select(joins.c.contact_id, joins.c.ground, joins.c.joined_at).order_by(joins.c.contact_id)
    found = connection.execute(query.where(joins.c.contact_id.in_(others), joins.c.ended_at.is_(None)))
    return [Joined(contact_id=row.contact_id, ground=row.ground, joined_at=row.joined_at) for row in found]


def one_each(connection: Connection, contacts: Sequence[int]) -> list[int]:
    """Return the first contact of each person, in the given order."""
    if len(contacts) < 2:
        return list(contacts)
    query = select(joins.c.contact_id, joins.c.person_id)
    found = connection.execute(query.where(joins.c.contact_id.in_(contacts), joins.c.ended_at.is_(None)))
    person = {row.contact_id: row.person_id for row in found}
    first: dict[tuple[str, int], int] = {}
    for contact in contacts:
        whose = ("person", person[contact]) if contact in person else ("contact", contact)
        first.setdefault(whose, contact)
    return list(first.values())


def join(connection: Connection, keys: KeyRing, contact_id: int, other: int, *, ground: Ground, now: datetime) -> bool:
    """Make two contacts, and whoever is joined with either, one person; False where they are one already.

    The caller has the ground: the platform's word, or the code that was shown to one and said by the other.
    """
    if other in contacts_of(connection, contact_id):
        return False
    # First of all: writers of the trail wait for each other, so that one join is made at a time.
    name = f"contact:{contact_id}"
    detail = {"with": f"contact:{other}", "ground": ground}
    audit.append(connection, keys, actor=name, action="contacts joined", subject=name, now=now, detail=detail)
    audit.append(
        connection, keys, actor=name, action="contacts joined", subject=f"contact:{other}", now=now,
        detail={"with": name, "ground": ground},
    )  # fmt: skip
    both = sorted({*contacts_of(connection, contact_id), *contacts_of(connection, other)})
    _end(connection, both, now)
    person = connection.execute(insert(persons).values(made_at=now).returning(persons.c.id)).scalar_one()
    rows = [{"person_id": person, "contact_id": one, "ground": ground, "joined_at": now} for one in both]
    connection.execute(insert(joins), rows)
    return True


def separate(
    connection: Connection, keys: KeyRing, contact_id: int, *, now: datetime, by: str | None = None
) -> tuple[int, ...]:
    """Take a contact out of its person; returns the others, who stay together. Nothing when it was alone.

    `by`: who of the staff does it; else the person does.
    """
    others = others_of(connection, contact_id)
    if not others:
        return ()
    name = f"contact:{contact_id}"
    audit.append(connection, keys, actor=by or name, action="contacts separated", subject=name, now=now)
    standing = (joins.c.contact_id == contact_id, joins.c.ended_at.is_(None))
    connection.execute(update(joins).where(*standing).values(parted=True))
    _end(connection, [contact_id] if len(others) > 1 else [contact_id, *others], now)
    return others


def forget(connection: Connection, contact_id: int, *, now: datetime) -> None:
    """End what joins a contact, and delete what the platform told of it."""
    others = others_of(connection, contact_id)
    _end(connection, [contact_id] if len(others) != 1 else [contact_id, *others], now)
    for table in (join_offers, platform_people, unionids):
        connection.execute(delete(table).where(table.c.contact_id == contact_id))


_KNOWN = Prepared(
    lambda _: select(platform_people.c.contact_id).where(platform_people.c.contact_id == bindparam("of_contact"))
)


def is_identity_known(connection: Connection, contact_id: int) -> bool:
    """Whether it is noted already whom the platform takes a contact for."""
    return bool(_KNOWN.rows(connection, {"of_contact": contact_id}))


def note_identity(connection: Connection, keys: KeyRing, contact_id: int, identity: str, *, now: datetime) -> bool:
    """Note whom the platform takes a contact for, once, and join it with who is the same; whether it was joined.

    Once: who took them apart later is not joined again by the next message.
    """
    index = keys.blind_index("platform person", identity)
    row = insert_unless_there(connection.dialect, platform_people)
    row = row.values(contact_id=contact_id, identity_index=index).returning(platform_people.c.contact_id)
    if connection.execute(row).first() is None:
        return False
    return join_same(connection, keys, contact_id, platform_people, index, now=now)


def join_same(
    connection: Connection, keys: KeyRing, contact_id: int, told: Table, index: bytes, *, now: datetime
) -> bool:
    """Join a contact with all of whom the platform `told` the same identity; whether anybody was joined.

    Whom the person once took apart stay apart, directly and through others.
    """
    if connection.dialect.name == "postgresql":  # of two that are noted at once, one sees the other
        connection.execute(select(func.pg_advisory_xact_lock(int.from_bytes(index[:8], "big", signed=True))))
    same = (told.c.identity_index == index, told.c.contact_id != contact_id)
    others = connection.scalars(select(told.c.contact_id).where(*same).order_by(told.c.contact_id)).all()
    joined = [_joined_by_platform(connection, keys, contact_id, other, now) for other in others]
    return any(joined)


def _joined_by_platform(connection: Connection, keys: KeyRing, contact_id: int, other: int, now: datetime) -> bool:
    mine, theirs = contacts_of(connection, contact_id), contacts_of(connection, other)
    if other in mine or _were_parted(connection, mine, theirs):
        return False
    return join(connection, keys, contact_id, other, ground="platform", now=now)


def _were_parted(connection: Connection, ones: Sequence[int], others: Sequence[int]) -> bool:
    """Whether anybody took one of these contacts apart from one of those."""
    query = (
        select(joins.c.id)
        .join(_mine, _mine.c.person_id == joins.c.person_id)
        .where(joins.c.contact_id.in_(ones), _mine.c.contact_id.in_(others), joins.c.parted | _mine.c.parted)
    )
    return connection.execute(query.limit(1)).first() is not None


def _end(connection: Connection, contacts: Sequence[int], now: datetime) -> None:
    standing = (joins.c.contact_id.in_(contacts), joins.c.ended_at.is_(None))
    connection.execute(update(joins).where(*standing).values(ended_at=now))
