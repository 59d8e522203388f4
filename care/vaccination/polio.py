"""Polio: inactivated first, then oral drops; which product a late or mixed record still needs."""

from datetime import date

from care.vaccination.course import Course, Proposal
from care.vaccination.doses import Dose
from care.vaccination.evaluate import asked_if, by_plan, doubts
from care.vaccination.rows import Row
from care.vaccination.words import Reason, because


def polio(course: Course) -> Row:
    """Return the next dose: four in all, the last at 4 years; extra doses of campaigns count.

    Source: 2019 polio plan. Trivalent drops ever: bivalent drops only; else 1 or 2 IPV by the day of birth, then drops.
    """
    plan, number = course.family.plans[0], len(course.doses) + 1
    if number > plan.length:
        inactivated = all(product == "IPV" for product in _products(course))
        row = course.complete(*([because("polio_all_ipv", rule="POLIO")] if inactivated else []))
    else:
        product, reasons = _next_product(course)
        row = course.next_dose(number, plan, Proposal(product=product, reasons=reasons))
    table = by_plan(course, plan)

    def expected(number: int, dose: Dose) -> tuple[date | None, date | None]:
        # Campaigns and combinations give later doses before the table's age: they count, and nothing is odd about it.
        by_age, by_interval = table(number, dose)
        return (by_age if number == 1 else None), by_interval

    return asked_if(row, doubts(course, expected))


def _next_product(course: Course) -> tuple[str, list[Reason]]:
    given = _products(course)
    for condition in (course.programme.conditions[code] for code in course.child.conditions):
        if course.family.code in condition.product:
            reason = because("condition_product", rule=condition.id, certainty=condition.certainty, say=condition.say)
            return condition.product[course.family.code], [reason]
    for overlay in course.overlays:
        if overlay.effect == "product" and overlay.product and course.child.as_of >= overlay.since:
            reason = because("overlay", rule=overlay.id, certainty=overlay.certainty, say=overlay.say)
            return overlay.product, [reason]
    if "tOPV" in given:
        return "bOPV", [because("polio_trivalent", rule="POLIO")]
    two_needed = course.child.birth >= course.family.days["two_ipv_born_from"]
    if given.count("IPV") < (2 if two_needed else 1):
        return "IPV", [because("polio_ipv_first", rule="POLIO")]
    return "bOPV", []


def _products(course: Course) -> list[str]:
    """What was given; a dose recorded without its product is taken for the one the table gives at that place."""
    table = [course.family.plans[0].wording_on(number, course.child.as_of).product for number in (1, 2, 3, 4)]
    found = []
    for place, dose in enumerate(course.doses):
        usual = table[min(place, 3)] or "bOPV"
        found.append(usual if dose.counts_as == "POLIO" else dose.counts_as)
    return found
