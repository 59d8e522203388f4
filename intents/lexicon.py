"""Finds known names in what people type: exactly, by sound, or with one wrong character.

A name stands for a thing (a product, a service, a drug); the router decides what follows from finding it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import ne

from intents.normal import compact, sounds
from intents.words import is_ordinary, word_bounds

_LONGEST = 16
_CUT_OUT = 2  # characters of a name whose sound stands in many texts by chance
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

    def meets(self, other: "Found") -> bool:
        """Whether some character is of both."""
        return self.start < other.end and other.start < self.end


_Place = tuple[int, int, str]  # start, end, thing


class Lexicon:
    """An index of names; look-ups cost a few dictionary probes a character."""

    def __init__(self, names: Iterable[tuple[str, str]], *, fuzzy: bool = True, shortest_misspelt: int = 4) -> None:
        """`names` are (name, thing) pairs; a name may stand for several things.

        Names shorter than `shortest_misspelt` are not looked for with a wrong character: they could be anything.
        """
        self._shortest_misspelt = shortest_misspelt
        self._exact: dict[str, set[str]] = defaultdict(set)
        self._by_sound: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
        # Names by either half; and for the first two characters of a half what it could be the half of.
        self._by_part: dict[tuple[int, bool, str], list[tuple[str, str]]] = defaultdict(list)
        self._parts_by_start: dict[str, set[tuple[int, bool]]] = defaultdict(set)
        for name, thing in names:
            self._add(compact(name), thing, fuzzy=fuzzy)
        self._lengths_by_start = _lengths_by_start(self._exact)
        self._lengths_by_sound = _lengths_by_start(self._by_sound, characters=2)

    def _add(self, name: str, thing: str, *, fuzzy: bool) -> None:
        if not name or len(name) > _LONGEST:
            return
        self._exact[name].add(thing)
        if not fuzzy or len(name) < 2 or name.isascii():
            return
        self._by_sound[sounds(name)].setdefault(thing, name)
        if self._shortest_misspelt <= len(name) <= _LONGEST_MISSPELT:
            half = len(name) // 2
            for is_head, part in ((True, name[:half]), (False, name[half:])):
                self._by_part[len(name), is_head, part].append((name, thing))
                self._parts_by_start[part[:2]].add((len(name), is_head))

    def find(self, text: str, *, fuzzy: bool = True) -> list[Found]:
        """Return the names in compact `text`, longest and surest first, without overlaps between different spans."""
        found: dict[_Place, Found] = {}
        self._find_exact(text, found)
        if fuzzy:
            self._find_by_sound(text, found)
            self._find_by_shape(text, found)
        return _without_overlaps(found.values())

    # Each way of looking adds what the surer ways before it have not found at the same place.

    def _find_exact(self, text: str, found: dict[_Place, Found]) -> None:
        for start, character in enumerate(text):
            for length in self._lengths_by_start.get((character,), ()):
                end = start + length
                name = text[start:end]
                if name in self._exact and _whole_word(text, start, end):
                    for thing in self._exact[name]:
                        found[start, end, thing] = Found(thing=thing, name=name, start=start, end=end, how="exact")

    def _find_by_sound(self, text: str, found: dict[_Place, Found]) -> None:
        heard = sounds(text)
        for start, pair in enumerate(pairwise(heard)):
            for length in self._lengths_by_sound.get(pair, ()):
                end = start + length
                named = self._by_sound.get(heard[start:end], {})
                if not named or is_ordinary(text[start:end]) or not _may_be_misheard(text, start, end):
                    continue
                for thing, name in named.items():
                    if (start, end, thing) not in found:
                        found[start, end, thing] = Found(thing=thing, name=name, start=start, end=end, how="sound")

    def _find_by_shape(self, text: str, found: dict[_Place, Found]) -> None:
        """A name with one wrong character still has one half right: look up the halves, then compare."""
        parts = self._parts_by_start
        for at, character in enumerate(text):
            # The halves of the shortest names are a single character.
            for length, is_head in (*parts.get(text[at : at + 2], ()), *parts.get(character, ())):
                half = length // 2
                start = at if is_head else at - half
                end = start + length
                if start < 0 or end > len(text):
                    continue
                part = text[start : start + half] if is_head else text[start + half : end]
                for name, thing in self._by_part.get((length, is_head, part), ()):
                    if (start, end, thing) not in found and sum(map(ne, name, text[start:end])) == 1:
                        found[start, end, thing] = Found(thing=thing, name=name, start=start, end=end, how="shape")


def _lengths_by_start(names: Iterable[Sequence[str]], characters: int = 1) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Return for the first characters (or sounds) of names the lengths of those that begin so."""
    lengths: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for name in names:
        lengths[tuple(name[:characters])].add(len(name))
    return {start: tuple(sorted(found)) for start, found in lengths.items()}


_SURENESS = {"exact": 0, "sound": 1, "shape": 2}


def _without_overlaps(found: Iterable[Found]) -> list[Found]:
    """Keep the longest reading of each stretch; at equal length the surest. Ties of different things all stay."""
    ranked = sorted(found, key=lambda hit: (-(hit.length - 0.6 * _SURENESS[hit.how]), hit.start, hit.thing))
    kept: list[Found] = []
    for hit in ranked:
        rivals = [other for other in kept if hit.meets(other)]
        if all((other.start, other.end, other.how) == (hit.start, hit.end, hit.how) for other in rivals):
            kept.append(hit)
    return kept


def _may_be_misheard(text: str, start: int, end: int) -> bool:
    """Two characters that are cut out of other words are no name misheard: 几点|前 tells of no 垫钱."""
    return end - start > _CUT_OUT or word_bounds(text) >= {start, end}


def _whole_word(text: str, start: int, end: int) -> bool:
    """A Latin name must not be cut out of a longer Latin word, nor a figure out of a longer one (car in cart)."""

    def joins(left: str, right: str) -> bool:
        letters = left.isascii() and right.isascii() and left.isalpha() and right.isalpha()
        return letters or (left.isdigit() and right.isdigit())

    before = start > 0 and joins(text[start - 1], text[start])
    after = end < len(text) and joins(text[end - 1], text[end])
    return not (before or after)
