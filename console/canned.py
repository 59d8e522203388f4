"""What managers say often, kept as data beside this module, with slots filled in from the conversation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.yaml_files import read_yaml

_SLOT = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, kw_only=True)
class Canned:
    """One of them. `keys` are words it is found by."""

    id: str
    title: str
    keys: tuple[str, ...]
    text: str


@lru_cache(maxsize=1)
def canned_replies() -> tuple[Canned, ...]:
    """Return all of them in their order."""
    rows = read_yaml(Path(__file__).parent / "canned.yaml")
    return tuple(Canned(id=row["id"], title=row["title"], keys=tuple(row["keys"]), text=row["text"]) for row in rows)


def filled(text: str, slots: Mapping[str, str]) -> str:
    """Return a text with its slots filled in, as far as they are known."""
    return _SLOT.sub(lambda slot: slots.get(slot[1]) or slot[0], text)
