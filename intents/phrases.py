"""Makes a message ready for matching, mends words that were misheard or misspelt, and matches concepts in it.

A concept is a set of regular expressions. Homophones are not left to them: a listed word is mended where its sound
stands in the text, and the concepts are then looked for in the text as typed and as mended.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from intents.guards import guarded, starts_of
from intents.normal import normalise, sound
from intents.pinyin import pinyin_dict
from intents.words import word_bounds

GAP = "[^,。!?;]{0,6}"
_CJK = ("\u4e00", "\u9fff")
# People type blanks for commas; a blank inside a word ("救 命") stands between single characters.
_BLANK_AS_COMMA = re.compile(r"(?<=[一-鿿]{2}) (?=[一-鿿]{2})")
_BLANK = re.compile(r"(?<![a-z0-9]) | (?![a-z0-9])")
# 快快快快快 says no more than 快快快, and long runs are what makes patterns slow.
_RUN = re.compile(r"(.)\1{3,}")
_CLAUSE_ENDS = ",。!?;\n"


def ready(message: str) -> str:
    """Return the message normalised: blanks between words as commas, other blanks gone, long runs of a mark cut."""
    return _RUN.sub(r"\1\1\1", _BLANK.sub("", _BLANK_AS_COMMA.sub(",", normalise(message))))


def clause(text: str, start: int, end: int) -> str:
    """Return the clause around characters `start` to `end`."""
    left = max(text.rfind(mark, 0, start) for mark in _CLAUSE_ENDS) + 1
    rights = [at for mark in _CLAUSE_ENDS if (at := text.find(mark, end)) >= 0]
    return text[left : min(rights, default=len(text))]


@cache
def _voices() -> dict[int, str]:
    """Return a table from each character to the first character of the same sound."""
    first: dict[str, str] = {}
    table: dict[int, str] = {}
    for code in sorted(pinyin_dict):
        character = chr(code)
        if _CJK[0] <= character <= _CJK[1]:
            table[code] = first.setdefault(sound(character), character)
    return table


class Mender:
    """Puts the right word where a misheard or misspelt one stands."""

    def __init__(self, heard: Iterable[str], mistaken: Mapping[str, Sequence[str]], kept: str) -> None:
        """`heard` are mended by sound, `mistaken` from listed forms; what matches `kept` is left alone."""
        voices = _voices()
        self._by_sound = {word.translate(voices): word for word in heard}
        self._heard = _any_of(self._by_sound)
        self._right = {wrong: right for right, forms in mistaken.items() for wrong in forms}
        self._wrong = _any_of(self._right)
        self._kept = re.compile(kept)

    def mend(self, text: str) -> str:
        """Return `text` with every misspelt word of the lists put right."""
        if self._kept.search(text):
            return self._wrong.sub(lambda match: self._right[match[0]], text)
        mended = self._wrong.sub(lambda match: self._right[match[0]], text)
        heard = mended.translate(_voices())
        misheard = [hit for hit in self._heard.finditer(heard) if self._by_sound[hit[0]] != mended[slice(*hit.span())]]
        if not misheard:
            return mended
        # What is cut out of a word is no word misheard: 建议书 speaks of no 遗书.
        bounds = word_bounds(mended)
        parts, last = [], 0
        for match in (hit for hit in misheard if bounds >= {*hit.span()}):
            parts += [mended[last : match.start()], self._by_sound[match[0]]]
            last = match.end()
        return "".join([*parts, mended[last:]])


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One concept found at characters `start` to `end`."""

    concept: str
    start: int
    end: int


class Phrases:
    """The patterns of one concept; in them `~` is a gap within a clause and `<name>` one of the named words."""

    def __init__(
        self, concept: str, patterns: Sequence[str], spared: str = "", *, words: Mapping[str, str] | None = None
    ) -> None:
        """Raises re.error for a pattern that is none."""
        self.concept = concept
        pattern = "|".join(patterns).replace("~", GAP)
        for name, alternatives in (words or {}).items():
            pattern = pattern.replace(f"<{name}>", f"(?:{alternatives})")
        self._pattern = re.compile(guarded(pattern))
        self.starts = starts_of(pattern)
        self._spared = re.compile(spared) if spared else None

    def find(self, text: str) -> list[Hit]:
        """Return the places where the concept stands, except in a clause with its look-alike."""
        return [
            Hit(concept=self.concept, start=match.start(), end=match.end())
            for match in self._pattern.finditer(text)
            if match.end() > match.start() and not self._is_spared(text, match)
        ]

    def _is_spared(self, text: str, match: re.Match[str]) -> bool:
        return bool(self._spared and self._spared.search(clause(text, *match.span())))


class PhraseBook:
    """Many concepts in tiers; sieves out those that cannot stand in a text by the characters it has."""

    def __init__(self, tiers: Mapping[str, Sequence[Phrases]]) -> None:
        # One bit a concept: a message has few characters, and there are many concepts.
        self._always = 0
        self._by_character: dict[str, int] = {}
        self._tiers: dict[str, list[tuple[int, Phrases]]] = {}
        bit = 1
        for tier, concepts in tiers.items():
            self._tiers[tier] = []
            for phrases in concepts:
                self._tiers[tier].append((bit, phrases))
                self._always |= bit if phrases.starts is None else 0
                for character in phrases.starts or ():
                    self._by_character[character] = self._by_character.get(character, 0) | bit
                bit <<= 1

    def sieve(self, text: str) -> int:
        """Return which concepts could stand in `text`: one bit each."""
        possible = self._always
        for character in text:
            possible |= self._by_character.get(character, 0)
        return possible

    def find(self, tier: str, text: str, sieve: int) -> Iterator[Hit]:
        """Yield the places of a tier's concepts that are in the sieve, concept after concept."""
        for bit, phrases in self._tiers[tier]:
            if bit & sieve:
                yield from phrases.find(text)
