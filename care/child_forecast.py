"""What comes next for a recorded child, by the rules of care/vaccination. Pure: it reads no table and no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from care.child import Child, Profile
from care.vaccination.child import Child as ToldChild
from care.vaccination.child import Event, Given
from care.vaccination.forecast import forecast
from care.vaccination.programme import Programme
from care.vaccination.rows import DATED, Row
from care.vaccination.rule_files import load
from care.vaccination.together import begun, with_begun, without_covered

_MOST_STEPS = 250  # more than doses that a child can have
_STANDS_FOR = timedelta(days=90)  # a recorded dose so long after a dose's day is that dose, and not the one after it
_SEXES: Mapping[str, str | None] = {"M": "M", "F": "F"}
_CHILDHOOD = timedelta(days=20 * 366)  # the programme's last dose comes long before
_LIVE_APART = timedelta(days=28)


def forecast_of(child: Child, as_of: date) -> tuple[Row, ...]:
    """Return the next dose of each vaccine as of a day (none before the child's birth).

    Doses that the record may lack (`record_since`) count as given when they fell due: what a parent has not told yet
    is not forecast as overdue, and the doses after it are. `unrecorded` names them. A combination once begun goes on
    until something else is given, whether or not the family chose it.
    """
    if as_of < child.birth:
        return ()
    return _followed(child, as_of, (*_given(child, as_of), *unrecorded(child)), load())


def _followed(child: Child, as_of: date, given: tuple[Given, ...], programme: Programme) -> tuple[Row, ...]:
    told, code = _told(child, as_of, given), begun(given, programme)
    if code is None or code in told.selected:
        return forecast(told, programme)
    rows = forecast(replace(told, selected=(*told.selected, code)), programme)
    return with_begun(rows, code, programme, as_of)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Doses that fall on one day if everything before is given on its day."""

    on: date
    rows: tuple[Row, ...]


def visits_ahead(child: Child, today: date, until: date) -> tuple[Visit, ...]:
    """Return the visits from today on, as far as they can be told now: what is late falls on today."""
    programme = load()
    given, as_of = [*_given(child, today), *unrecorded(child)], max(today, child.birth)
    visits, known = list[Visit](), set[tuple[str, int | None]]()
    while len(visits) < _MOST_STEPS:
        rows = [
            row
            for row in without_covered(_followed(child, as_of, tuple(given), programme), programme, as_of)
            if row.status in DATED and row.recommended and (row.vaccine, row.dose) not in known
        ]
        on = min((max(row.recommended, today) for row in rows if row.recommended), default=until)
        if not rows or on > until:
            break
        there = [row for row in rows if row.recommended and max(row.recommended, today) == on]
        visits.append(Visit(on=on, rows=tuple(there)))
        known |= {(row.vaccine, row.dose) for row in there}
        given += [Given(on=on, vaccine=_code(row, programme)) for row in there]
        as_of = max(as_of, on)
    return tuple(visits)


def unrecorded(child: Child) -> tuple[Given, ...]:
    """Return the doses that fell due before `record_since` and are not recorded, as the rules would have given them.

    The child's life is gone through dose by dose: a recorded one that came within three months of its time stands for
    itself; where none did, the dose was given and not told.
    """
    since = child.profile.record_since
    if since is None or since <= child.birth:
        return ()
    if not child.events and not _given(child, since):
        profile = child.profile
        life = _life_untold(
            profile.birth,
            profile.sex,
            profile.region,
            profile.birth_weight_g,
            profile.mother_hbsag,
            tuple(sorted(profile.options.items())),
            profile.selected,
            profile.condition_codes,
        )
        return tuple(one for one in life if one.on < since)
    return _gone_through(child, since)


@lru_cache(maxsize=8192)
def _life_untold(
    birth: date,
    sex: str,
    region: str,
    birth_weight_g: float | None,
    mother_hbsag: str | None,
    options: tuple[tuple[str, str], ...],
    selected: tuple[str, ...],
    condition_codes: tuple[str, ...],
) -> tuple[Given, ...]:
    """Return all doses of somebody of whom nothing is told, up to adulthood: whoever is born that day shares them."""
    grown = birth + _CHILDHOOD
    profile = Profile(
        name="",
        birth=birth,
        sex=sex,
        region=region,
        birth_weight_g=birth_weight_g,
        mother_hbsag=mother_hbsag,
        options=dict(options),
        selected=selected,
        condition_codes=condition_codes,
        record_since=grown,
    )
    nobody = Child(id=0, number="", policy_id=None, insured_id=None, made_at=datetime.min, profile=profile)
    return _gone_through(nobody, grown)


def _gone_through(child: Child, since: date) -> tuple[Given, ...]:
    programme = load()
    hidden, shown, assumed = list(_given(child, since)), list[Given](), list[Given]()
    as_of = child.birth
    for _ in range(_MOST_STEPS):
        slots = _due_next(forecast(_told(child, as_of, (*shown, *assumed)), programme), before=since)
        first = slots[0].recommended if slots else None
        if hidden and (first is None or hidden[0].on <= first):
            told = [hidden[0]]
        elif first is None:
            break
        else:
            told = []
            for slot in slots:
                late = next((one for one in hidden if _stands_for(one, slot, programme)), None)
                if late is None:
                    assumed.append(_assumed(slot, first, (*hidden, *shown), programme))
                elif late not in told:
                    told.append(late)
        hidden = [one for one in hidden if one not in told]
        shown += told
        as_of = max(as_of, *(one.on for one in (*shown, *assumed)))
    return tuple(sorted(assumed))


def _due_next(rows: Sequence[Row], *, before: date) -> list[Row]:
    """Return the rows of the soonest day, of the programme's vaccines."""
    free = [row for row in rows if row.vaccine in load().routine]  # nobody is taken to have paid for one
    due = [row for row in free if row.status in DATED and row.recommended and row.recommended < before]
    soonest = min((row.recommended for row in due if row.recommended), default=None)
    return [row for row in due if row.recommended == soonest]


def _stands_for(given: Given, slot: Row, programme: Programme) -> bool:
    group = programme.families[slot.vaccine].group
    latest = slot.recommended + _STANDS_FOR if slot.recommended else given.on
    return group in programme.products[given.vaccine].counts and given.on <= latest


def _assumed(slot: Row, on: date, recorded: Sequence[Given], programme: Programme) -> Given:
    """A live vaccine was given at the visit of a recorded live one, where that is near: they want a day, or 28."""
    code = _code(slot, programme)
    if programme.products[code].live:
        near = [one.on for one in recorded if programme.products[one.vaccine].live and abs(one.on - on) <= _LIVE_APART]
        on = min(near, default=on)
    return Given(on=on, vaccine=code)


def _code(row: Row, programme: Programme) -> str:
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
