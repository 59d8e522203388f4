"""Why a row is as it is: a code for programs, a sentence for the parent, the rule and how sure it is."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml
from care.vaccination.rules import Certainty

TEXTS = Path(__file__).with_name("words.yaml")
SURE: dict[Certainty, int] = {"low": 0, "medium": 1, "high": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """`rule`: the entry of the rule files it rests on, such as MMR.2 or G5; empty where it merely tells a state."""

    code: str
    say: str
    rule: str = ""
    certainty: Certainty = "high"

    def to_json(self) -> dict[str, str]:
        """Return the reason as it is printed."""
        return {"code": self.code, "say": self.say, "rule": self.rule, "certainty": self.certainty}


@lru_cache(maxsize=20_000)
def because(code: str, *, rule: str = "", certainty: Certainty = "high", **gaps: object) -> Reason:
    """Return the reason of this code, its gaps filled. Dates are said in Chinese."""
    filled = {gap: said(value) if isinstance(value, date) else value for gap, value in gaps.items()}
    return Reason(code=code, say=texts()[code].format(**filled), rule=rule, certainty=certainty)


def least_sure(certainties: list[Certainty]) -> Certainty:
    """Return the lowest of several certainties; high where there are none."""
    return min(certainties, key=SURE.__getitem__, default="high")


def said(day: date) -> str:
    """Return a day as it is said: 2026年9月1日."""
    return f"{day.year}年{day.month}月{day.day}日"


@lru_cache(maxsize=1)
def texts() -> dict[str, str]:
    """Return code → sentence. Raises ConfigurationFault."""
    found = read_yaml(TEXTS)
    for code, text in found.items():
        if not isinstance(text, str):
            raise ConfigurationFault(f"{TEXTS.name}: {code}: no sentence; write one, in quotes")
    return dict(found)
