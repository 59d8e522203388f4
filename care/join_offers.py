"""The code that joins two contacts: shown in one channel, said in the other, by people who verified the same policy.

The same policy alone is no ground: a husband and a wife may both have verified it. Whoever reads the code in one
account and says it in another has both in hand. Statements only.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from bot.keys import KeyRing
from bot.store.schema import contacts, person_keys
from care.join_tables import join_offers
from care.joins import contacts_of
from care.tables import bindings

VALID_FOR = timedelta(hours=24)
MOST_MISSES = 5  # of a million: then the code is void


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A contact of another account that verified one of the same policies: perhaps the same person."""

    contact_id: int
    account: str


def fresh_code() -> str:
    """Return six digits."""
    return f"{secrets.randbelow(10**6):06d}"


def candidates(
    connection: Connection, contact_id: int, *, account: str, policies: Sequence[int] = ()
) -> list[Candidate]:
    """Return who of other accounts may act on a policy that this person may act on, or on one of `policies`."""
    mine = contacts_of(connection, contact_id)
    bound = select(bindings.c.policy_id).where(bindings.c.contact_id.in_(mine), bindings.c.ended_at.is_(None))
    shared = {*connection.scalars(bound), *policies}
    if not shared:
        return []
    query = (
        select(contacts.c.id, contacts.c.account)
        .join(bindings, bindings.c.contact_id == contacts.c.id)
        .join(person_keys, person_keys.c.contact_id == contacts.c.id)  # not deleted
        .where(bindings.c.policy_id.in_(shared), bindings.c.ended_at.is_(None))
        .where(contacts.c.id.not_in(mine), contacts.c.account != account)
        .distinct()
        .order_by(contacts.c.id)
    )
    return [Candidate(contact_id=row.id, account=row.account) for row in connection.execute(query)]


def offer(connection: Connection, keys: KeyRing, contact_id: int, code: str, *, now: datetime) -> None:
    """Let a code stand for a contact; the one before is void."""
    connection.execute(delete(join_offers).where(join_offers.c.contact_id == contact_id))
    row = {"contact_id": contact_id, "code_index": _index(keys, code), "expires_at": now + VALID_FOR, "misses": 0}
    connection.execute(insert(join_offers).values(row))


def offered_by(
    connection: Connection, keys: KeyRing, among: Sequence[Candidate], code: str, *, now: datetime
) -> Candidate | None:
    """Return who of the candidates was shown this code, or None where it is wrong, over or void."""
    wanted = (join_offers.c.code_index == _index(keys, code), *_open(among, now))
    found = connection.scalar(select(join_offers.c.contact_id).where(*wanted).limit(1))
    return next((one for one in among if one.contact_id == found), None)


def is_any_open(connection: Connection, among: Sequence[Candidate], *, now: datetime) -> bool:
    """Whether any of the candidates was shown a code that could still be said."""
    return connection.scalar(select(join_offers.c.contact_id).where(*_open(among, now)).limit(1)) is not None


def take(connection: Connection, keys: KeyRing, one: Candidate, code: str, *, now: datetime) -> bool:
    """Use a code up; False where it is gone meanwhile."""
    wanted = (join_offers.c.code_index == _index(keys, code), *_open([one], now))
    return connection.execute(delete(join_offers).where(*wanted)).rowcount == 1


def missed(connection: Connection, among: Sequence[Candidate], *, now: datetime) -> None:
    """Note that somebody said a wrong code: after five it is void for all whom they could have meant."""
    counting = update(join_offers).where(*_open(among, now)).values(misses=join_offers.c.misses + 1)
    connection.execute(counting)


def _open(among: Sequence[Candidate], now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        join_offers.c.contact_id.in_([one.contact_id for one in among]),
        join_offers.c.expires_at > now,
        join_offers.c.misses < MOST_MISSES,
    )


def _index(keys: KeyRing, code: str) -> bytes:
    return keys.blind_index("join code", code)
