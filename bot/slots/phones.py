"""Telephone numbers of mainland China: mobile numbers, and fixed lines with their area code."""

import re

from bot.slots.numerals import digits
from bot.slots.reading import Found, Problem, Reading
from bot.slots.said import Said

_MOBILE = re.compile(r"(?<![\d])(?:\+?\s?86|0086)?[\s\-—.]?(1(?:[\s\-—.]?\d){10})(?!\s?\d)(?!-\d)")
_FIXED = re.compile(r"(?<![\d])(?:\+?86[\s\-]?)?\(?(0(?:10|2\d|[3-9]\d{2}))\)?[\s\-—]?([2-8]\d{6,7})(?!\d)")
_RUN = re.compile(r"\d(?:[\s\-—.]?\d){4,16}")
_SPOKEN = re.compile(r"[零〇○一二三四五六七八九幺\d\s\-]{11,}")
_WHOLE = re.compile(r"1[3-9]\d{9}|0\d{9,11}")


def is_phone(value: object) -> bool:
    """Whether a stored value is a telephone number: eleven digits, or a fixed line with area code, digits only."""
    return isinstance(value, str) and bool(_WHOLE.fullmatch(value))


def find(said: Said) -> list[Found]:
    """Return every telephone number, as digits only."""
    text = _SPOKEN.sub(lambda match: digits(match.group()), said.plain)
    found = []
    for match in _MOBILE.finditer(text):
        number = re.sub(r"\D", "", match.group(1))
        if is_phone(number):
            found.append(Found(value=number, span=match.span()))
    for match in _FIXED.finditer(text):
        if not any(match.start() < one.span[1] and one.span[0] < match.end() for one in found):
            found.append(Found(value=match.group(1) + match.group(2), span=match.span()))
    return sorted(found, key=lambda one: one.span)


def read(said: Said) -> Reading | None:
    """Return the number an answer gives, or what is wrong with it."""
    found = find(said)
    if found:
        return found[0]
    run = _RUN.search(_SPOKEN.sub(lambda match: digits(match.group()), said.plain))
    if run is None:
        return None
    count = len(re.sub(r"\D", "", run.group()))
    if count == 11:
        return Problem(sentence="phone_unlikely", span=run.span())
    if count in (7, 8) and not run.group().startswith("1"):
        return Problem(sentence="phone_area", span=run.span())
    return Problem(sentence="phone_length", span=run.span(), gaps={"count": str(count)})
