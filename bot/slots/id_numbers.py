"""Resident identity numbers (GB 11643-1999): length, birth date, check digit. The area code is not checked."""

import re
from datetime import date

from bot.slots.numerals import digits
from bot.slots.reading import Found, Problem, Reading
from bot.slots.said import Said

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_NUMBER = re.compile(r"(?<![\d])\d(?:[\s\-]?\d){16}[\s\-]?[\dx×*](?![\da-z])")
_RUN = re.compile(r"(?<![\d])\d(?:[\s\-]?[\dx×*]){9,24}")


def fault_of(number: str, *, today: date) -> str | None:
    """Return what is wrong with a number of any length: length | birth | check, or None when it is right."""
    if not re.fullmatch(r"\d{17}[\dX]", number, re.ASCII):
        return "length"
    if (born := birth_of(number)) is None or not date(1900, 1, 1) <= born <= today:
        return "birth"
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return None if _CHECK[total % 11] == number[17] else "check"


def birth_of(number: str) -> date | None:
    """Return the birth date written in a number of 18 characters, or None where that is no date."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def find(said: Said, *, today: date) -> list[Found]:
    """Return every right identity number, without blanks, X in upper case."""
    found = [(_clean(match.group()), match.span()) for match in _NUMBER.finditer(_spoken(said.plain))]
    return [Found(value=number, span=span) for number, span in found if fault_of(number, today=today) is None]


def read(said: Said, *, today: date) -> Reading | None:
    """Return the number an answer gives, or what is wrong with it."""
    found = find(said, today=today)
    if found:
        return found[0]
    run = _RUN.search(_spoken(said.plain))
    if run is None:
        return None
    number = _clean(run.group())
    fault = fault_of(number, today=today)
    return Problem(sentence=f"id_{fault}", span=run.span(), gaps={"count": str(len(number))})


def _clean(text: str) -> str:
    return re.sub(r"[\s\-]", "", text).replace("×", "X").replace("*", "X").upper()


def _spoken(text: str) -> str:
    return re.sub(r"[零〇○一二三四五六七八九幺\d\s\-]{17,}[x×*]?", lambda match: digits(match.group()), text)
