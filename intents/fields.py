"""Word fields: which topics a message touches, as marks for the learned score. Names only, no judgement."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

# Telephone, card and policy numbers, as figures or spoken: 40 in the middle of one is no fever, 84 no poison.
_NUMBERS = re.compile(r"(?!120(?!\d))\d{3,}|\d(?:[\s\-]?\d){4,}|[零〇○幺一二三四五六七八九]{5,}")


class Fields:
    """Finds the fields of a text by their words; costs a few dictionary probes a character."""

    def __init__(self, telling: Mapping[str, str], around: Mapping[str, str], masking: Iterable[str] = ()) -> None:
        """Both hold the words of each field, separated by blanks; only `telling` fields speak of danger.

        Characters in words of `masking` fields are not read again for other fields.
        """
        self.telling = frozenset(telling)
        self._fields: dict[str, list[str]] = defaultdict(list)
        for field, listed in {**telling, **around}.items():
            for word in listed.split():
                self._fields[word.lower()].append(field)
        lengths: dict[str, set[int]] = defaultdict(set)
        for word in self._fields:
            lengths[word[0]].add(len(word))
        self._lengths_by_start = {character: tuple(sorted(found)) for character, found in lengths.items()}
        self._masks = {word: field for word, fields in self._fields.items() for field in fields if field in {*masking}}
        self._mask = re.compile("|".join(map(re.escape, sorted(self._masks, key=len, reverse=True))) or r"(?!)")

    def of(self, text: str) -> list[str]:
        """Return the names of the fields that `text` touches, sorted."""
        found: set[str] = set()

        def cover(match: re.Match[str]) -> str:
            found.add(self._masks[match[0]])
            return " " * len(match[0])

        rest = self._mask.sub(cover, _NUMBERS.sub(lambda number: " " * len(number[0]), text))
        for start, character in enumerate(rest):
            for length in self._lengths_by_start.get(character, ()):
                found.update(self._fields.get(rest[start : start + length], ()))
        return sorted(found)


def marks(fields: Sequence[str]) -> tuple[str, ...]:
    """Return the fields and every two of them that stand together."""
    return (*fields, *(f"{one} × {other}" for one, other in combinations(fields, 2)))
