"""The circumstances of a sign of danger: history, a mere if, negation, an insurance question; and urgency."""

import re
from dataclasses import dataclass

from intents.phrases import clause

_SENTENCE_ENDS = "。!?;\n"
_PUNCTUATION = ",。!?;\n"
_CLOSE = 5  # the longest cue that stands directly before a sign
_SOON = 4  # characters after a sign in which "once" or "了" belongs to it


@dataclass(frozen=True, kw_only=True)
class Frames:
    """Compiled cues of catalogue/danger/frames.yaml."""

    hypothetical: re.Pattern[str]
    past: re.Pattern[str]
    happened_once: re.Pattern[str]
    over: re.Pattern[str]
    now: re.Pattern[str]
    plea: re.Pattern[str]
    insurance: re.Pattern[str]
    negated: re.Pattern[str]
    person: re.Pattern[str]
    hyperbole: re.Pattern[str]
    animal: re.Pattern[str]

    def around(self, seen: str) -> "Circumstances":
        """Read the circumstances of one message, once for all its signs."""
        return Circumstances(
            frames=self,
            seen=seen,
            supposed=tuple(match.start() for match in self.hypothetical.finditer(seen)),
            past=tuple(match.start() for match in self.past.finditer(seen)),
            now=tuple(match.start() for match in self.now.finditer(seen)),
            over=max((match.end() for match in self.over.finditer(seen)), default=0),
            plea=bool(self.plea.search(seen)),
            insurance=bool(self.insurance.search(seen)),
            nobody=not self.person.search(seen) and not any(end in seen.rstrip(_PUNCTUATION) for end in _PUNCTUATION),
        )


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """The cues of one message by position."""

    frames: Frames
    seen: str
    supposed: tuple[int, ...]
    past: tuple[int, ...]
    now: tuple[int, ...]
    over: int
    plea: bool
    insurance: bool
    nobody: bool  # one clause, and no person in it

    def takes_back(self, start: int, end: int, *, even_supposed: bool = False) -> str | None:
        """Return why the sign at `start` to `end` is no present danger, or None."""
        if not even_supposed and self._reaches(self.supposed, start, end, _SENTENCE_ENDS):
            return "only supposed"
        if self._reaches(self.past, start, end, _PUNCTUATION) or self._once(end):
            return "history"
        if end <= self.over:
            return "over"
        if self._directly_before(start, self.frames.negated):
            return "negated"
        if self._directly_before(start, self.frames.hyperbole):
            return "a manner of speaking"
        if self.frames.animal.search(self.seen):
            return "an animal"
        if self.nobody and self.insurance and not self.now and not self.plea:
            return "a word in an insurance question"
        return None

    def is_happening(self, start: int, end: int) -> bool:
        """Whether words in the sign's clause say that it is happening now."""
        around = clause(self.seen, start, end)
        return bool(self.frames.now.search(around)) or "了" in self.seen[end : end + 2]

    def _reaches(self, cues: tuple[int, ...], start: int, end: int, stops: str) -> bool:
        """Whether a cue before (or within) the sign governs it: no stop and no `now` stands between."""
        for cue in cues:
            if cue >= end:
                break
            between = self.seen[cue:start]
            if any(stop in between for stop in stops) or any(cue < now < start for now in self.now):
                continue
            return True
        return False

    def _once(self, end: int) -> bool:
        found = self.frames.happened_once.search(self.seen, end, end + _SOON)
        return bool(found and found.start() <= end + 1)

    def _directly_before(self, start: int, cue: re.Pattern[str]) -> bool:
        before = self.seen[max(0, start - _CLOSE) : start]
        return any(match.end() == len(before) for match in cue.finditer(before))
