"""Verifies that somebody knows a policy: product, number (or the holder's identity number), insured's name, phone.

Whatever does not agree, the answer is the same None after the same work: guessing learns nothing from it.
"""

import hmac
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from bot.keys import KeyRing
from bot.store.store import Store
from care.names import same_name
from care.policies import by_holder, by_number, plain_number
from care.policy import Insured, Policy
from care.policy_saving import save

# At least so much is opened and compared for each claim: a holder with two policies of three people costs no more.
_LEAST_OPENED = 8
_LEAST_NAMES = 6
_DECOY = "insurer|decoy|0"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a person says about a policy, as typed; either its number or the holder's identity number is given."""

    product: str
    number: str | None = field(default=None, repr=False)
    holder_id_number: str | None = field(default=None, repr=False)
    insured_name: str = field(repr=False)
    phone_last4: str = field(repr=False)

    def __post_init__(self) -> None:
        if (self.number is None) == (self.holder_id_number is None):
            raise ValueError("a claim has a policy number or a holder's identity number")


@dataclass(frozen=True, kw_only=True)
class Found:
    """The policies with which all of a claim agrees: one by number; by holder there may be several.

    Policies of a core system have no row numbers until they are kept (`keep`).
    """

    policies: tuple[Policy, ...]


class Insurer(Protocol):
    """Where policies are verified."""

    def find(self, claim: Claim) -> Found | None:
        """Return the policies that agree with a claim, or None whatever it is that doesn't.

        Raises RetryLater, ConfigurationFault, RefusedInput when it cannot be verified at all.
        """


class LocalInsurer:
    """Verifies by the local table."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decoy = store.keys.seal(json.dumps({"name": "某某"}).encode(), place=_DECOY)

    def find(self, claim: Claim) -> Found | None:
        """See Insurer. The work is the same for a hit, a mismatch and a policy that isn't there."""
        keys = self._store.keys
        with self._store.reading() as connection:
            if claim.number is not None:
                policy = by_number(connection, keys, claim.number)
                candidates = [] if policy is None else [policy]
            else:
                candidates = by_holder(connection, keys, claim.holder_id_number or "")
        self._even_out(candidates)
        return agreeing(candidates, claim)

    def _even_out(self, candidates: list[Policy]) -> None:
        names = sum(len(policy.insured) for policy in candidates)
        for _ in range(_LEAST_OPENED - len(candidates) - names):
            json.loads(self._store.keys.open(self._decoy, place=_DECOY))
        for _ in range(_LEAST_NAMES - names):
            same_name("某某", "某人")


class InsurerOfProduct:
    """Verifies where the product's policies are: some insurers have a core system to ask, others send files."""

    def __init__(self, insurers: Mapping[str, Insurer], *, others: Insurer) -> None:
        self._insurers, self._others = insurers, others

    def find(self, claim: Claim) -> Found | None:
        """See Insurer."""
        return self._insurers.get(claim.product, self._others).find(claim)


def agreeing(candidates: Iterable[Policy], claim: Claim) -> Found | None:
    """Return those of the candidates with which everything in the claim agrees. It stops at no difference."""
    found = tuple(policy for policy in candidates if _agrees(policy, claim))
    return Found(policies=found) if found else None


def insured_named(policy: Policy, name: str) -> Insured | None:
    """Return the insured person of a name, however it is written; None when nobody or several have it."""
    [*named] = (person for person in policy.insured if same_name(person.name, name))
    return named[0] if len(named) == 1 else None


def keep(connection: Connection, keys: KeyRing, found: Found, *, now: datetime) -> list[Policy]:
    """Return the policies with row numbers; those of a core system are put into the local table, or renewed there."""
    return [policy if policy.id is not None else save(connection, keys, policy, now=now) for policy in found.policies]


def digits_of(text: str) -> str:
    """Return the digits of a text, wide ones too: 尾号 １２３４ → 1234."""
    return re.sub("[^0-9]", "", unicodedata.normalize("NFKC", text))


def _agrees(policy: Policy, claim: Claim) -> bool:
    told, known = (
        (claim.number, policy.number)
        if claim.number is not None
        else (claim.holder_id_number or "", policy.holder_id_number)
    )
    names = [same_name(person.name, claim.insured_name) for person in policy.insured]
    checks = (
        _same(policy.product, claim.product),
        _same(plain_number(known), plain_number(told)),
        _same(policy.holder_phone[-4:], digits_of(claim.phone_last4)),
        any(names),
    )
    return all(checks)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
