"""What is missing or cannot be in doses as they were told. Pure.

One gap is asked about at a time; the other doses wait beside it, so that nothing that was said is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Literal

from care.child import Child
from care.vaccination.rule_files import load
from care.vaccination.told import ToldDose
from care.vaccination.told_names import called, is_untracked, narrowed

GapKind = Literal["unknown", "which", "day", "year", "before_birth", "future", "same_day", "same_recorded"]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """What is asked next: of the doses at these places. `other` is what it clashes with."""

    kind: GapKind
    places: tuple[int, ...]
    other: str = ""


@dataclass(frozen=True, kw_only=True)
class Left:
    """A dose that is not recorded, and why (the name of a sentence)."""

    name: str
    why: str


def told_json(doses: Sequence[ToldDose]) -> list[dict[str, Any]]:
    """Return doses as a conversation's state keeps them."""
    return [{**asdict(one), "on": one.on.isoformat() if one.on else None} for one in doses]


def told_from(state: Sequence[Mapping[str, Any]]) -> list[ToldDose]:
    """Return doses from a conversation's state."""
    days = [date.fromisoformat(one["on"]) if one["on"] else None for one in state]
    return [
        ToldDose(**{**one, "on": day, "products": tuple(one["products"])}) for one, day in zip(state, days, strict=True)
    ]


def vaccine_of(dose: ToldDose) -> str:
    """Return how a dose's vaccine is called while it may be unclear."""
    return called(dose.products[0]) if len(dose.products) == 1 else dose.name


def sorted_out(doses: Sequence[ToldDose], child: Child) -> tuple[list[ToldDose], list[ToldDose]]:
    """Return the doses that are new, and those that are recorded already; what was told twice once."""
    known = {(one.vaccine, one.on) for one in child.doses}
    new: dict[Any, ToldDose] = {}
    before: list[ToldDose] = []
    for at, dose in enumerate(doses):
        if dose.is_clear and (dose.products[0], dose.on) in known:
            before.append(dose)
        else:
            new.setdefault((dose.products, dose.on) if dose.is_clear else at, dose)
    return list(new.values()), before


def first_gap(doses: Sequence[ToldDose], child: Child, today: date) -> Gap | None:
    """Return what must be asked before the doses can be recorded, or None."""
    return (
        _unknown(doses)
        or _which(doses)
        or _undated(doses)
        or _impossible(doses, child, today)
        or _same_day(doses)
        or _same_recorded(doses, child)
    )


def _unknown(doses: Sequence[ToldDose]) -> Gap | None:
    places = tuple(at for at, dose in enumerate(doses) if not dose.products)
    return Gap(kind="unknown", places=places[:1]) if places else None


def _which(doses: Sequence[ToldDose]) -> Gap | None:
    several = [dose for dose in doses if len(dose.products) > 1]
    if not several:
        return None
    alike = (several[0].name, several[0].products)
    return Gap(kind="which", places=tuple(at for at, dose in enumerate(doses) if (dose.name, dose.products) == alike))


def _undated(doses: Sequence[ToldDose]) -> Gap | None:
    without = tuple(at for at, dose in enumerate(doses) if dose.on is None)
    if without:
        return Gap(kind="day", places=without)
    opened = tuple(at for at, dose in enumerate(doses) if dose.is_open)
    return Gap(kind="year", places=opened) if opened else None


def _impossible(doses: Sequence[ToldDose], child: Child, today: date) -> Gap | None:
    for at, dose in enumerate(doses):
        if dose.on is not None and dose.on < child.birth:
            return Gap(kind="before_birth", places=(at,))
        if dose.on is not None and dose.on > today:
            return Gap(kind="future", places=(at,))
    return None


def _same_day(doses: Sequence[ToldDose]) -> Gap | None:
    for at, dose in enumerate(doses):
        for before in range(at):
            if doses[before].on == dose.on and _protect_alike(doses[before].products[0], dose.products[0]):
                return Gap(kind="same_day", places=(before, at), other=called(doses[before].products[0]))
    return None


def _same_recorded(doses: Sequence[ToldDose], child: Child) -> Gap | None:
    for at, dose in enumerate(doses):
        for one in child.doses:
            if one.on == dose.on and one.vaccine != dose.products[0] and _protect_alike(one.vaccine, dose.products[0]):
                return Gap(kind="same_recorded", places=(at,), other=called(one.vaccine))
    return None


def _protect_alike(one: str, other: str) -> bool:
    products = load().products
    return bool(products[one].counts.keys() & products[other].counts.keys()) if {one, other} <= set(products) else False


def untracked(doses: Sequence[ToldDose]) -> tuple[list[ToldDose], list[ToldDose]]:
    """Return the doses of vaccines that are followed, and those of vaccines that are not (狂犬, 破伤风)."""
    apart = [dose for dose in doses if not dose.products and is_untracked(dose.name)]
    return [dose for dose in doses if dose not in apart], apart


def narrowed_by_day(doses: Sequence[ToldDose], child: Child) -> list[ToldDose]:
    """Return the doses with what their names can mean at the child's age on their days."""
    return [replace(dose, products=narrowed(dose.products, dose.name, birth=child.birth, on=dose.on)) for dose in doses]
