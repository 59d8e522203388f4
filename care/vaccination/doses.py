"""The record as given, sorted for the forecast: combination vaccines stand under every group they count for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from care.vaccination.child import Child
from care.vaccination.programme import Programme
from care.vaccination.rules import Product


@dataclass(frozen=True, kw_only=True, slots=True)
class Dose:
    """A given dose under one group. `counts_as`: the product it stands for there, such as IPV for a 五联 dose."""

    on: date
    counts_as: str
    product: Product


def doses_by_group(child: Child, programme: Programme) -> Mapping[str, tuple[Dose, ...]]:
    """Return group → the doses that count for it, in the order of days."""
    found: dict[str, list[Dose]] = {}
    for given in child.given:
        product = programme.products[given.vaccine]
        for group, counts_as in product.counts.items():
            found.setdefault(group, []).append(Dose(on=given.on, counts_as=counts_as, product=product))
    return {group: tuple(doses) for group, doses in found.items()}


def live_doses(child: Child, programme: Programme) -> tuple[Dose, ...]:
    """Return every injected live dose, of whatever group, in the order of days."""
    return tuple(
        Dose(on=given.on, counts_as=given.vaccine, product=programme.products[given.vaccine])
        for given in child.given
        if programme.products[given.vaccine].live
    )
