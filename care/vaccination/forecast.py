"""The forecast: one row a family, its next dose. Pure: the same child and rules give the same rows."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from care.vaccination.birth_doses import bcg, hepatitis_b
from care.vaccination.child import Child
from care.vaccination.choices import chosen, encephalitis, hepatitis_a
from care.vaccination.course import Course
from care.vaccination.diphtheria import dtp
from care.vaccination.doses import Dose, doses_by_group, live_doses
from care.vaccination.hpv import hpv
from care.vaccination.influenza import influenza
from care.vaccination.intervals import immunoglobulin_wait
from care.vaccination.measles import measles
from care.vaccination.meningitis import group_a, group_ac
from care.vaccination.polio import polio
from care.vaccination.programme import Programme
from care.vaccination.rows import DATED, Row
from care.vaccination.rules import Family, Overlay
from care.vaccination.self_paid import self_paid
from care.vaccination.spans import Span
from care.vaccination.words import because

FORECASTERS: Mapping[str, Callable[[Course], Row]] = {
    "HepB": hepatitis_b,
    "BCG": bcg,
    "POLIO": polio,
    "DTP": dtp,
    "MMR": measles,
    "JE_L": encephalitis,
    "JE_I": encephalitis,
    "MPSV_A": group_a,
    "MPSV_AC": group_ac,
    "HepA_L": hepatitis_a,
    "HepA_I": hepatitis_a,
    "HPV2": hpv,
    "IIV": influenza,
    "LAIV": influenza,
}
CHOICES = ("JE", "HepA")


def forecast(child: Child, programme: Programme) -> tuple[Row, ...]:
    """Return the rows in the order of the programme, then the self-paid families free in the region or selected.

    Families whose record is not known to be whole (`complete_for`) have no row.
    """
    groups, live = doses_by_group(child, programme), live_doses(child, programme)
    overlays = [one for one in programme.overlays if any(child.region.startswith(where) for where in one.where)]
    rows = []
    for family in _families(child, programme, groups, overlays):
        if child.complete_for is None or child.complete_for & {family.code, family.group}:
            course = Course(
                child=child,
                family=family,
                programme=programme,
                doses=groups.get(family.group, ()),
                live=live,
                overlays=tuple(one for one in overlays if one.family == family.code),
            )
            rows.append(_row(course))
    return _marked(rows, programme)


def _families(
    child: Child, programme: Programme, groups: Mapping[str, tuple[Dose, ...]], overlays: list[Overlay]
) -> list[Family]:
    families = []
    for family in programme.routine.values():
        if family.group in CHOICES:
            if not family.default:
                continue
            rivals = [one for one in programme.routine.values() if one.group == family.group]
            family = chosen(family.group, rivals, child, groups.get(family.group, ()))
        families.append(family)
    free = [one.family for one in overlays if one.effect == "free"]
    return families + [programme.self_paid[code] for code in dict.fromkeys((*free, *child.selected))]


def _row(course: Course) -> Row:
    row = FORECASTERS.get(course.family.code, self_paid)(course)
    return _for_condition(course, _after_high_dose(course, row))


def _for_condition(course: Course, row: Row) -> Row:
    """What a clinic must decide for a child with a condition is not forecast."""
    if row.status not in DATED:
        return row
    for condition in (course.programme.conditions[code] for code in course.child.conditions):
        if course.family.code in condition.ask:
            reason = because("condition", rule=condition.id, certainty=condition.certainty, say=condition.say)
            return course.ended("ask_clinic", reason, dose=row.dose, product=row.product, asks_from=row.recommended)
    return row


def _after_high_dose(course: Course, row: Row) -> Row:
    """After high-dose immunoglobulin the wait may be far longer than the rule's: the clinic tells it."""
    if row.status not in DATED or not course.family.waits_after_immunoglobulin:
        return row
    if immunoglobulin_wait(course.child, course.programme) is None:
        return row
    if not any(event.kind == "ivig" for event in course.child.events):
        return row
    reason = because("high_dose_immunoglobulin", rule="IVIG", certainty="low")
    return course.ended("ask_clinic", reason, dose=row.dose, product=row.product, asks_from=row.recommended)


def _marked(rows: list[Row], programme: Programme) -> tuple[Row, ...]:
    """Say of two injected live vaccines that fall close together that they want one day, or 28 days between."""
    span = programme.span("G5")
    live = [row for row in rows if row.recommended and programme.families[row.vaccine].live]
    if len({row.recommended for row in live}) < 2:
        live = []
    marked = []
    for row in rows:
        near = [programme.families[other.vaccine].name for other in live if row in live and _clash(row, other, span)]
        if near:
            row = replace(row, reasons=(*row.reasons, because("live_together", rule="G5", other="、".join(near))))
        if row.certainty != "high":
            row = replace(row, reasons=(*row.reasons, because("to_confirm", certainty=row.certainty)))
        marked.append(row)
    return tuple(marked)


def _clash(one: Row, other: Row, span: Span) -> bool:
    days = sorted(row.recommended for row in (one, other) if row.recommended)
    return len(days) == 2 and days[0] < days[1] < span.after(days[0])
