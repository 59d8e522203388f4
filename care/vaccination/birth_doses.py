"""The two vaccines that begin at birth: hepatitis B, with the mother's HBsAg and low weight, and BCG."""

from dataclasses import replace

from care.vaccination.course import Course, Limit, Proposal
from care.vaccination.evaluate import asked_if, by_plan, doubts
from care.vaccination.rows import Row
from care.vaccination.words import Reason, because

LIGHT_G, VERY_LIGHT_G = 2000, 1500


def hepatitis_b(course: Course) -> Row:
    """Return the next dose; four doses for the light newborn of a mother who is, or may be, a carrier."""
    child = course.child
    at_risk = child.mother_hbsag in ("positive", "unknown")
    light = child.birth_weight_g is not None and child.birth_weight_g < LIGHT_G
    plan = course.family.plan("low_birth_weight" if at_risk and light else "routine")
    number = len(course.doses) + 1
    if number > plan.length:
        tested = [because("born_to_carrier_test", rule="HepB")] if child.mother_hbsag == "positive" else []
        row = course.complete(*tested)
    else:
        row = course.next_dose(number, plan, Proposal(reasons=_remarks(course, number, four=at_risk and light)))
    return asked_if(row, doubts(course, by_plan(course, plan)))


def _remarks(course: Course, number: int, *, four: bool) -> list[Reason]:
    child = course.child
    remarks = [because("low_birth_weight", rule="HepB")] if four else []
    if number == 1 and child.mother_hbsag in ("positive", "unknown"):
        remarks.append(because("born_to_carrier_first", rule="HepB"))
    if number == 1 and child.birth_weight_g is not None and child.birth_weight_g < VERY_LIGHT_G:
        remarks.append(because("very_low_birth_weight", rule="HepB"))
    return remarks


def bcg(course: Course) -> Row:
    """Return the one dose: given directly under 3 months, after a test under 4 years, then not any more."""
    if course.doses:
        return course.complete()
    child, family = course.child, course.family
    test_from = family.marks["test_from"].after(child.birth)
    ends = family.ends_at.after(child.birth) if family.ends_at else test_from
    row = course.next_dose(1, family.plans[0], Proposal(limit=Limit(day=ends, age="4岁", rule="BCG", certainty="high")))
    if row.status == "aged_out":
        return row
    if child.as_of < test_from:
        return replace(row, asks_from=test_from)
    return course.ended("ask_clinic", because("bcg_test", rule="BCG"), dose=1, asks_from=test_from)
