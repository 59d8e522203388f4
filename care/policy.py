"""A policy and the people it covers, as values, and whether it is in force on a day. It reads no table and no clock."""

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
    day of the term. `unclear` is what the insurer's data contradict or leave out: a reinstated policy that is called
    lapsed, and the days before a reinstatement whose lapse has no date.
    """
    if policy.status == "surrendered":
        return "surrendered"
    if day < policy.effective_on:
        return "not_begun"
    if day > policy.expires_on:
        return "expired"
    return [phase for begins_on, phase in _phases(policy) if begins_on <= day][-1]


def has_lapsed(policy: Policy, day: date) -> bool:
    """Return whether the policy has lapsed by that day at all, whether or not it was reinstated since."""
    known = [moment for moment in (policy.lapsed_on, policy.reinstated_on) if moment is not None]
    return day >= min(known) if known else policy.status == "lapsed"


def turns(policy: Policy) -> list[date]:
    """Return the days on which the standing may change; between them it stays as it is."""
    return [policy.effective_on, *(begins_on for begins_on, _ in _phases(policy))]


def _phases(policy: Policy) -> list[tuple[date, Standing]]:
    """The policy's term in order: from which day on it stands how."""
    first, lapsed_on, reinstated_on = policy.effective_on, policy.lapsed_on, policy.reinstated_on
    called_lapsed = policy.status == "lapsed"
    since: Standing = "unclear" if called_lapsed else "in_force"
    if reinstated_on is None:
        if lapsed_on is None:
            return [(first, "lapsed" if called_lapsed else "in_force")]
        return [(first, "in_force"), (lapsed_on, "lapsed")]
    if lapsed_on is None:
        return [(first, "unclear"), (reinstated_on, since)]
    if reinstated_on < lapsed_on:  # it had lapsed before, and has lapsed again
        return [(first, "unclear"), (reinstated_on, "in_force"), (lapsed_on, "lapsed")]
    return [(first, "in_force"), (lapsed_on, "lapsed"), (reinstated_on, since)]
