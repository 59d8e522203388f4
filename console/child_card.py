"""A child as a health manager sees it: doses on record, whether the clinic's record shows them, what is next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from care.child import Child, product_name
from care.child_forecast import forecast_of
from care.vaccination.rows import DATED
from care.vaccination.rule_files import load as load_programme

ROW_STATES = {"overdue": ("已过建议时间", "warn"), "due": ("现在可以打", "good"), "upcoming": ("还没到时间", "")}
SOURCES = {"parent": ("家长说的", "warn"), "import": ("导入的", ""), "clinic_confirmed": ("门诊记录已核对", "good")}
_ROWS = 8


@dataclass(frozen=True, kw_only=True)
class DoseLine:
    """One dose on record."""

    id: int
    on: date
    vaccine: str
    source: str
    tone: str
    is_confirmed: bool


@dataclass(frozen=True, kw_only=True)
class NextDose:
    """One dose to come."""

    vaccine: str
    dose: int | None
    on: date | None
    state: str
    tone: str
    is_sure: bool


@dataclass(frozen=True, kw_only=True)
class ChildCard:
    """One child with what was given and what comes next."""

    id: int
    number: str
    name: str = field(repr=False)
    age: str
    birth: date = field(repr=False)
    conditions: str = field(repr=False)
    doses: Sequence[DoseLine]
    coming: Sequence[NextDose]
    complete: int


def child_card(child: Child, today: date) -> ChildCard:
    """Return a child's card as of a day."""
    rows = forecast_of(child, today)
    families = load_programme().families
    dated = [row for row in rows if row.status in DATED]
    dated.sort(key=lambda row: (row.recommended or date.max, row.vaccine))
    return ChildCard(
        id=child.id,
        number=child.number,
        name=child.name,
        age=_age(child.birth, today),
        birth=child.birth,
        conditions=child.profile.conditions,
        doses=[
            DoseLine(
                id=one.id or 0,
                on=one.on,
                vaccine=product_name(one.vaccine),
                source=SOURCES[one.source][0],
                tone=SOURCES[one.source][1],
                is_confirmed=one.source == "clinic_confirmed",
            )
            for one in reversed(child.doses)
        ],
        coming=[
            NextDose(
                vaccine=families[row.vaccine].name if row.vaccine in families else row.vaccine,
                dose=row.dose,
                on=row.recommended,
                state=ROW_STATES[row.status][0],
                tone=ROW_STATES[row.status][1],
                is_sure=row.certainty == "high",
            )
            for row in dated[:_ROWS]
        ],
        complete=sum(row.status == "complete" for row in rows),
    )


def _age(birth: date, today: date) -> str:
    months = (today.year - birth.year) * 12 + today.month - birth.month - (today.day < birth.day)
    if months < 24:
        return f"{max(0, months)} 个月"
    return f"{months // 12} 岁" + (f" {months % 12} 个月" if months % 12 and months < 72 else "")
