"""Channels whose platform tells unionids: by them WeChat knows a person in all accounts that one owner has bound."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

MOST_AT_ONCE = 100  # both platforms take so many in one call


@runtime_checkable
class TellsUnionids(Protocol):
    """What such a channel does beside what every channel does."""

    def unionids(self, contacts: Sequence[str]) -> Mapping[str, str]:
        """Return the unionids of up to 100 contacts: "" for one who has none, nothing for one whom the platform does
        not speak of now. Raises RetryLater, GiveUp or ConfigurationFault.
        """


def read(lines: object, *, name: str) -> dict[str, str]:
    """Return unionids by the field `name` from the lines of a platform's answer, "" where there is none. Pure."""
    found: dict[str, str] = {}
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict) and isinstance(line.get(name), str):
            told = line.get("unionid")
            found[line[name]] = told if isinstance(told, str) else ""
    return found
