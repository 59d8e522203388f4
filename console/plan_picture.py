"""The picture of a child's vaccination plan: a row a disease, a dot a dose, from birth on. Pure: places and words only;
the template draws them.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from care.child import Child
from care.child_forecast import Visit
from care.vaccination.child import Given
from care.vaccination.programme import Programme

Kind = Literal["given", "untold", "due", "planned"]

_LEFT, _WIDE, _ROW, _TOP = 84, 260, 25, 30  # points of the drawing: names at the left, ages above
_SHORT = {"b型流感嗜血杆菌疫苗": "Hib", "手足口病（EV71）疫苗": "手足口"}
_AGES = ((0, "出生"), (6, "半岁"), (24, "2岁"), (72, "6岁"), (156, "13岁"))  # months
_FEWEST_MONTHS = 36


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One dose: where it stands in the drawing, and what it is."""

    x: float
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Row:
    """What protects against one disease."""

    name: str
    y: int
    dots: Sequence[Dot]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All that is drawn. `today` is a place on the axis; `summary` says the same in a sentence."""

    width: int
    height: int
    left: int
    rows: Sequence[Row]
    ages: Sequence[tuple[float, str]]
    today: float
    summary: str


def picture_of(
    child: Child, visits: Sequence[Visit], untold: Sequence[Given], today: date, programme: Programme
) -> Picture | None:
    """Return the picture of a plan, or None where there is no dose to show.

    The axis is the root of the age: half of all doses fall into the first year.
    """
    doses = defaultdict[str, list[tuple[date, Kind]]](list)
    for on, vaccine, kind in _doses(child, visits, untold, today):
        for group in _groups(vaccine, programme):
            doses[group].append((on, kind))
    if not doses:
        return None
    last = max(on for several in doses.values() for on, _ in several)
    most = max(_months(child.birth, last), _months(child.birth, today), _FEWEST_MONTHS)

    def place(on: date) -> float:
        return round(_LEFT + _WIDE * math.sqrt(max(0.0, _months(child.birth, on)) / most), 1)

    order = sorted(doses, key=lambda group: (min(doses[group])[0], group))
    rows = [
        Row(
            name=_name(group, programme),
            y=_TOP + _ROW * number + _ROW // 2,
            dots=[Dot(x=place(on), kind=kind) for on, kind in sorted(doses[group])],
        )
        for number, group in enumerate(order)
    ]
    counted = [kind for several in doses.values() for _, kind in several]
    return Picture(
        width=_LEFT + _WIDE + 14,
        height=_TOP + _ROW * len(rows) + 8,
        left=_LEFT,
        rows=rows,
        ages=[(round(_LEFT + _WIDE * math.sqrt(age / most), 1), name) for age, name in _AGES if age <= most],
        today=place(today),
        summary=f"打过{counted.count('given')}剂，现在可以打{counted.count('due')}剂，以后还有{counted.count('planned')}剂。",
    )


def _doses(
    child: Child, visits: Iterable[Visit], untold: Iterable[Given], today: date
) -> Iterable[tuple[date, str, Kind]]:
    for dose in child.doses:
        yield dose.on, dose.vaccine, "given"
    for assumed in untold:
        yield assumed.on, assumed.vaccine, "untold"
    for visit in visits:
        for row in visit.rows:
            yield visit.on, row.vaccine, "due" if visit.on <= today else "planned"


def _groups(vaccine: str, programme: Programme) -> Iterable[str]:
    """Return the diseases that a product or a family counts for; a combination stands in several rows."""
    if vaccine in programme.products:
        return [group for group in programme.products[vaccine].counts if _is_shown(group, programme)]
    return [programme.families[vaccine].group] if vaccine in programme.families else []


def _is_shown(group: str, programme: Programme) -> bool:
    return any(family.group == group for family in programme.families.values())


def _name(group: str, programme: Programme) -> str:
    name = next(family.name for family in programme.families.values() if family.group == group)
    return _SHORT.get(name, _without_kind(name))


def _without_kind(name: str) -> str:
    """乙脑减毒活疫苗 and 乙脑灭活疫苗 are one row: 乙脑."""
    for kind in ("减毒活疫苗", "灭活疫苗", "多糖疫苗", "结合疫苗", "疫苗"):
        name = name.removesuffix(kind)
    return name.partition("（")[0].removeprefix("A群").removeprefix("双价")


def _months(birth: date, on: date) -> float:
    return (on - birth).days / 30.44
