"""Loads the catalogue of intents that are no handbook questions: one YAML an intent, its name being the file's."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml
from intents.guards import guarded

FOLDER = Path(__file__).parent / "catalogue"


class _File(BaseModel):
    """What an intent's file may hold; docs for people are the comments in the files."""

    model_config = ConfigDict(extra="forbid")

    intent: str
    rank: int = Field(ge=0, description="of several intents in one message the highest is answered")
    alone: bool = Field(default=False, description="a command: its phrase must be the whole message")
    whole: list[str] = Field(default=[], description="phrases that, with fillers, may make up a whole message")
    anywhere: list[str] = Field(default=[], description="phrases that are enough anywhere in a message")
    certain: list[str] = Field(default=[], description="phrases that count even in what is clearly a question")
    spared: list[str] = Field(default=[], description="look-alikes; cut out before `anywhere` is searched")
    examples: list[str] = Field(min_length=1)
    look_alikes: list[str] = Field(default=[], description="recorded messages that mean something else")


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One intent, compiled. The patterns match compact lower-case text."""

    name: str
    rank: int
    alone: bool
    whole: re.Pattern[str] | None
    anywhere: re.Pattern[str] | None
    certain: re.Pattern[str] | None
    spared: re.Pattern[str] | None
    examples: tuple[str, ...]
    look_alikes: tuple[str, ...]


def load(folder: Path = FOLDER) -> tuple[Intent, ...]:
    """Return the intents, highest rank first. Raises ConfigurationFault naming file, entry and remedy."""
    intents = [_intent(path) for path in sorted(folder.glob("*.yaml"))]
    _refuse_shared_examples(intents, folder)
    return tuple(sorted(intents, key=lambda intent: (-intent.rank, intent.name)))


def _intent(path: Path) -> Intent:
    try:
        file = _File.model_validate(read_yaml(path))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationFault(f"{path}: {error}; mend these entries") from error
    if file.intent != path.stem:
        raise ConfigurationFault(f"{path}: intent: {file.intent!r} differs from the file's name; make them the same")
    return Intent(
        name=file.intent,
        rank=file.rank,
        alone=file.alone,
        whole=_any(path, "whole", file.whole),
        anywhere=_fast(_any(path, "anywhere", file.anywhere)),
        certain=_any(path, "certain", file.certain),
        spared=_any(path, "spared", file.spared),
        examples=tuple(file.examples),
        look_alikes=tuple(file.look_alikes),
    )


def _any(path: Path, entry: str, patterns: list[str]) -> re.Pattern[str] | None:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ConfigurationFault(
                f"{path}: {entry}: {pattern!r} is no regular expression ({error}); mend it"
            ) from error
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None


def _fast(pattern: re.Pattern[str] | None) -> re.Pattern[str] | None:
    """Guard what is searched for in every message; which alternative is found first does not matter there."""
    return re.compile(guarded(pattern.pattern)) if pattern else None


def _refuse_shared_examples(intents: list[Intent], folder: Path) -> None:
    owner: dict[str, str] = {}
    for intent in intents:
        for example in intent.examples:
            other = owner.setdefault(example, intent.name)
            if other != intent.name:
                raise ConfigurationFault(
                    f"{folder / intent.name}.yaml: examples: {example!r} also stands in {other}.yaml; keep one"
                )
