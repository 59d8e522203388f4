"""Who should answer whom: by skill and load, never who is off duty or has enough. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """Somebody on the staff with what is in their hands: held and offered conversations. `products` None: all."""

    id: int
    is_on_duty: bool
    products: frozenset[str] | None
    capacity: int
    load: int

    def knows(self, product: str | None) -> bool:
        """Whether they can answer about a product; anybody can where none was told."""
        return product is None or self.products is None or product in self.products

    def may_open(self, served: frozenset[str] | None) -> bool:
        """Whether the console shows them the conversations of an account that serves these products (None: all)."""
        return self.products is None or served is None or not self.products.isdisjoint(served)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A conversation that nobody has taken. `served`: the products of the account it is in (None: all); `refused` are
    those who were offered it and did not take it."""

    hand_over_id: int
    asked_at: datetime
    product: str | None
    is_red: bool
    served: frozenset[str] | None = None
    refused: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Who is to take what."""

    hand_over_id: int
    staff_id: int


def assigned(waiting: Iterable[Waiting], staff: Sequence[Colleague]) -> list[Assignment]:
    """Return who is to take which conversation: red flags first, then the longest wait; each goes to whoever knows its
    product and has most room. Red flags go to somebody on duty even where nobody has room or knows the product.
    Nothing goes to those who could not open it."""
    on_duty = {one.id: one for one in staff if one.is_on_duty}
    made: list[Assignment] = []
    for one in sorted(waiting, key=lambda one: (not one.is_red, one.asked_at, one.hand_over_id)):
        chosen = _chosen(one, on_duty.values())
        if chosen is not None:
            on_duty[chosen.id] = replace(chosen, load=chosen.load + 1)
            made.append(Assignment(hand_over_id=one.hand_over_id, staff_id=chosen.id))
    return made


def _chosen(waiting: Waiting, staff: Iterable[Colleague]) -> Colleague | None:
    untried = [one for one in staff if one.id not in waiting.refused and one.may_open(waiting.served)]
    able = [one for one in untried if one.knows(waiting.product) and one.load < one.capacity]
    if not able and waiting.is_red:
        able = [one for one in untried if one.knows(waiting.product)] or untried
    return min(able, key=_fullness, default=None)


def _fullness(one: Colleague) -> tuple[float, int, int]:
    return one.load / max(one.capacity, 1), one.load, one.id
