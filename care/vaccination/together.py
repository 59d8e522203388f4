"""What a combination vaccine makes needless: its own dose beside those that it counts for would be one too many."""

from collections.abc import Iterable
from datetime import date, timedelta

from care.vaccination.programme import Programme
from care.vaccination.rows import DATED, Row

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
