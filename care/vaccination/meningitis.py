"""Meningococcal vaccines: two A under two years, two A+C from three; conjugates and ACYW135 stand in for them."""

from dataclasses import replace
from datetime import date

from care.vaccination.course import Course, Proposal
from care.vaccination.doses import Dose
from care.vaccination.evaluate import asked_if, by_plan, doubts
from care.vaccination.intervals import Floor
from care.vaccination.rows import Row
from care.vaccination.words import because

CONJUGATES = ("MCV4", "MCV2_AC")
A_AND_C = ("MPSV_AC", "MPSV4", *CONJUGATES)


def group_a(course: Course) -> Row:
    """Return the next dose of A, given under two years only. Conjugate doses under two years count as all of it."""
    plan, two = course.family.plans[0], _two_years(course)
    conjugates = [dose for dose in course.doses if dose.counts_as in CONJUGATES and dose.on < two]
    course = replace(course, doses=_only(course, "MPSV_A"))
    number = len(course.doses) + 1
    if number > plan.length:
        row = course.complete()
    elif conjugates:
        verify = [because("conjugate_once", rule="MPSV_A", certainty="medium")] if len(conjugates) == 1 else []
        row = course.complete(because("conjugate_counts", rule="MPSV_A"), *verify)
    else:
        row = course.next_dose(number, plan)
    return asked_if(row, doubts(course, by_plan(course, plan)))


def group_ac(course: Course) -> Row:
    """Return the next dose of A+C: at three and six years, from two years where A was not finished by then."""
    plan = course.family.plans[0]
    with_a = _only(course, "MPSV_A")
    given = tuple(dose for dose in course.doses if dose.counts_as in A_AND_C and dose.on >= _two_years(course))
    early_start = _a_is_over(course)
    own = replace(course, doses=given)
    number = len(given) + 1
    if number > plan.length:
        row = own.complete()
    elif number == 2:
        row = own.next_dose(2, plan)
    elif early_start:
        row = own.next_dose(1, plan, Proposal(floors=_catch_up_floors(course, with_a), instead_of_age=True))
    else:
        row = own.next_dose(1, plan, Proposal(floors=_after_a(course, with_a)))
    table = by_plan(own, plan)

    def expected(number: int, dose: Dose) -> tuple[date | None, date | None]:
        by_age, by_interval = table(number, dose)
        before = [one for one in with_a if one.on <= dose.on]
        if number > 1:
            return (by_age if number == 2 and not early_start else None), by_interval
        if len(before) >= 2 or _conjugated(course):
            return by_age, _after(course, before, "after_two_a")
        return _two_years(course), _after(course, before, "after_one_a")

    return asked_if(row, doubts(own, expected))


def _a_is_over(course: Course) -> bool:
    """Return whether group A can't be finished any more: two years reached, or the second dose would come after it."""
    if len(_only(course, "MPSV_A")) >= 2 or _conjugated(course):
        return False
    family = course.programme.families["MPSV_A"]
    return group_a(replace(course, family=family)).status == "aged_out"


def _conjugated(course: Course) -> bool:
    return any(dose.counts_as in CONJUGATES and dose.on < _two_years(course) for dose in course.doses)


def _catch_up_floors(course: Course, with_a: tuple[Dose, ...]) -> list[Floor]:
    floors = [Floor(day=_two_years(course), code="ac_without_a", rule="MPSV_AC.1")]
    wait = _after(course, with_a, "after_one_a")
    if wait:
        interval = course.family.marks["after_one_a"].as_interval()
        floors.append(Floor(day=wait, code="min_interval", rule="MPSV_AC.1", gaps={"interval": interval}))
    return floors


def _after_a(course: Course, with_a: tuple[Dose, ...]) -> list[Floor]:
    wait = _after(course, with_a, "after_two_a")
    interval = course.family.marks["after_two_a"].as_interval()
    gaps = {"interval": interval}
    return [Floor(day=wait, code="min_interval", rule="MPSV_AC.1", gaps=gaps)] if wait else []


def _after(course: Course, with_a: tuple[Dose, ...] | list[Dose], mark: str) -> date | None:
    marks = course.programme.families["MPSV_AC"].marks
    return marks[mark].after(with_a[-1].on) if with_a else None


def _two_years(course: Course) -> date:
    return course.programme.families["MPSV_AC"].marks["catch_up_from"].after(course.child.birth)


def _only(course: Course, product: str) -> tuple[Dose, ...]:
    return tuple(dose for dose in course.doses if dose.counts_as == product)
