"""One row of a file of children, checked whole: a child, what is told of it and its doses, or everything that is wrong.

A dose may stand in the cell `doses` (several: 乙肝 2026-03-10; 卡介苗 2026-03-10), in a column named by its vaccine
(乙肝, 乙肝_2, MMR: one day or several), or as the row's only one in `vaccine` and `given_on`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from care.child import CheckUp, Dose, Growth, Record, VaccineEvent
from care.csv_file import Columns
from care.row_cells import RowCells, RowRefused
from care.vaccination.programme import fold
from care.vaccination.rule_files import load

REQUIRED = ["policy_no", "insured_name", "insured_birth"]
_PROFILE = ["insured_sex", "region", "conditions", "birth_weight_g", "mother_hbsag"]
_WISHES = ["je", "hepa", "selected", "condition_codes"]
_RECORDS = ["record", "doses", "vaccine", "given_on", "growth", "check_ups", "immunoglobulin"]
OPTIONAL = [*_PROFILE, *_WISHES, *_RECORDS]
_CHOICES = {"je": ("JE", ("", "JE_L", "JE_I")), "hepa": ("HepA", ("", "HepA_L", "HepA_I"))}
_SEXES = {"": "", "M": "M", "F": "F", "男": "M", "女": "F"}
_DAY = re.compile(r"(?<!\d)(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?!\d)")
_PLACE = re.compile(r"(?:_|第)?\d{1,2}(?:剂|针)?$")  # 乙肝_2, 乙肝第2剂: the second dose's column
_SIZE = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)(cm|kg)")
_LONGEST_TEXT = 500


@dataclass(frozen=True, kw_only=True)
class ChildRow:
    """What a row tells. `profile`: the fields of `Profile` that it fills; `sex`: the policy's, to be compared;
    `is_whole`: a dose that is not told was not given."""

    policy_no: str
    name: str = field(repr=False)
    birth: date = field(repr=False)
    sex: str = field(repr=False)
    profile: Mapping[str, Any] = field(repr=False)
    is_whole: bool
    doses: tuple[Dose, ...] = field(repr=False)
    growth: tuple[Growth, ...] = field(repr=False)
    check_ups: tuple[CheckUp, ...] = field(repr=False)
    events: tuple[VaccineEvent, ...] = field(repr=False)


def vaccine_of_column(column: str) -> str | None:
    """Return the product whose doses stand in a column, or None."""
    names = load().names
    return names.get(fold(column)) or names.get(fold(_PLACE.sub("", column.strip())))


COLUMNS = Columns(
    required=REQUIRED,
    optional=OPTIONAL,
    more=lambda column: vaccine_of_column(column) is not None,
    more_help=", and any named by a vaccine (MMR, 乙肝_2)",
)


def read_child_row(cells: Mapping[str, str], *, today: date) -> ChildRow:
    """Return what a row tells. Raises RowRefused with every fault found."""
    row = _Row(cells, today, optional=OPTIONAL)
    birth = row.birth()
    told = ChildRow(
        policy_no=row.number("policy_no"),
        name=row.name("insured_name"),
        birth=birth or today,
        sex=row.sex(),
        profile=row.profile(),
        is_whole=row.one_of("record", ("", "whole", "unknown")) != "unknown",
        doses=tuple(row.doses(cells)),
        growth=tuple(row.growth()),
        check_ups=tuple(CheckUp(on=day, source="import") for day in row.days("check_ups")),
        events=tuple(
            VaccineEvent(on=day, kind="immunoglobulin", source="import") for day in row.days("immunoglobulin")
        ),
    )
    if birth is not None:
        _check_days(row, told, today)
    if row.faults:
        raise RowRefused(row.faults)
    return told


def _check_days(row: "_Row", told: ChildRow, today: date) -> None:
    named: dict[str, Sequence[Record]] = {
        "doses": told.doses,
        "growth": told.growth,
        "check_ups": told.check_ups,
        "immunoglobulin": told.events,
    }
    for column, records in named.items():
        if any(one.on < told.birth for one in records):
            row.fault(f"{column}: a day is before insured_birth")
        if any(one.on > today for one in records):
            row.fault(f"{column}: a day lies ahead; leave out what has not happened yet")


class _Row(RowCells):
    """The cells that only a child has."""

    def birth(self) -> date | None:
        """Read the birth date; a spreadsheet may have put it in its own way."""
        days = self.days("insured_birth")
        if not days and not self.has_fault("insured_birth"):
            self.fault("insured_birth is empty; write it as YYYY-MM-DD")
        elif days and days[0] > self.today:
            self.fault("insured_birth lies ahead")
        return days[0] if days else None

    def sex(self) -> str:
        text = self.narrow("insured_sex").upper()
        if text not in _SEXES:
            self.fault("insured_sex is unknown; use one of M, F, or leave it empty")
        return _SEXES.get(text, "")

    def profile(self) -> dict[str, Any]:
        """Read what is filled in of the profile; an empty cell changes nothing."""
        programme = load()
        told: dict[str, Any] = {
            "region": self.text("region", 40),
            "conditions": self.text("conditions", _LONGEST_TEXT),
            "birth_weight_g": self.grams(),
            "mother_hbsag": self.one_of("mother_hbsag", ("", "positive", "negative", "unknown")),
            "options": dict(self.choices()),
            "selected": self.codes("selected", tuple(programme.self_paid)),
            "condition_codes": self.codes("condition_codes", tuple(programme.conditions)),
        }
        return {name: value for name, value in told.items() if value}

    def text(self, column: str, longest: int) -> str:
        text = self.narrow(column)
        if len(text) > longest:
            self.fault(f"{column} has more than {longest} characters")
        return text

    def grams(self) -> float | None:
        text = self.narrow("birth_weight_g")
        if not text:
            return None
        if re.fullmatch(r"\d{3,4}", text, re.ASCII) and 200 <= int(text) <= 9000:
            return float(text)
        self.fault("birth_weight_g is no birth weight; give grams, such as 3200")
        return None

    def choices(self) -> Iterator[tuple[str, str]]:
        for column, (group, known) in _CHOICES.items():
            choice = self.one_of(column, known)
            if choice:
                yield group, choice

    def codes(self, column: str, known: tuple[str, ...]) -> tuple[str, ...]:
        chosen = [one.strip() for one in re.split("[;；]", self.narrow(column)) if one.strip()]
        by_name = {fold(code): code for code in known}
        by_name = {name: code for name, code in load().names.items() if code in known} | by_name
        found = [by_name.get(fold(one)) for one in chosen]
        if None in found:
            self.fault(f"{column} holds an unknown one; use some of {';'.join(known)}")
        return tuple(dict.fromkeys(code for code in found if code))

    def days(self, column: str) -> list[date]:
        """Read days, divided by ; or line ends."""
        return [day for day in (self.day_in(column, part) for part in self.parts(column)) if day is not None]

    def parts(self, column: str) -> list[str]:
        return [part.strip() for part in re.split(r"[;；\n]|(?<=\d)[,，、]", self.narrow(column)) if part.strip()]

    def day_in(self, column: str, text: str) -> date | None:
        found = _DAY.fullmatch(text)
        try:
            if found and found[1] >= "1930":
                return date(*(int(part) for part in found.groups()))
        except ValueError:
            pass
        self.fault(f"{column} holds what is no day; write it as YYYY-MM-DD")
        return None

    def doses(self, cells: Mapping[str, str]) -> Iterator[Dose]:
        """Read the doses wherever they stand."""
        for part in self.parts("doses"):
            day, name = _DAY.search(part), _DAY.sub("", part).strip(" :：,，")
            if day is None or not name:
                self.fault("doses: write each as vaccine and day, divided by ; (乙肝 2026-03-10; MMR 2026-11-10)")
                continue
            yield from self.dose("doses", name, day[0])
        if self.narrow("vaccine") or self.narrow("given_on"):
            yield from self.dose("vaccine", self.narrow("vaccine"), self.narrow("given_on"))
        for column in cells:
            code = None if column in COLUMNS.required or column in COLUMNS.optional else vaccine_of_column(column)
            if code is not None:
                yield from (Dose(on=day, vaccine=code, source="import") for day in self.days(column))

    def dose(self, column: str, name: str, day: str) -> Iterator[Dose]:
        code = load().names.get(fold(name))
        if code is None:
            self.fault(f"{column} names an unknown vaccine; docs/children.md lists the names")
        on = self.day_in("given_on" if column == "vaccine" else column, day.strip())
        if code is not None and on is not None:
            yield Dose(on=on, vaccine=code, product=name, source="import")

    def growth(self) -> Iterator[Growth]:
        """Read heights and weights: 2026-05-01 62.5cm 6.4kg; …"""
        for part in self.parts("growth"):
            day, sizes = _DAY.search(part), {unit: float(size) for size, unit in _SIZE.findall(part.lower())}
            if day is None or not sizes:
                self.fault("growth: write each as day, cm and kg, divided by ; (2026-05-01 62.5cm 6.4kg)")
                continue
            on = self.day_in("growth", day[0])
            height, weight = sizes.get("cm"), sizes.get("kg")
            if not 20 <= (height or 50) <= 230 or not 0.3 <= (weight or 5) <= 250:
                self.fault("growth holds a height or weight that no child has")
            elif on is not None:
                yield Growth(on=on, height_cm=height, weight_kg=weight, source="import")
