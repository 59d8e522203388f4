"""Turns of phrase that show which attribute is asked for, or how a message hangs on the one before (cues.yaml)."""

import re
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml

CUES = Path(__file__).parent / "cues.yaml"


@dataclass(frozen=True, kw_only=True)
class Cues:
    """Compiled cues: one pattern an attribute, one a phrase."""

    attributes: dict[str, re.Pattern[str]]
    phrases: dict[str, re.Pattern[str]]

    def patterns(self) -> list[tuple[str, str]]:
        """Return every cue as it is written, by name."""
        compiled = [*self.attributes.items(), *self.phrases.items()]
        return [(name, pattern.pattern) for name, pattern in compiled]

    def attributes_in(self, text: str) -> frozenset[str]:
        """Return the attributes whose cues stand in compact `text`."""
        return frozenset(name for name, pattern in self.attributes.items() if pattern.search(text))


def load(path: Path = CUES) -> Cues:
    """Read and compile the cues. Raises ConfigurationFault naming file, entry and remedy."""
    content = read_yaml(path)
    return Cues(
        attributes={name: _compile(path, name, "|".join(cues)) for name, cues in content["attributes"].items()},
        phrases={name: _compile(path, name, cue) for name, cue in content["phrases"].items()},
    )


def _compile(path: Path, name: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigurationFault(f"{path}: entry {name!r} is no regular expression ({error}); mend it") from error
