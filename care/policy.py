"""A policy and the people it covers, as values, and whether it is in force on a day. It reads no table and no clock."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Standing = Literal["in_force", "not_begun", "expired", "lapsed", "surrendered", "unclear"]


@dataclass(frozen=True, kw_only=True)
class Insured:
    """One covered person. `relation` (to the holder): self | spouse | child | parent | other; `sex`: M | F.

    `id` is the row's number where it is stored. What identifies a person is left out of `repr`, and so of tracebacks.
    """

    name: str = field(repr=False)
    birth: date = field(repr=False)
    sex: str = field(repr=False)
    relation: str
    id_number: str = field(default="", repr=False)
    id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the insurer tells about one policy.

    `status`: active | lapsed | surrendered, as of the insurer's last word; `effective_on` and `expires_on` are
    inclusive. `options`: the optional liabilities bought (vaccine, dental, vision), None where the insurer doesn't
    say. `waiting_period_days`: the product's own waiting period where the insurer gives it.
    """

    number: str = field(repr=False)
    product: str
    plan: str = ""
    status: str = "active"
    effective_on: date
    expires_on: date
    lapsed_on: date | None = None
    reinstated_on: date | None = None
    options: frozenset[str] | None = None
    waiting_period_days: int | None = None
    holder_name: str = field(default="", repr=False)
    holder_id_number: str = field(default="", repr=False)
    holder_phone: str = field(default="", repr=False)
    insured: tuple[Insured, ...] = ()
    id: int | None = None


def standing(policy: Policy, day: date) -> Standing:
    """Return how the policy stands on a day.

    It is lapsed from `lapsed_on` on, until the day before `reinstated_on`. A status without its dates holds for every
    day. `unclear` is what the insurer's data contradict or leave out: a reinstated policy that is called lapsed, and
    the days before a reinstatement whose lapse has no date.
    """
    if policy.status == "surrendered":
        return "surrendered"
    if day < policy.effective_on:
        return "not_begun"
    if day > policy.expires_on:
        return "expired"
    return _lapse(policy, day)


def _lapse(policy: Policy, day: date) -> Standing:
    lapsed_on, reinstated_on = policy.lapsed_on, policy.reinstated_on
    if lapsed_on is None and reinstated_on is None:
        return "lapsed" if policy.status == "lapsed" else "in_force"
    if lapsed_on is not None and day >= lapsed_on and (reinstated_on is None or not lapsed_on <= reinstated_on <= day):
        return "lapsed"
    if reinstated_on is None or (lapsed_on is not None and day < lapsed_on <= reinstated_on):
        return "in_force"
    if day < reinstated_on:
        return "lapsed" if policy.status == "lapsed" and lapsed_on is None else "unclear"
    return "unclear" if policy.status == "lapsed" and (lapsed_on is None or lapsed_on <= reinstated_on) else "in_force"


def has_lapsed(policy: Policy, day: date) -> bool:
    """Return whether the policy has lapsed by that day at all, whether or not it was reinstated since."""
    known = [moment for moment in (policy.lapsed_on, policy.reinstated_on) if moment is not None]
    return day >= min(known) if known else policy.status == "lapsed"


def turns(policy: Policy) -> Iterator[date]:
    """Yield the days on which the standing may change; between them it stays as it is."""
    yield policy.effective_on
    yield from (day for day in (policy.lapsed_on, policy.reinstated_on) if day is not None)
