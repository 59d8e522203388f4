"""Loads the assistant's own sentences (wording.yaml) and fills them in."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml

WORDING = Path(__file__).parent / "wording.yaml"


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = read_yaml(WORDING)
    return texts


def say(name: str, /, **values: str) -> str:
    """Return the sentence `name` with its gaps filled. Raises ConfigurationFault for an unknown sentence or gap."""
    try:
        template: str = _texts()[name]
        return template.replace("\\n", "\n").format(**values)
    except KeyError as error:
        raise ConfigurationFault(f"{WORDING}: entry {name!r} lacks {error}; add it") from error


def kind_name(kind: str) -> str | None:
    """Return how people call a kind of message (image → 图片), or None when there is no word for it."""
    name: str | None = _texts()["kinds"].get(kind)
    return name


def has(name: str) -> bool:
    """Return whether there is a sentence of this name."""
    return name in _texts()
