"""Self-paid vaccines: the plan follows the age at the first dose, and the label has the last word."""

from care.vaccination.course import Course
from care.vaccination.evaluate import asked_if, by_plan, doubts
from care.vaccination.rows import Row
from care.vaccination.rules import Plan
from care.vaccination.words import because


def self_paid(course: Course) -> Row:
    """Return the next dose by the plan for the child's age at the start; ask_clinic where only the label can tell."""
    plan, number = _plan(course), len(course.doses) + 1
    if number > plan.length:
        row = course.complete() if plan.then == "complete" or course.family.ask_first else _by_label(course, number)
    elif course.family.ask_first:
        reason, from_age = because("high_risk_only", rule=course.family.code, certainty="medium"), plan.doses[0].min_age
        row = course.ended("ask_clinic", reason, dose=1, asks_from=from_age.after(course.child.birth))
    else:
        row = course.next_dose(number, plan)
    if any(dose.product.code != course.family.code for dose in course.doses):
        return row  # another product stands in, given by its own label
    return asked_if(row, doubts(course, by_plan(course, plan)))


def _by_label(course: Course, number: int) -> Row:
    reason = because("ask_label", rule=course.family.code, certainty="low")
    return course.ended("ask_clinic", reason, dose=number)


def _plan(course: Course) -> Plan:
    """The plan of the age at the first dose; before it that of today's age, or the first while still too young."""
    start = course.doses[0].on if course.doses else course.child.as_of
    birth = course.child.birth
    for plan in course.family.plans:
        if plan.start_to is None or start < plan.start_to.after(birth):
            return plan
    return course.family.plans[-1]
