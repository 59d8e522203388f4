"""Diphtheria, tetanus, pertussis: the schedule of 2025 and the one before, DT from seven years, Td from twelve."""

from datetime import date

from care.vaccination.course import Course, Limit, Proposal, interval_floor
from care.vaccination.doses import Dose
from care.vaccination.evaluate import Expected, asked_if, by_plan, doubts
from care.vaccination.intervals import Floor
from care.vaccination.rows import Row
from care.vaccination.words import Reason, because

TOXOIDS = ("DT", "Td")


def dtp(course: Course) -> Row:
    """Return the next dose. Source: the 2025 transition plan T1–T7 and, where it says so, the 2021 catch-up rules."""
    return asked_if(_next(course), doubts(course, _expected(course)))


def _next(course: Course) -> Row:
    child, family, plan = course.child, course.family, course.family.plans[0]
    six, seven = family.marks["six"].after(child.birth), family.marks["seven"].after(child.birth)
    total = len(course.doses)
    if any(dose.counts_as in TOXOIDS and dose.on >= six for dose in course.doses):
        return course.complete(_at_six()) if total >= 3 else _toxoid(course, six)
    if child.as_of < family.days["new_schedule"] and child.as_of >= six:
        return _old_rules(course, six)
    if child.as_of < seven:
        if total >= plan.length:
            return course.complete()
        limit = Limit(day=seven, age="7岁", rule="DTP", certainty="high")
        row = course.next_dose(total + 1, plan, Proposal(limit=limit))
        if row.status != "aged_out":
            return row
    if seven <= family.days["new_schedule"]:
        return _old_rules(course, six)
    if total >= 3 and any(dose.on >= six for dose in course.doses):
        return course.complete(_at_six())
    return course.complete() if total >= plan.length else _toxoid(course, seven)


def _old_rules(course: Course, six: date) -> Row:
    """The catch-up rules of 2021 for those who were seven before 2025 (T5), and for days before 2025."""
    total = len(course.doses)
    if total >= 3 and any(dose.counts_as in TOXOIDS for dose in course.doses):
        return course.complete()
    return course.complete() if total >= 5 else _toxoid(course, six)


def _toxoid(course: Course, floor: date) -> Row:
    """Return the next DT, or Td from twelve on; never before `floor`."""
    child, family, number = course.child, course.family, len(course.doses) + 1
    at_seven = floor >= family.marks["seven"].after(child.birth)
    from_when, gaps = ("dt_from_seven", {}) if at_seven else ("min_age", {"age": "6岁"})
    floors = [Floor(day=floor, code=from_when, rule="DTP.DT", certainty="medium", gaps=gaps)]
    if course.doses:
        wait = family.marks[f"after_{number - 1}"]
        floors.append(interval_floor(course.doses[-1], wait, "DTP.DT", "medium"))
    twelve = family.marks["td_from"].after(child.birth)
    product, reasons = "DT", []
    if max(child.as_of, *(one.day for one in floors)) >= twelve:
        product, reasons = "Td", [because("td_from_twelve", rule="DTP.Td", certainty="medium")]
    proposal = Proposal(product=product, floors=floors, instead_of_age=True, reasons=reasons)
    return course.next_dose(number, family.plans[0], proposal)


def _at_six() -> Reason:
    return because("dtp_at_six", rule="DTP.T3")


def _expected(course: Course) -> Expected:
    family, birth = course.family, course.child.birth
    table = by_plan(course, family.plans[0])

    def expected(number: int, dose: Dose) -> tuple[date | None, date | None]:
        by_age, by_interval = table(number, dose)
        if dose.counts_as in TOXOIDS:
            wait = family.marks.get(f"after_{number - 1}")
            previous = course.doses[number - 2].on
            return family.marks["six"].after(birth), wait.after(previous) if wait else None
        labels = dose.product.label_ages.get(family.group, ())
        return (labels[number - 1].after(birth) if number <= len(labels) else by_age), by_interval

    return expected
