"""Influenza: a dose each season, two in the first one under nine years. A season opens in September."""

from dataclasses import replace
from datetime import date

from care.vaccination.course import Course, Proposal, standing
from care.vaccination.intervals import Floor
from care.vaccination.rows import Row
from care.vaccination.rules import Season
from care.vaccination.words import because


def influenza(course: Course) -> Row:
    """Return the next dose of this season, or of the next one where this one is done or over."""
    season, child = course.family.season, course.child
    if season is None:
        raise ValueError(f"{course.family.code} has no season")
    opened = _opened(season, child.as_of)
    now = tuple(dose for dose in course.doses if dose.on >= opened)
    needed = _needed(course, opened)
    if len(now) < needed and child.as_of <= _day(season.closes, opened.year + 1):
        return _in_season(replace(course, doses=now), season, opened)
    coming = _day(season.opens, opened.year + 1)
    remarks = [because("season_done", rule=course.family.code, certainty="medium")] if len(now) >= needed else []
    row = _in_season(replace(course, doses=()), season, coming)
    return replace(row, reasons=(*remarks, *row.reasons))


def _in_season(course: Course, season: Season, opened: date) -> Row:
    number = min(len(course.doses) + 1, course.family.plans[0].length)
    floor = Floor(day=opened, code="season", rule=course.family.code, certainty="medium")
    row = course.next_dose(number, course.family.plans[0], Proposal(floors=[floor]))
    if row.recommended is None:
        return row
    preferred = _day(season.preferred_before, opened.year)
    if row.recommended >= preferred:
        return row
    status = standing(course.child.as_of, row.recommended, preferred)
    reasons = tuple(reason for reason in row.reasons if reason.code != "late")
    return replace(row, before=preferred, status=status, reasons=reasons)


def _needed(course: Course, opened: date) -> int:
    """Two doses in the first season of a child under nine; else one."""
    one_from = course.family.marks.get("one_dose_from")
    if course.family.plans[0].length == 1 or one_from is None:
        return 1
    earlier = any(dose.on < opened for dose in course.doses)
    return 1 if earlier or course.child.as_of >= one_from.after(course.child.birth) else 2


def _opened(season: Season, day: date) -> date:
    opens = _day(season.opens, day.year)
    return opens if day >= opens else _day(season.opens, day.year - 1)


def _day(month_day: str, year: int) -> date:
    return date.fromisoformat(f"{year}-{month_day}")
