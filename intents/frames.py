"""The circumstances of a sign of danger: history, a mere if, negation, an insurance question; and urgency."""

import re
from dataclasses import dataclass
from functools import cached_property

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
    sudden: re.Pattern[str]
    plea: re.Pattern[str]
    insurance: re.Pattern[str]
    negated: re.Pattern[str]
    others: re.Pattern[str]
    myself: re.Pattern[str]
    hyperbole: re.Pattern[str]
    exaggerated: re.Pattern[str]
    idiomatic: re.Pattern[str]
    scolded: re.Pattern[str]
    quoted: re.Pattern[str]
    animal: re.Pattern[str]

    def plainly(self, seen: str) -> str:
        """Return the message without its hyperboles, each with what it exaggerates to."""
        return self.exaggerated.sub("", seen)

    def around(self, seen: str) -> "Circumstances":
        """Return the circumstances of one message, for all its signs."""
        return Circumstances(frames=self, seen=seen)


@dataclass(frozen=True)
class Circumstances:
    """The cues of one message by position, each looked for when it is first asked for: most messages have no sign."""

    frames: Frames
    seen: str

    @cached_property
    def supposed(self) -> tuple[int, ...]:
        return _starts(self.frames.hypothetical, self.seen)

    @cached_property
    def past(self) -> tuple[int, ...]:
        return _starts(self.frames.past, self.seen)

    @cached_property
    def now(self) -> tuple[int, ...]:
        return _starts(self.frames.now, self.seen)

    @cached_property
    def sudden(self) -> tuple[int, ...]:
        return _starts(self.frames.sudden, self.seen)

    @cached_property
    def over(self) -> int:
        return max((match.end() for match in self.frames.over.finditer(self.seen)), default=0)

    @cached_property
    def plea(self) -> bool:
        return bool(self.frames.plea.search(self.seen))

    @cached_property
    def insurance(self) -> bool:
        return bool(self.frames.insurance.search(self.seen))

    @cached_property
    def others(self) -> bool:
        """Whether a person other than the writer is in it."""
        return bool(self.frames.others.search(self.seen))

    @cached_property
    def nobody(self) -> bool:
        """Whether no person is in it."""
        return not self.others and not self.frames.myself.search(self.seen)

    def takes_back(self, start: int, end: int, *, even_supposed: bool = False) -> str | None:
        """Return why the sign at `start` to `end` is no present danger, or None."""
        if not even_supposed and self._reaches(self.supposed, start, end, _SENTENCE_ENDS, self.now):
            return "only supposed"
        if self._reaches(self.past, start, end, _PUNCTUATION, (*self.now, *self.sudden)) or self._once(end):
            return "history"
        if start < self.over:
            return "over"
        if self._directly_before(start, self.frames.negated):
            return "negated"
        if self._directly_before(start, self.frames.hyperbole):
            return "a manner of speaking"
        if self.frames.animal.search(self.seen):
            return "an animal"
        if self.insurance and self._is_a_word(start, end, even_unsaid=even_supposed):
            return "a word in an insurance question"
        if not self.others and self.frames.idiomatic.search(self.seen[start:end]):
            return "a manner of scolding" if self.frames.scolded.search(self.seen) else None
        return None

    def is_happening(self, start: int, end: int) -> bool:
        """Whether words in the sign's clause say that it is happening now."""
        around = clause(self.seen, start, end)
        urgent = self.frames.now.search(around) or self.frames.sudden.search(around)
        return bool(urgent) or "了" in self.seen[end : end + 2]

    @property
    def is_calm(self) -> bool:
        """Whether the message as a whole speaks of covers, the past or mere ifs, and nothing in it is urgent."""
        return bool(self.insurance or self.supposed or self.past or self.over) and not (self.plea or self.now)

    def _is_a_word(self, start: int, end: int, *, even_unsaid: bool) -> bool:
        """Whether nobody is in danger in this message (unless that may be left unsaid), or the sign is only quoted."""
        if self.frames.quoted.search(self.seen[:start]):
            return True
        if even_unsaid:
            return False
        return self.nobody and not self.now and not self.plea and "了" not in self.seen[end - 1 : end + 1]

    def _reaches(self, cues: tuple[int, ...], start: int, end: int, stops: str, undone_by: tuple[int, ...]) -> bool:
        """Whether a cue before (or within) the sign governs it: no stop, nor what undoes it, stands between."""
        for cue in cues:
            if cue >= end:
                break
            between = self.seen[cue:start]
            if any(stop in between for stop in stops) or any(cue < now < start for now in undone_by):
                continue
            return True
        return False

    def _once(self, end: int) -> bool:
        found = self.frames.happened_once.search(self.seen, end, end + _SOON)
        return bool(found and found.start() <= end + 1)

    def _directly_before(self, start: int, cue: re.Pattern[str]) -> bool:
        before = self.seen[max(0, start - _CLOSE) : start]
        return any(match.end() == len(before) for match in cue.finditer(before))


def _starts(cue: re.Pattern[str], seen: str) -> tuple[int, ...]:
    return tuple(match.start() for match in cue.finditer(seen))
