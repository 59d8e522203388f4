"""What reading an answer can give: a value, several that are near, or a problem that can be told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.slots.said import Span

# Text → (value, label, certain) of the known things that could be meant, best first. Values are JSON.
Chooser = Callable[[str], Sequence[tuple[Any, str, bool]]]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A value, where it stood, and whether it should be said back (a date somebody computed, a name made whole)."""

    value: Any
    span: Span
    label: str | None = None
    is_computed: bool = False


@dataclass(frozen=True, kw_only=True)
class Option:
    """One of the values that could be meant, with the words to offer it by."""

    value: Any
    label: str


@dataclass(frozen=True, kw_only=True)
class Several:
    """Values that are equally near: the person decides."""

    options: tuple[Option, ...]
    span: Span


@dataclass(frozen=True, kw_only=True)
class Problem:
    """It was meant as an answer, but no value came of it. `sentence` names an entry of dialog_texts.yaml."""

    sentence: str
    span: Span
    gaps: Mapping[str, str] = field(default_factory=dict)


Reading = Found | Several | Problem


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What reading depends on besides text and question: today in China, and who knows hospitals and drugs."""

    today: date
    choosers: Mapping[str, Chooser] = field(default_factory=dict)
