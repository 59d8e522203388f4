"""Remembers for a while what was made of a text. People ask the same things in the same words, and menus always do."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

V = TypeVar("V")

_MOST = 1024  # texts
_LONGEST = 40  # characters; longer ones are hardly asked twice, and tell more of a person than memory should keep
_UNDER_WAY = 8  # long texts: several steps of one turn ask about the same one


def recalled(ask: Callable[[str], V]) -> Callable[[str], V]:
    """Return `ask`, whose answer hangs on the text alone, so that the same short text is worked out only once, and a
    long one once a turn."""
    known = lru_cache(maxsize=_MOST)(ask)
    under_way = lru_cache(maxsize=_UNDER_WAY)(ask)
    return lambda text: (known if len(text) <= _LONGEST else under_way)(text)
