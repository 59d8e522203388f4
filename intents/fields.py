"""Word fields: which topics a message touches, as marks for the learned score. Names only, no judgement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations


class Fields:
    """Finds the fields of a text by their words; costs a few dictionary probes a character."""

    def __init__(self, telling: Mapping[str, str], around: Mapping[str, str]) -> None:
        """Both hold the words of each field, separated by blanks; only `telling` fields speak of danger."""
        self.telling = frozenset(telling)
        self._fields: dict[str, list[str]] = defaultdict(list)
        for field, listed in {**telling, **around}.items():
            for word in listed.split():
                self._fields[word.lower()].append(field)
        self._lengths = sorted({len(word) for word in self._fields})

    def of(self, text: str) -> list[str]:
        """Return the names of the fields that `text` touches, sorted."""
        known = self._fields
        found: set[str] = set()
        for length in self._lengths:
            for start in range(len(text) - length + 1):
                fields = known.get(text[start : start + length])
                if fields:
                    found.update(fields)
        return sorted(found)


def marks(fields: Sequence[str]) -> tuple[str, ...]:
    """Return the fields and every two of them that stand together."""
    return (*fields, *(f"{one} × {other}" for one, other in combinations(fields, 2)))
