"""Case numbers: dated as in China, short enough to read out, not to be guessed, tolerant of how people type them."""

import re
import secrets
import unicodedata
from datetime import datetime

from bot.clock import in_china

# Without 0 O, 1 I L and U: what people mix up (U with V) when they read a number out.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_DRAWN = 6
_NUMBER = re.compile(rf"(?<!\d)(20\d{{6}})[\s\-‐-―_]*([{_LETTERS}]{{{_DRAWN}}})(?![A-Z0-9])")


def fresh_number(now: datetime) -> str:
    """Draw a number such as 20261122-7K3Q9F; the date is China's."""
    return f"{in_china(now):%Y%m%d}-{drawn(_DRAWN)}"


def drawn(count: int) -> str:
    """Draw so many letters and figures that nobody mixes up."""
    return "".join(secrets.choice(_LETTERS) for _ in range(count))


def read_number(text: str) -> str | None:
    """Return the first case number in a text as it is stored, or None. Small and full-width letters are read too."""
    found = _NUMBER.search(unicodedata.normalize("NFKC", text).upper())
    return f"{found[1]}-{found[2]}" if found else None
