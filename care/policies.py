"""The local table of policies: found by blind index, opened with the master key. Saving is in `care.policy_saving`.

Statements only: the caller owns the transaction. Nothing that identifies a person stands in a column in clear.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from bot.keys import KeyRing
from care.policy import Insured, Policy
from care.tables import insured, policies

NOTHING_BOUGHT = ""  # in the column `options`, where NULL says that it is unknown
_NO_PART_OF_A_NUMBER = re.compile(r"[\s\-‐‑‒–—−_·]+")


def number_index(keys: KeyRing, number: str) -> bytes:
    """Return what finds a policy by its number, however it is spaced, hyphenated, wide or in small letters."""
    return keys.blind_index("policy number", plain_number(number))


def identity_index(keys: KeyRing, id_number: str) -> bytes:
    """Return what finds a person by identity number, with the same tolerance."""
    return keys.blind_index("identity number", plain_number(id_number))


def by_number(connection: Connection, keys: KeyRing, number: str) -> Policy | None:
    """Return the policy of a number, or None. Raises Unreadable for a damaged row."""
    return next(iter(stored(connection, keys, policies.c.number_index == number_index(keys, number))), None)


def by_numbers(connection: Connection, keys: KeyRing, numbers: Iterable[str]) -> dict[bytes, Policy]:
    """Return number index → policy, of those that are here."""
    found = stored(connection, keys, policies.c.number_index.in_({number_index(keys, one) for one in numbers}))
    return {number_index(keys, policy.number): policy for policy in found}


def by_holder(connection: Connection, keys: KeyRing, id_number: str) -> list[Policy]:
    """Return all policies of a policyholder's identity number, the one that took effect first at the head."""
    found = stored(connection, keys, policies.c.holder_id_index == identity_index(keys, id_number))
    return sorted(found, key=lambda policy: (policy.effective_on, policy.number))


def by_id(connection: Connection, keys: KeyRing, policy_id: int) -> Policy | None:
    """Return the policy of a row number, or None."""
    return next(iter(stored(connection, keys, policies.c.id == policy_id)), None)


def by_ids(connection: Connection, keys: KeyRing, policy_ids: Iterable[int]) -> list[Policy]:
    """Return the policies of these row numbers, in the order of the numbers."""
    return stored(connection, keys, policies.c.id.in_(set(policy_ids)))


def stored(
    connection: Connection, keys: KeyRing, which: ColumnElement[bool], *, for_update: bool = False
) -> list[Policy]:
    """Return the policies that meet a condition, with their insured, in the order of their row numbers.

    `for_update` keeps other transactions from changing them (PostgreSQL; SQLite has one writer anyway).
    """
    query = select(policies).where(which).order_by(policies.c.id)
    rows = connection.execute(query.with_for_update() if for_update else query).all()
    covered = _insured_of(connection, keys, [row.id for row in rows])
    return [_policy(keys, row, tuple(covered[row.id])) for row in rows]


def insured_people(connection: Connection, keys: KeyRing, ids: Iterable[int]) -> dict[int, Insured]:
    """Return row number → insured person."""
    query = select(insured).where(insured.c.id.in_(set(ids)))
    return {row.id: _person(keys, row) for row in connection.execute(query)}


def policy_columns(keys: KeyRing, policy: Policy) -> dict[str, Any]:
    """Return a policy's columns that are not sealed."""
    options = None if policy.options is None else ";".join(sorted(policy.options)) or NOTHING_BOUGHT
    return {
        "number_index": number_index(keys, policy.number),
        "holder_id_index": identity_index(keys, policy.holder_id_number),
        "product": policy.product,
        "plan": policy.plan,
        "status": policy.status,
        "effective_on": policy.effective_on,
        "expires_on": policy.expires_on,
        "lapsed_on": policy.lapsed_on,
        "reinstated_on": policy.reinstated_on,
        "waiting_period_days": policy.waiting_period_days,
        "options": options,
    }


def sealed_policy(keys: KeyRing, policy: Policy, *, row: int) -> bytes:
    """Return the column `sealed` of a policy's row."""
    private = {
        "number": policy.number,
        "holder_name": policy.holder_name,
        "holder_id_number": policy.holder_id_number,
        "holder_phone": policy.holder_phone,
    }
    return _sealed(keys, private, place=_policy_place(row))


def sealed_insured(keys: KeyRing, person: Insured, *, row: int) -> bytes:
    """Return the column `sealed` of an insured person's row."""
    private = {
        "name": person.name,
        "id_number": person.id_number,
        "birth": person.birth.isoformat(),
        "sex": person.sex,
    }
    return _sealed(keys, private, place=_insured_place(row))


def _sealed(keys: KeyRing, private: dict[str, str], *, place: str) -> bytes:
    return keys.seal(json.dumps(private, ensure_ascii=False).encode(), place=place)


def _insured_of(connection: Connection, keys: KeyRing, policy_ids: list[int]) -> dict[int, list[Insured]]:
    covered: dict[int, list[Insured]] = defaultdict(list)
    query = select(insured).where(insured.c.policy_id.in_(policy_ids)).order_by(insured.c.id)
    for row in connection.execute(query):
        covered[row.policy_id].append(_person(keys, row))
    return covered


def _person(keys: KeyRing, row: Any) -> Insured:
    private = json.loads(keys.open(row.sealed, place=_insured_place(row.id)))
    private["birth"] = date.fromisoformat(private["birth"])
    return Insured(id=row.id, relation=row.relation, **private)


def _policy(keys: KeyRing, row: Any, covered: tuple[Insured, ...]) -> Policy:
    private = json.loads(keys.open(row.sealed, place=_policy_place(row.id)))
    return Policy(
        id=row.id,
        product=row.product,
        plan=row.plan,
        status=row.status,
        effective_on=row.effective_on,
        expires_on=row.expires_on,
        lapsed_on=row.lapsed_on,
        reinstated_on=row.reinstated_on,
        options=None if row.options is None else frozenset(filter(None, row.options.split(";"))),
        waiting_period_days=row.waiting_period_days,
        insured=covered,
        **private,
    )


def plain_number(number: str) -> str:
    return _NO_PART_OF_A_NUMBER.sub("", unicodedata.normalize("NFKC", number)).upper()


def _policy_place(row: int) -> str:
    return f"policies|sealed|{row}"


def _insured_place(row: int) -> str:
    return f"insured|sealed|{row}"
