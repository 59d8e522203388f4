"""What does not fit together in rules that each are well-formed: file, entry, remedy."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from care.vaccination.programme import Programme, fold
from care.vaccination.rules import FIRST_DAY, LAST_DAY, Plan

PROGRAMME, SELF_PAID, PRODUCTS, CIRCUMSTANCES = (
    "programme.yaml",
    "self_paid.yaml",
    "products.yaml",
    "circumstances.yaml",
)


def find_faults(programme: Programme) -> list[str]:
    """Return every fault of the rules taken together, a line each."""
    return [*_family_faults(programme), *_product_faults(programme), *_circumstance_faults(programme)]


def _family_faults(programme: Programme) -> Iterator[str]:
    groups = {group for product in programme.products.values() for group in product.counts}
    for family in programme.families.values():
        place = f"{PROGRAMME if family.code in programme.routine else SELF_PAID}: {family.code}"
        if family.group not in groups:
            yield f"{place}: group {family.group}: no product counts for it; add one to {PRODUCTS}"
        for plan in family.plans:
            yield from _plan_faults(plan, f"{place}: plan {plan.id}", programme)
        for cohort in family.cohorts:
            yield from _source_faults(cohort.source, f"{place}: cohort {cohort.born_from}", programme)
    for rule in programme.general.values():
        yield from _source_faults(rule.source, f"{PROGRAMME}: general {rule.id}", programme)


def _plan_faults(plan: Plan, place: str, programme: Programme) -> Iterator[str]:
    numbers = sorted({rule.dose for rule in plan.doses})
    if numbers != list(range(1, len(numbers) + 1)) or [rule.dose for rule in plan.doses] != sorted(
        rule.dose for rule in plan.doses
    ):
        yield f"{place}: doses are numbered {numbers}; number them 1, 2, 3 … in order"
    for number in numbers:
        wordings = [rule for rule in plan.doses if rule.dose == number]
        for older, newer in pairwise(wordings):
            if newer.since != older.until + timedelta(days=1):
                yield f"{place}: dose {number}: since {newer.since} must be the day after until {older.until}"
        if wordings[-1].until != LAST_DAY:
            yield f"{place}: dose {number}: ends on {wordings[-1].until}; add the wording that follows"
        if len(wordings) > 1 and wordings[0].since != FIRST_DAY:
            yield f"{place}: dose {number}: its oldest wording has since; leave it out"
    for rule in plan.doses:
        yield from _source_faults(rule.source, f"{place}: dose {rule.dose}", programme)
        if rule.product is not None and rule.product not in programme.products:
            yield f"{place}: dose {rule.dose}: product {rule.product} is unknown; add it to {PRODUCTS}"


def _source_faults(keys: tuple[str, ...], place: str, programme: Programme) -> Iterator[str]:
    for key in keys:
        if key not in programme.sources:
            yield f"{place}: source {key} is unknown; add it to sources in {PROGRAMME}"


def _product_faults(programme: Programme) -> Iterator[str]:
    owners: dict[str, str] = {}
    for product in programme.products.values():
        for name in {fold(name) for name in (product.code, *product.called)}:
            if name in owners:
                yield f"{PRODUCTS}: {product.code}: {name} also names {owners[name]}; keep it in one"
            owners[name] = product.code


def _circumstance_faults(programme: Programme) -> Iterator[str]:
    for overlay in programme.overlays:
        place = f"{CIRCUMSTANCES}: {overlay.id}"
        yield from _source_faults(overlay.source, place, programme)
        if overlay.family not in programme.families:
            yield f"{place}: family {overlay.family} is unknown; use one of {', '.join(programme.families)}"
        if (overlay.effect == "product") != (overlay.product in programme.products):
            yield f"{place}: a known product belongs to the effect product, and to no other"
    for condition in programme.conditions.values():
        place = f"{CIRCUMSTANCES}: {condition.code}"
        yield from _source_faults(condition.source, place, programme)
        for code in (*condition.ask, *condition.product):
            if code not in programme.families:
                yield f"{place}: family {code} is unknown; use one of {', '.join(programme.families)}"
