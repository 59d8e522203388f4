"""Reads the table of children worked out by hand, and asks the forecaster for each of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from care.vaccination.child import Child, read_child
from care.vaccination.forecast import forecast
from care.vaccination.rows import Row
from care.vaccination.rule_files import load

TABLE = Path(__file__).with_suffix(".yaml")
RULES = load()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One child of the table. `expected`: status, dose, product, earliest, before, recommended."""

    told: Mapping[str, Any]
    family: str
    expected: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        doses = "; ".join(f"{dose['vaccine']} {dose['date']}" for dose in self.told["given"])
        return f"{self.family} {self.told['birth']}→{self.told['as_of']} [{doses}] {self.why}"


def cases() -> list[Case]:
    return [_case(group, row) for group in yaml.safe_load(TABLE.read_text(encoding="utf-8")) for row in group["rows"]]


def _case(group: Mapping[str, Any], row: list[Any]) -> Case:
    birth, as_of, given, expected, *why = row
    words = expected.split()
    family = group["family"] if "family" in group else words.pop(0)
    status, dose, product, earliest, before, *recommended = words if len(words) > 4 else [*words, *"-----"][:5]
    told = {
        "id": "c",
        "birth": str(birth),
        "sex": "F",
        "as_of": str(as_of),
        "given": list(_doses(given, str(birth))),
        **dated(group.get("child", {})),
    }
    shown = (status, dose, product, earliest, before, *(recommended or [earliest]))
    return Case(told=told, family=family, expected=shown, why=", ".join(str(word) for word in why))


def _doses(text: str, birth: str) -> Iterator[dict[str, str]]:
    for part in filter(None, (part.strip() for part in text.split(";"))):
        vaccine, day = part.split()
        yield {"vaccine": vaccine, "date": birth if day == "B" else day}


def dated(value: Any) -> Any:
    """YAML reads days as dates; JSON has texts."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: dated(one) for key, one in value.items()}
    return [dated(one) for one in value] if isinstance(value, list) else value


def child(**told: Any) -> Child:
    return read_child({"id": "c", "sex": "F", "given": [], **told}, RULES)


def rows(told: Mapping[str, Any]) -> dict[str, Row]:
    return {row.vaccine: row for row in forecast(read_child(dict(told), RULES), RULES)}


def shown(row: Row) -> tuple[str, ...]:
    """A row as the table writes it."""
    parts = (row.status, row.dose, row.product, row.earliest, row.before, row.recommended)
    return tuple("-" if part is None else str(part) for part in parts)
