"""Finds known names in what people type: exactly, by sound, or with one wrong character.

A name stands for a thing (a product, a service, a drug); the router decides what follows from finding it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import ne

from intents.normal import compact, sounds
from intents.words import is_ordinary

_LONGEST = 16
_LONGEST_MISSPELT = 8  # longer ones are recognised by their parts and by what the scorers learned


@dataclass(frozen=True, kw_only=True)
class Found:
    """One name found in a text. `how` is exact | sound | shape; `start` and `end` are character positions."""

    thing: str
    name: str
    start: int
    end: int
    how: str

    @property
    def length(self) -> int:
        return self.end - self.start


class Lexicon:
    """An index of names; look-ups cost a few dictionary probes a character."""

    def __init__(self, names: Iterable[tuple[str, str]], *, fuzzy: bool = True, shortest_misspelt: int = 4) -> None:
        """`names` are (name, thing) pairs; a name may stand for several things.

        Names shorter than `shortest_misspelt` are not looked for with a wrong character: they could be anything.
        """
        self._shortest_misspelt = shortest_misspelt
        self._exact: dict[str, set[str]] = defaultdict(set)
        self._by_sound: dict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
        self._by_part: dict[tuple[int, bool, str], set[tuple[str, str]]] = defaultdict(set)
        for name, thing in names:
            self._add(compact(name), thing, fuzzy=fuzzy)
        self._lengths_by_start = _lengths_by_start(self._exact)
        self._lengths_by_sound = _lengths_by_start(self._by_sound)
        self._shapes = sorted({length for length, _, _ in self._by_part}, reverse=True)

    def _add(self, name: str, thing: str, *, fuzzy: bool) -> None:
        if not name or len(name) > _LONGEST:
            return
        self._exact[name].add(thing)
        if not fuzzy or len(name) < 2 or name.isascii():
            return
        self._by_sound[sounds(name)].add((name, thing))
        if self._shortest_misspelt <= len(name) <= _LONGEST_MISSPELT:
            half = len(name) // 2
            self._by_part[len(name), True, name[:half]].add((name, thing))
            self._by_part[len(name), False, name[half:]].add((name, thing))

    def find(self, text: str, *, fuzzy: bool = True) -> list[Found]:
        """Return the names in compact `text`, longest and surest first, without overlaps between different spans."""
        found = [*self._find_exact(text)]
        if fuzzy:
            found += self._find_by_sound(text)
            found += self._find_by_shape(text)
        return _without_overlaps(found)

    def _find_exact(self, text: str) -> Iterable[Found]:
        for start, character in enumerate(text):
            for length in self._lengths_by_start.get(character, ()):
                name = text[start : start + length]
                if name in self._exact and _whole_word(text, start, start + length):
                    for thing in self._exact[name]:
                        yield Found(thing=thing, name=name, start=start, end=start + length, how="exact")

    def _find_by_sound(self, text: str) -> Iterable[Found]:
        heard = sounds(text)
        for start, syllable in enumerate(heard):
            for length in self._lengths_by_sound.get(syllable, ()):
                end = start + length
                for name, thing in self._by_sound.get(heard[start:end], ()):
                    if name != text[start:end] and not is_ordinary(text[start:end]):
                        yield Found(thing=thing, name=name, start=start, end=end, how="sound")

    def _find_by_shape(self, text: str) -> Iterable[Found]:
        """A name with one wrong character still has one half right: look up the halves, then compare."""
        get = self._by_part.get
        for length in self._shapes:
            half = length // 2
            for start in range(len(text) - length + 1):
                end = start + length
                head = get((length, True, text[start : start + half]))
                tail = get((length, False, text[start + half : end]))
                if head is None and tail is None:
                    continue
                word = text[start:end]
                for name, thing in (head or set()) | (tail or set()):
                    if sum(map(ne, name, word)) == 1:
                        yield Found(thing=thing, name=name, start=start, end=end, how="shape")


def _lengths_by_start(names: Iterable[Sequence[str]]) -> dict[str, tuple[int, ...]]:
    """Return for each first character (or sound) the lengths of the names that begin with it."""
    lengths: dict[str, set[int]] = defaultdict(set)
    for name in names:
        lengths[name[0]].add(len(name))
    return {start: tuple(sorted(found)) for start, found in lengths.items()}


_SURENESS = {"exact": 0, "sound": 1, "shape": 2}


def _without_overlaps(found: list[Found]) -> list[Found]:
    """Keep the longest reading of each stretch; at equal length the surest. Ties of different things all stay."""
    ranked = sorted(found, key=lambda hit: (-(hit.length - 0.6 * _SURENESS[hit.how]), hit.start, hit.thing))
    kept: list[Found] = []
    for hit in ranked:
        rivals = [other for other in kept if hit.start < other.end and other.start < hit.end]
        if all((other.start, other.end, other.how) == (hit.start, hit.end, hit.how) for other in rivals):
            kept.append(hit)
    return kept


def _whole_word(text: str, start: int, end: int) -> bool:
    """A Latin name must not be cut out of a longer Latin word, nor a figure out of a longer one (car in cart)."""

    def joins(left: str, right: str) -> bool:
        letters = left.isascii() and right.isascii() and left.isalpha() and right.isalpha()
        return letters or (left.isdigit() and right.isdigit())

    before = start > 0 and joins(text[start - 1], text[start])
    after = end < len(text) and joins(text[end - 1], text[end])
    return not (before or after)
