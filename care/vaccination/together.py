"""A combination vaccine: which one is begun, and what it makes needless: a dose beside it would be one too many."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from care.vaccination.child import Given
from care.vaccination.programme import Programme
from care.vaccination.rows import DATED, Row
from care.vaccination.words import because

_ONE_VISIT = timedelta(days=62)  # the same dose by either schedule: 4 and 6 months of the third against DTP
_GIVEN_UP = timedelta(days=60)  # a combination so long overdue is no reason to keep silent about the programme's doses


def without_covered(rows: Iterable[Row], programme: Programme, as_of: date) -> tuple[Row, ...]:
    """Return `rows` without the doses that a combination followed by the family gives in the same weeks."""
    found = tuple(rows)
    covering = [
        (row.recommended, programme.products[row.vaccine].counts)
        for row in found
        if row.status in DATED and row.recommended and row.vaccine in programme.self_paid
        and len(programme.products[row.vaccine].counts) > 1 and as_of - row.recommended <= _GIVEN_UP
    ]  # fmt: skip

    def is_covered(row: Row) -> bool:
        day = row.recommended
        if day is None or row.vaccine not in programme.families:
            return False
        return any(row.vaccine in counts and abs(day - on) <= _ONE_VISIT for on, counts in covering)

    return tuple(row for row in found if not is_covered(row))


def begun(given: Iterable[Given], programme: Programme) -> str | None:
    """Return the combination that a child was given, and nothing else against what it counts for; None for a mixture,
    where only the clinic knows what comes next."""
    taken = tuple(given)
    for code in dict.fromkeys(one.vaccine for one in taken):
        family = programme.self_paid.get(code)
        groups = {one for one in programme.products[code].counts if one in programme.routine}
        if family is None or family.group not in groups:
            continue
        if all(one.vaccine == code for one in taken if groups & programme.products[one.vaccine].counts.keys()):
            return code
    return None


def with_begun(rows: Iterable[Row], code: str, programme: Programme, as_of: date) -> tuple[Row, ...]:
    """Return `rows` with the next dose of a combination begun instead of those that it gives, and why; without it where
    it has no day, or nobody came for it in two months."""
    found = tuple(rows)
    row = next((one for one in found if one.vaccine == code), None)
    rest = tuple(one for one in found if one.vaccine != code)
    if row is None or row.status not in DATED or row.recommended is None or as_of - row.recommended > _GIVEN_UP:
        return rest
    reason = because("combination_begun", rule=code, name=programme.self_paid[code].name)
    told = replace(row, reasons=(*row.reasons, reason))
    return without_covered((*rest, told), programme, as_of)
