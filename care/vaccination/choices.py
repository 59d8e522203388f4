"""Families of which a child gets one of two: Japanese encephalitis and hepatitis A, live or inactivated."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from care.vaccination.child import Child
from care.vaccination.course import Course, Proposal, interval_floor
from care.vaccination.doses import Dose
from care.vaccination.evaluate import Expected, asked_if, by_plan, doubts
from care.vaccination.rows import Row
from care.vaccination.rules import Family
from care.vaccination.words import because


def chosen(group: str, families: Sequence[Family], child: Child, doses: Sequence[Dose]) -> Family:
    """Return the family of a group that the child follows: a finished one, the option, the one begun, the default."""
    begun = {dose.counts_as for dose in doses}
    option = child.options.get(group)
    by_code = {family.code: family for family in families}
    if len(begun) == 1:
        only = by_code[next(iter(begun))]
        if option is None or len(doses) >= only.plans[0].length:
            return only
    if option is not None:
        return by_code[option]
    if doses:
        return by_code[doses[0].counts_as]
    return next(family for family in families if family.default)


def encephalitis(course: Course) -> Row:
    """Return the next dose; for a mixture of live and inactivated doses the rules are silent: the clinic decides."""
    plan, number = course.family.plans[0], len(course.doses) + 1
    if any(dose.counts_as != course.family.code for dose in course.doses):
        return course.ended("ask_clinic", because("je_mixed", rule="JE_I", certainty="low"), dose=number)
    remarks = [
        because("overlay", rule=overlay.id, certainty=overlay.certainty, say=overlay.say)
        for overlay in course.overlays
        if overlay.effect == "remark"
    ]
    complete = number > plan.length
    row = course.complete() if complete else course.next_dose(number, plan, Proposal(reasons=remarks))
    return asked_if(row, doubts(course, by_plan(course, plan)))


def hepatitis_a(course: Course) -> Row:
    """Return the next dose: one live, or two inactivated; one inactivated and then one live is enough too."""
    plan = course.family.plans[0]
    live = [dose for dose in course.doses if dose.counts_as == "HepA_L"]
    if live or len(course.doses) >= 2:
        row = course.complete()
    elif course.doses and course.family.code == "HepA_L":
        row = _live_after_inactivated(course)
    else:
        row = course.next_dose(len(course.doses) + 1, plan)
    return asked_if(row, doubts(course, _expected(course)))


def _live_after_inactivated(course: Course) -> Row:
    """The record has one inactivated dose, and the live vaccine is wanted: six months later it completes."""
    second = course.programme.families["HepA_I"].plans[0].wording_on(2, course.child.as_of)
    floors = [interval_floor(course.doses[-1], second.min_interval, "HepA_L.1", "high")] if second.min_interval else []
    reason = because("hepa_finish_live", rule="HepA_I")
    row = course.next_dose(1, course.family.plans[0], Proposal(floors=floors, reasons=[reason]))
    return replace(row, dose=2)


def _expected(course: Course) -> Expected:
    birth, inactivated = course.child.birth, course.programme.families["HepA_I"].plans[0]

    def expected(number: int, dose: Dose) -> tuple[date | None, date | None]:
        if number > 2:
            return None, None
        rule = inactivated.wording_on(1 if dose.counts_as == "HepA_L" else number, dose.on)
        since = inactivated.wording_on(2, dose.on).min_interval
        return rule.min_age.after(birth), since.after(course.doses[0].on) if number == 2 and since else None

    return expected
