"""What people want done rather than told: to apply, to bind a policy, to hear how their case stands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml
from intents.guards import guarded
from intents.normal import compact
from intents.recall import recalled

FILE = Path(__file__).parent / "requests.yaml"

_GREETING = re.compile(r"^(?:(?:在不在|在[不吗么]|有人[吗在]*|你好|您好|喂|hello|hi)[呀啊]*[?？,，。!！~]+)+(?=.)")
_LONGEST = 80  # characters; a longer message tells a story and is read as a question, save where an entry says so


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")

    said: list[str] = Field(min_length=1)
    plain: bool = False
    longest: int = _LONGEST


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    asks: str
    requests: dict[str, _Request] = Field(min_length=1)


@dataclass(frozen=True, kw_only=True)
class _Pattern:
    said: re.Pattern[str]
    plain: bool
    longest: int


class Requests:
    """Tells requests from questions. The first kind in the file that fits is the request."""

    def __init__(self, patterns: Mapping[str, _Pattern], asks: re.Pattern[str]) -> None:
        self._patterns = dict(patterns)
        self._asks = asks
        self._read = recalled(self._heard)  # several parts of a turn ask about the same message

    @classmethod
    def load(cls, path: Path = FILE) -> "Requests":
        """Read the file. Raises ConfigurationFault naming file, entry and remedy."""
        try:
            file = _File.model_validate(read_yaml(path))
        except (OSError, yaml.YAMLError, ValidationError) as error:
            raise ConfigurationFault(f"{path}: {error}; mend these entries") from error
        try:
            patterns = {
                name: _Pattern(
                    said=re.compile(guarded("|".join(request.said))), plain=request.plain, longest=request.longest
                )
                for name, request in file.requests.items()
            }
            return cls(patterns, re.compile(re.sub(r"\s+", "", file.asks)))
        except re.error as error:
            raise ConfigurationFault(f"{path}: no regular expression ({error}); mend it") from error

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of request that are known."""
        return tuple(self._patterns)

    def all_in(self, message: str) -> list[str]:
        """Return the kinds of request that `message` may be, in the file's order; empty for a question."""
        return list(self._read(message)[0])

    def is_asking(self, message: str) -> bool:
        """Whether a message asks something."""
        return self._read(message)[1]

    def _heard(self, message: str) -> tuple[tuple[str, ...], bool]:
        # Without the greeting that opens it: 在不？我想… asks nothing.
        text = _GREETING.sub("", compact(message))
        asks = bool(self._asks.search(text))
        kinds = (
            name
            for name, pattern in self._patterns.items()
            if 0 < len(text) <= pattern.longest and not (pattern.plain and asks) and pattern.said.search(text)
        )
        return tuple(kinds), asks
