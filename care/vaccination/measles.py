"""Measles, mumps, rubella: two doses of MMR, or what the cohort of the child's birth still lacks."""

from dataclasses import replace

from care.vaccination.course import Course, Proposal
from care.vaccination.doses import Dose
from care.vaccination.evaluate import asked_if, by_plan, doubts
from care.vaccination.rows import Row
from care.vaccination.rules import Cohort
from care.vaccination.words import Reason, because


def measles(course: Course) -> Row:
    """Return the next dose. A dose at 6–7 months is an outbreak's and does not count; its 28 days do.

    Source: 2020 MMR plan, by cohort.
    """
    birth, plan = course.child.birth, course.family.plans[0]
    zero_from = course.programme.span("ZERO").after(birth)
    routine_from = plan.doses[0].min_age.after(birth)
    zero = [dose for dose in course.doses if zero_from <= dose.on < routine_from]
    cohort = next(one for one in course.family.cohorts if birth >= one.born_from)
    counting = tuple(dose for dose in course.doses if dose not in zero and _counts(dose, cohort))
    remarks: list[Reason] = [because("measles_zero", rule="ZERO", day=dose.on) for dose in zero]
    remarks += _local(course)
    course = replace(course, doses=counting)
    if _satisfied(counting, cohort):
        row = course.complete(*remarks)
    else:
        number = min(len(counting) + 1, plan.length)
        if any(dose.counts_as != "MMR" for dose in counting):
            remarks.append(because("measles_fill", rule=f"MMR.{number}"))
        row = course.next_dose(number, plan, Proposal(product="MMR", reasons=remarks))
    return asked_if(row, doubts(course, by_plan(course, plan)))


def _counts(dose: Dose, cohort: Cohort) -> bool:
    return any(name == dose.counts_as or name in dose.product.antigens for name in cohort.needs)


def _satisfied(doses: tuple[Dose, ...], cohort: Cohort) -> bool:
    return all(
        sum(name == dose.counts_as or name in dose.product.antigens for dose in doses) >= least
        for name, least in cohort.needs.items()
    )


def _local(course: Course) -> list[Reason]:
    return [
        because("overlay", rule=overlay.id, certainty=overlay.certainty, say=overlay.say)
        for overlay in course.overlays
        if overlay.effect == "remark"
    ]
