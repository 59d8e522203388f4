"""The audit trail in Chinese: acts, people, things and details by the words of audit_words.yaml, and back for a search.

What is stored stays as it is. A code without a word is shown as it is stored: the trail hides nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml
from handlers import form_files
from handlers.reminder_kind import kind_title
from handlers.replanning import kinds
from knowledge.library import Library

WORDS = Path(__file__).with_name("audit_words.yaml")
_INDEX_CHARACTERS = 16  # of a blind index, by which a failed verification is told apart from others


class Words(BaseModel):
    """The file, read."""

    model_config = ConfigDict(extra="forbid")

    actions: dict[str, str]
    things: dict[str, str]
    parts: dict[str, dict[str, str]]
    details: dict[str, str]
    values: dict[str, str]


def read(path: Path = WORDS) -> Words:
    """Read the file. Raises ConfigurationFault naming file, entry and remedy."""
    try:
        return Words.model_validate(read_yaml(path))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigurationFault(f"{path}: cannot be read ({error}); mend what it names") from error


@cache
def words() -> Words:
    """Return the file that is shipped, read once a process."""
    return read()


@dataclass(frozen=True)
class AuditWords:
    """Shows rows of the trail. Products, reminders and what forms ask go by their own names."""

    library: Library

    @property
    def actions(self) -> Mapping[str, str]:
        """Every act that may be searched for."""
        return words().actions

    def action(self, code: str) -> str:
        """Return what was done."""
        return words().actions.get(code, code)

    def thing(self, stored: str) -> str:
        """Return a person or a thing: user:guan → 人员 guan."""
        kind, colon, part = stored.partition(":")
        if not colon:
            is_index = len(stored) == _INDEX_CHARACTERS and set(stored) <= set("0123456789abcdef")
            return f"保单 #{stored}" if is_index else words().things.get(stored, stored)
        part = words().parts.get(kind, {}).get(part, part)
        return f"{words().things.get(kind, kind)} {part}"

    def stored(self, typed: str) -> str:
        """Return what a search looks for in the trail by what somebody typed: 客户 12 → contact:12."""
        typed = typed.strip()
        for kind, word in words().things.items():
            if typed == word:
                return kind
            if typed.startswith(word) and (rest := typed.removeprefix(word).strip(" :：")):
                codes = {shown: code for code, shown in words().parts.get(kind, {}).items()}
                return f"{kind}:{codes.get(rest, rest)}"
        return typed

    def details(self, detail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield each detail with its value, both in words."""
        for name, value in detail.items():
            yield words().details.get(name, name), self._value(value)

    def _value(self, value: Any) -> str:
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, list):
            return "、".join(map(self._value, value)) or "无"
        text = str(value)
        first, _, rest = text.partition(" ")
        if rest.isdigit() and first in words().values:
            return f"{words().values[first]} {rest}"
        known = (words().values, self._names, words().actions)
        return next((table[text] for table in known if text in table), "") or self._thing_or(text)

    def _thing_or(self, text: str) -> str:
        return self.thing(text) if text.partition(":")[0] in words().things else text or "无"

    @cached_property
    def _names(self) -> Mapping[str, str]:
        flows = (flow for handbook in self.library for flow in handbook.flows.values())
        asked = [question for flow in flows for question in flow.questions]
        asked += [one for name in ("application", "verify", "child_profile") for one in form_files.form(name).questions]
        return {
            **{question.slot: question.short for question in asked},
            **{kind: kind_title(kind) for kind in kinds()},
            **{handbook.product.id: handbook.product.short for handbook in self.library},
        }
