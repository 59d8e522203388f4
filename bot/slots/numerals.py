"""Chinese numerals as numbers: 十五, 二十, 廿五, 三百零二, 一万五, 二〇二六."""

import re

DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")}
DIGITS |= {"〇": 0, "○": 0, "两": 2, "俩": 2, "幺": 1}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_BIG = {"万": 10_000, "亿": 100_000_000}

# A numeral as people mix it; to be used inside larger patterns.
NUMERAL = r"(?:\d+|[零〇○一二两俩三四五六七八九十廿卅百]+)"


def whole(text: str) -> int | None:
    """Return the whole number a numeral means, or None: 25, 二十五, 廿五, 二〇二六, 三千五 (3500), 一万二 (12000)."""
    text = text.strip().replace("廿", "二十").replace("卅", "三十")
    if re.fullmatch(r"\d{1,15}", text, re.ASCII):
        return int(text)
    if not text or not set(text) <= {*DIGITS, *_UNITS, *_BIG}:
        return None
    if set(text) <= set(DIGITS):
        return int("".join(str(DIGITS[character]) for character in text)) if len(text) <= 15 else None
    return _composed(text)


def _composed(text: str) -> int | None:
    total = section = 0
    digit: int | None = None
    last = 1
    for character in text:
        if character in DIGITS:
            digit = DIGITS[character]
            last = 1 if digit == 0 else last
        elif character in _UNITS:
            last = _UNITS[character]
            section += (1 if digit is None else digit) * last
            digit = None
        else:
            last = _BIG[character]
            total = (total + section + (digit or 0)) * last
            section, digit = 0, None
    # 三千五 is 3500: a last digit right after a unit means the next smaller unit.
    tail = (digit or 0) * (last // 10 if last > 10 and digit else 1)
    return total + section + tail


def digits(text: str) -> str:
    """Return `text` with single Chinese digits as figures (一三八 → 138), one for one."""
    return "".join(str(DIGITS[character]) if character in DIGITS else character for character in text)
