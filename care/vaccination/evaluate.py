"""What looks odd in a record. A dose that a clinic recorded counts and is never called invalid: 请门诊核实."""

from collections.abc import Callable
from datetime import date

from care.vaccination.course import Course
from care.vaccination.doses import Dose
from care.vaccination.intervals import immunoglobulin_doubts, live_doubts
from care.vaccination.rows import Row
from care.vaccination.rules import Plan
from care.vaccination.words import Reason, because

Expected = Callable[[int, Dose], tuple[date | None, date | None]]
"""Dose number, dose → the first day its age and its interval allowed; None where there is no such rule."""

_SETTLED = frozenset(("aged_out", "not_applicable"))


def by_plan(course: Course, plan: Plan) -> Expected:
    """Return what the table expects of each dose, in the wording in force when it was given."""

    def expected(number: int, dose: Dose) -> tuple[date | None, date | None]:
        if number > plan.length:
            return None, None
        rule = plan.wording_on(number, dose.on)
        first, since = rule.min_age.after(course.child.birth), None
        if number > 1 and rule.min_interval:
            since = rule.min_interval.after(course.doses[number - 2].on)
        return first, since

    return expected


def doubts(course: Course, expected: Expected) -> list[Reason]:
    """Return a reason for each dose that came early, or close upon another one or an immunoglobulin."""
    found = []
    for number, dose in enumerate(course.doses, start=1):
        by_age, by_interval = expected(number, dose)
        if by_age is not None and dose.on < by_age:
            found.append(because("early", rule="G11", certainty="low", number=number, day=dose.on))
        elif by_interval is not None and dose.on < by_interval:
            found.append(because("close", rule="G11", certainty="low", number=number, day=dose.on))
    if course.family.live:
        found += live_doubts(course.live, course.doses, course.programme)
    if course.family.waits_after_immunoglobulin:
        found += immunoglobulin_doubts(course.child, course.doses, course.programme)
    return found


def asked_if(row: Row, found: list[Reason]) -> Row:
    """Return the row, or where something looks odd the same dose with ask_clinic and the oddities first."""
    if not found or row.status in _SETTLED:
        return row
    kept = tuple(reason for reason in row.reasons if reason.code not in ("complete", "catch_up", "late"))
    return Row(
        vaccine=row.vaccine,
        status="ask_clinic",
        dose=row.dose,
        product=row.product or row.vaccine,
        reasons=(*found, *kept),
    )
