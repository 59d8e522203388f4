"""What comes next for a recorded child, by the rules of care/vaccination. Pure: it reads no table and no clock."""

from collections.abc import Mapping
from datetime import date

from care.child import Child
from care.vaccination.child import Child as ToldChild
from care.vaccination.child import Event, Given
from care.vaccination.forecast import forecast
from care.vaccination.programme import Programme
from care.vaccination.rows import DATED, Row
from care.vaccination.rule_files import load

_MOST_ROUNDS = 12  # no family has more doses
_SEXES: Mapping[str, str | None] = {"M": "M", "F": "F"}


def forecast_of(child: Child, as_of: date) -> tuple[Row, ...]:
    """Return the next dose of each vaccine as of a day (none before the child's birth).

    Doses that the record may lack (`record_since`) count as given when they fell due: what a parent has not told yet
    is not forecast as overdue, and the doses after it are. `unrecorded` names them.
    """
    if as_of < child.birth:
        return ()
    return forecast(_told(child, as_of, (*_given(child, as_of), *unrecorded(child))), load())


def unrecorded(child: Child) -> tuple[Given, ...]:
    """Return the doses that fell due before `record_since` and are not recorded, as the rules would have given them."""
    since = child.profile.record_since
    if since is None or since <= child.birth:
        return ()
    recorded, assumed = _given(child, since), list[Given]()
    for _ in range(_MOST_ROUNDS):
        rows = forecast(_told(child, since, (*recorded, *assumed)), load())
        due = [row for row in rows if row.status in DATED and row.recommended and row.recommended < since]
        if not due:
            break
        assumed += [Given(on=row.recommended, vaccine=_product(row, load())) for row in due if row.recommended]
    return tuple(sorted(assumed))


def _product(row: Row, programme: Programme) -> str:
    return row.product if row.product and row.product in programme.products else row.vaccine


def _given(child: Child, as_of: date) -> tuple[Given, ...]:
    known = load().products
    return tuple(
        Given(on=dose.on, vaccine=dose.vaccine)
        for dose in child.doses
        if child.birth <= dose.on <= as_of and dose.vaccine in known
    )


def _told(child: Child, as_of: date, given: tuple[Given, ...]) -> ToldChild:
    profile, programme = child.profile, load()
    return ToldChild(
        id=child.number,
        birth=child.birth,
        sex=_SEXES.get(profile.sex),
        as_of=as_of,
        given=tuple(sorted(set(given))),
        options=dict(profile.options),
        selected=tuple(code for code in profile.selected if code in programme.self_paid),
        mother_hbsag=profile.mother_hbsag,
        birth_weight_g=profile.birth_weight_g,
        conditions=tuple(code for code in profile.condition_codes if code in programme.conditions),
        events=tuple(Event(on=one.on, kind=one.kind) for one in child.events if child.birth <= one.on <= as_of),
        region=profile.region,
    )
