"""Words that people mix in from elsewhere (borrowed.yaml), each read as the word that the handbooks' questions use."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml

FILE = Path(__file__).parent / "borrowed.yaml"
_PLAIN = re.compile(r"[a-z]+(?:[ -][a-z]+)*|[\u4e00-\u9fff\U00020000-\U0002ffff]+")

_Words = dict[StrictStr, StrictStr]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    regional: _Words = Field(min_length=1)
    cantonese: _Words = Field(min_length=1)
    english: _Words = Field(min_length=1)
    pinyin: _Words = Field(min_length=1)


@dataclass(frozen=True, kw_only=True)
class Borrowed:
    """The words as one pattern, and what each is read as."""

    pattern: re.Pattern[str]
    read_as: Mapping[str, str]

    def read(self, text: str) -> str:
        """Return `text` (lower case, simplified characters, single blanks) in the words of the handbooks."""
        return self.pattern.sub(lambda found: self.read_as[_joined(found[0])], text)


def load(path: Path = FILE) -> Borrowed:
    """Read the file. Raises ConfigurationFault naming file, entry and remedy."""
    try:
        file = _File.model_validate(read_yaml(path))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigurationFault(
            f"{path}: {error}; mend these entries (a word that YAML takes for yes or no stands in quotes)"
        ) from error
    words: dict[str, str] = {}
    for section, entries in file.model_dump().items():
        for word, read in entries.items():
            _check(path, section, word, read, words)
            words[word] = read
    longest_first = sorted(words, key=len, reverse=True)
    latin = "|".join(re.sub(r"[ -]", "[ -]?", word) for word in longest_first if word.isascii())
    other = [word for word in longest_first if not word.isascii()]
    # Most positions of most messages begin none of them: one look at the character says so.
    starts = "".join(sorted({word[0] for word in other}))
    pattern = rf"(?=[a-z])(?<![a-z0-9])(?:{latin})(?![a-z0-9])|(?=[{starts}])(?:{'|'.join(other)})"
    return Borrowed(pattern=re.compile(pattern), read_as={_joined(word): read for word, read in words.items()})


@cache
def shipped() -> Borrowed:
    """Return the words that are shipped, read once a process."""
    return load()


def _check(path: Path, section: str, word: str, read: str, known: Mapping[str, str]) -> None:
    place = f"{path}: {section}: {word!r}"
    if not _PLAIN.fullmatch(word):
        raise ConfigurationFault(
            f"{place} is never found: write small Latin letters or simplified characters, not both"
        )
    if not read.strip():
        raise ConfigurationFault(f"{place} is read as nothing; write the word that is meant")
    if _joined(word) in map(_joined, known):
        raise ConfigurationFault(f"{place} stands twice; keep one of the two")


def _joined(word: str) -> str:
    return word.replace(" ", "").replace("-", "")
