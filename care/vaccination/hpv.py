"""HPV: the programme's two doses for girls of the cohort, and what a course of another HPV vaccine means for it."""

from datetime import date

from care.vaccination.course import Course, Proposal
from care.vaccination.doses import Dose
from care.vaccination.evaluate import Expected, asked_if, doubts
from care.vaccination.rows import Row
from care.vaccination.words import Reason, because

OTHER = "HPV_other"


def hpv(course: Course) -> Row:
    """Return the next dose of the free vaccine. Source: the HPV notice of 2025-10-30 and China CDC's page."""
    child, family, plan = course.child, course.family, course.family.plans[0]
    born_from = family.days["cohort_born_from"]
    if child.sex == "M":
        return course.ended("not_applicable", because("not_applicable_sex", rule="HPV2"))
    if child.birth < born_from:
        reason = because("not_applicable_cohort", rule="HPV2", certainty="medium", day=born_from)
        return course.ended("not_applicable", reason)
    if child.sex is None:
        number = len(course.doses) + 1
        from_age = plan.reached(1, child.birth, child.as_of)[1]
        return course.ended("ask_clinic", because("sex_unknown"), dose=number, asks_from=from_age)
    row = _next(course) if len(course.doses) < plan.length else _finished(course)
    return asked_if(row, doubts(course, _expected(course)))


def _next(course: Course) -> Row:
    """Who goes on after another HPV vaccine joins the programme, which begins at 13 and on a day, with its one dose."""
    plan, number, reasons = course.family.plans[0], len(course.doses) + 1, list[Reason]()
    joins = number == 2 and course.doses[0].counts_as == OTHER
    if number == 2:
        within = course.family.marks["second_within"].as_interval()
        reasons.append(because("hpv_within", rule="HPV2.2", interval=within))
    if joins:
        reasons.append(because("hpv_other_first", rule="HPV2.2"))
    return course.next_dose(
        number, plan, Proposal(reasons=reasons, floors=[course.age_floor(1, plan)] if joins else [])
    )


def _finished(course: Course) -> Row:
    """Two doses finish the programme's vaccine; of another one only a course by its label does."""
    others = [dose for dose in course.doses if dose.counts_as == OTHER]
    if len(others) < len(course.doses) or len(others) >= 3:
        return course.complete()
    reason = because("hpv_label", rule="HPV_other", certainty="low")
    two_are_enough = course.family.marks["two_doses_until"].after(course.child.birth)
    if others[0].on < two_are_enough:
        return course.complete(reason)
    return course.ended("ask_clinic", reason, dose=len(course.doses) + 1)


def _expected(course: Course) -> Expected:
    """Self-paid doses from nine years on are by their label; only the programme's interval is looked at."""
    plan, label_from = course.family.plans[0], course.family.marks["label_from"].after(course.child.birth)

    def expected(number: int, dose: Dose) -> tuple[date | None, date | None]:
        gap = plan.wording_on(2, dose.on).min_interval
        if number != 2 or gap is None or dose.counts_as == OTHER:
            return label_from, None
        return label_from, gap.after(course.doses[0].on)

    return expected
