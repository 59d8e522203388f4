"""Typing errors of our own making: homophones and look-alikes put into a question, the same ones in every run.

Never inside a product's name or a figure, never in Latin letters: what is damaged there is another question.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from intents.normal import sound

LOOK_ALIKES = Path(__file__).parent / "look_alikes.txt"

# GB 2312's first level is the 3,755 characters in common use; the second holds rare ones that nobody types by mistake.
_COMMON_ROWS = range(0xB0, 0xD8)
_CELLS = range(0xA1, 0xFF)

Others = Mapping[str, Sequence[str]]


@cache
def homophones() -> Others:
    """Return for each common character the others that sound alike, where toneless and careless speech is alike."""
    by_sound: dict[str, list[str]] = defaultdict(list)
    for character in _common():
        by_sound[sound(character)].append(character)
    return {character: [other for other in by_sound[sound(character)] if other != character] for character in _common()}


@cache
def look_alikes() -> Others:
    """Return for each character of our table the others that look alike."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in LOOK_ALIKES.read_text(encoding="utf-8").splitlines():
        for character in () if line.startswith("#") else line:
            found[character] += [other for other in line if other != character and other not in found[character]]
    return found


class Damage:
    """Puts a number of errors of one kind into texts."""

    def __init__(self, others: Others, *, spared: Iterable[str], errors: int = 2) -> None:
        """`spared` are the names in which nothing is changed."""
        self._others = others
        names = sorted({name for name in spared if name}, key=len, reverse=True)
        self._spared = re.compile("|".join(map(re.escape, names)) or r"(?!)", re.IGNORECASE)
        self._errors = errors

    def of(self, text: str, chance: random.Random) -> str | None:
        """Return `text` with the errors in it, or None when it has too few characters that can be mistaken."""
        kept = {at for name in self._spared.finditer(text) for at in range(*name.span())}
        places = [at for at, character in enumerate(text) if at not in kept and self._others.get(character)]
        if len(places) < self._errors:
            return None
        damaged = list(text)
        for at in chance.sample(places, self._errors):
            damaged[at] = chance.choice(self._others[text[at]])
        return "".join(damaged)


KINDS: Mapping[str, Callable[[], Others]] = {"homophones": homophones, "look-alikes": look_alikes}


@cache
def _common() -> tuple[str, ...]:
    codes = (bytes((row, cell)) for row in _COMMON_ROWS for cell in _CELLS)
    return tuple(character for code in codes if (character := code.decode("gb2312", "ignore")))
