"""Bank card numbers: 12 to 19 digits however they are spaced. No check digit: not every card in use follows Luhn."""

import re

from bot.slots.reading import Found, Problem, Reading
from bot.slots.said import Said

_NUMBER = re.compile(r"(?<![\d])\d(?:[\s\-]?\d){11,18}(?!\s?\d)")
_RUN = re.compile(r"\d(?:[\s\-]?\d){4,}")


def is_card(value: object) -> bool:
    """Whether a stored value is a card number, digits only."""
    return isinstance(value, str) and bool(re.fullmatch(r"[0-9]{12,19}", value))


def find(said: Said) -> list[Found]:
    """Return every number that is long enough for a card."""
    return [Found(value=re.sub(r"\D", "", match.group()), span=match.span()) for match in _NUMBER.finditer(said.plain)]


def read(said: Said) -> Reading | None:
    """Return the card number an answer gives, or what is wrong with it."""
    found = find(said)
    if found:
        return found[0]
    run = _RUN.search(said.plain)
    if run is None:
        return None
    count = len(re.sub(r"\D", "", run.group()))
    return Problem(sentence="card_length", span=run.span(), gaps={"count": str(count)})
