"""What a manager should think over before sending: a draft that promises cover, diagnoses, treats, or has a gap. Pure.

A warning, no lock: whoever wrote it may send it all the same.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.errors import ConfigurationFault
from bot.slots.said import plain
from bot.yaml_files import read_yaml

PATTERNS = Path(__file__).with_name("draft_warnings.yaml")
_KEYS = {"kind", "warn", "says", "unless"}


@dataclass(frozen=True, kw_only=True)
class _Rule:
    kind: str
    warn: str
    says: re.Pattern[str]
    unless: re.Pattern[str]


def warnings(draft: str) -> list[str]:
    """Return what to think over, in Chinese; nothing for a draft without fault."""
    text = plain(draft)
    return [rule.warn for rule in _rules() if rule.says.search(rule.unless.sub("；", text))]


def kinds_in(draft: str) -> list[str]:
    """Return the kinds of fault in a draft: promise, diagnosis, treatment, gap."""
    text = plain(draft)
    return [rule.kind for rule in _rules() if rule.says.search(rule.unless.sub("；", text))]


@lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    rows = read_yaml(PATTERNS)
    return tuple(_rule(number, row) for number, row in enumerate(rows, start=1))


def _rule(number: int, row: dict[str, object]) -> _Rule:
    if set(row) != _KEYS:
        raise ConfigurationFault(f"{PATTERNS}: entry {number}: needs exactly {', '.join(sorted(_KEYS))}")
    try:
        says, unless = (re.compile("|".join(f"(?:{one})" for one in _texts(row[name]))) for name in ("says", "unless"))
    except re.error as error:
        raise ConfigurationFault(f"{PATTERNS}: entry {number}: no regular expression ({error}); mend it") from error
    return _Rule(kind=str(row["kind"]), warn=str(row["warn"]), says=says, unless=unless)


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
