"""What a person agreed to: given and withdrawn, with the version of the text they read. The texts are not kept here.

An agreement holds in all of a person's channels (care/joins.py): it is the same person, the same company and the same
text. It is recorded where it was given, so that whoever takes two channels apart is asked again in the other.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from bot.store.prepared import Prepared
from care.joins import contacts_of
from care.tables import consents


class ConsentKind(StrEnum):
    """What a consent covers: personal data, medical material, a child's data (said by its guardian), passing on."""

    PERSONAL = "personal"
    MEDICAL = "medical"
    GUARDIAN = "guardian"
    SHARING = "sharing"


@dataclass(frozen=True, kw_only=True)
class Consent:
    """One agreement to version `version` of the text of its kind; `withdrawn_at` None while it stands."""

    kind: ConsentKind
    version: int
    given_at: datetime
    withdrawn_at: datetime | None


def give(connection: Connection, *, contact_id: int, kind: ConsentKind, version: int, now: datetime) -> bool:
    """Record an agreement; False when this version of the text was agreed to already and that still stands."""
    standing = current(connection, contact_id=contact_id, kind=kind)
    if standing is not None and standing.version == version:
        return False
    row = {"contact_id": contact_id, "kind": kind.value, "version": version, "given_at": now}
    connection.execute(insert(consents).values(row))
    return True


def withdraw(connection: Connection, *, contact_id: int, kind: ConsentKind, now: datetime) -> bool:
    """End every standing agreement of a kind; False when there was none.

    Who takes back the consent to personal data takes back the rest with it, since the rest needs it.
    """
    kinds = [kind.value] if kind is not ConsentKind.PERSONAL else [one.value for one in ConsentKind]
    ending = (
        update(consents)
        .where(consents.c.contact_id.in_(contacts_of(connection, contact_id)))
        .where(consents.c.kind.in_(kinds), consents.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    return connection.execute(ending).rowcount > 0


_STANDING = Prepared(
    lambda _: (
        select(consents.c.id, consents.c.kind, consents.c.version)
        .where(consents.c.contact_id == bindparam("of_contact"), consents.c.withdrawn_at.is_(None))
        .order_by(consents.c.id)
    )
)


def standing(connection: Connection, contact_id: int) -> dict[ConsentKind, int]:
    """Return what a person agrees to now: kind → version of the text they read last."""
    of_all = (_STANDING.rows(connection, {"of_contact": one}) for one in contacts_of(connection, contact_id))
    rows = sorted((row for rows in of_all for row in rows), key=lambda row: row.id)
    return {ConsentKind(row.kind): row.version for row in rows}


def current(connection: Connection, *, contact_id: int, kind: ConsentKind) -> Consent | None:
    """Return the latest agreement of a kind that still stands, or None. The caller compares its version."""
    query = (
        select(consents)
        .where(consents.c.contact_id.in_(contacts_of(connection, contact_id)))
        .where(consents.c.kind == kind.value, consents.c.withdrawn_at.is_(None))
        .order_by(consents.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _consent(row)


def history(connection: Connection, contact_id: int) -> list[Consent]:
    """Return everything a person ever agreed to, the oldest first."""
    mine = consents.c.contact_id.in_(contacts_of(connection, contact_id))
    query = select(consents).where(mine).order_by(consents.c.id)
    return [_consent(row) for row in connection.execute(query)]


def _consent(row: Any) -> Consent:
    return Consent(
        kind=ConsentKind(row.kind), version=row.version, given_at=row.given_at, withdrawn_at=row.withdrawn_at
    )
