"""What a benchmark found, beside its target; one aligned table for people and one JSON file for programs."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from unicodedata import east_asian_width


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value. `at_least` or `below` is its target; without either it is only reported.

    `value` None means that it could not be measured; `note` then says why.
    """

    bench: str
    name: str
    value: float | None
    unit: str
    at_least: float | None = None
    below: float | None = None
    rounds: Sequence[float] = ()
    note: str = ""

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"< {self.below:g}" if self.below is not None else ""

    @property
    def verdict(self) -> str:
        if not self.target:
            return ""
        if self.value is None:
            return "NOT MEASURED"
        holds = self.value >= self.at_least if self.at_least is not None else self.value < (self.below or 0)
        return "PASS" if holds else "FALL SHORT"


def middle(bench: str, name: str, rounds: Sequence[float], unit: str, *, note: str = "", **target: float) -> Figure:
    """Return the median of paired rounds as a figure; the note gets the range."""
    spread = f"{min(rounds):.3g} to {max(rounds):.3g} in {len(rounds)} rounds"
    full_note = f"{spread}; {note}" if note else spread
    return Figure(bench=bench, name=name, value=median(rounds), unit=unit, rounds=rounds, note=full_note, **target)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of `values` lie, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: Sequence[Figure]) -> str:
    """Return all figures as lines of aligned columns."""
    head = ("bench", "figure", "measured", "unit", "target", "verdict", "")
    rows = [
        (it.bench, it.name, "-" if it.value is None else _short(it.value), it.unit, it.target, it.verdict, it.note)
        for it in figures
    ]
    widths = [max(_width(row[at]) for row in (head, *rows)) for at in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(_padded(cell, width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in (head, *rows)
    )


def write(figures: Sequence[Figure], path: Path, *, quick: bool) -> None:
    """Write the figures with what they depend on, so that two runs can be compared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    run = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load_average": os.getloadavg(),
        "figures": [asdict(it) | {"target": it.target, "verdict": it.verdict} for it in figures],
    }
    path.write_text(json.dumps(run, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
