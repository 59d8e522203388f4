"""Applies corrections to a dialog: finds which answer is meant, sets it, opens it again, or offers the several."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.dialog import corrections, naming
from bot.dialog.corrections import Correction
from bot.dialog.filling import Filled, Filler, is_small
from bot.dialog.plan import Item
from bot.dialog.state import Dialog, Pick
from bot.forms import Choice
from bot.slots import choices, kinds, yes_no
from bot.slots.reading import Found, Several
from bot.slots.said import TAKEN, Said, Span

# Kinds by whose values a correction without a name can be told.
_TELLING = frozenset({"date", "phone", "id_number", "card", "hospital", "choice", "number"})
# Kinds that 不是 answers.
_OFFERED = frozenset({"choice", "choices", "yes_no"})
# How a correction may begin that is no answer to 是……吗, and one that surely is none.
_WRONG = re.compile(r"[^,，]{0,6}(?:不对|错|口误|更正|纠正)")
_MISTAKEN = re.compile(r"错|口误|更正|纠正")


@dataclass(frozen=True, kw_only=True)
class Corrector:
    """Corrects the dialogs of one form."""

    filler: Filler

    def correct(self, filled: Filled, item: Item | None) -> Filled:
        """Return `filled` with every correction and named answer of the message. `item` is the open question."""
        can_be = [one for one in self.filler.plan(filled.dialog) if not one.is_more]
        for correction in corrections.read(filled.rest, can_be, self.filler.numbered(filled.dialog)):
            done = self._corrected(filled, correction, item)
            if done is not None:
                filled = done
        return filled

    def stated(self, filled: Filled) -> Filled:
        """Take a bare value said to the summary (25号): for the one question it can answer; else offer the several."""
        for kind in ("id_number", "card", "phone", "date", "hospital", "choice"):
            fitting: list[tuple[Item, Found]] = []
            for item in self.filler.numbered(filled.dialog):
                if item.question.kind == kind:
                    found = kinds.find(item.question, filled.rest, self.filler.scope, is_named=True)
                    fitting += [(item, one) for one in found[:1]]
            near = [naming.nearness(item, filled.rest, one.span) for item, one in fitting]
            fitting = [pair for pair, length in zip(fitting, near, strict=True) if length == max(near)]
            if len(fitting) == 1:
                item, one = fitting[0]
                return self.filler.put(replace(filled, rest=filled.rest.without(one.span)), item, one, echo=True)
            if fitting:
                picks = tuple(Pick(key=item.key, value=one.value, label=item.short) for item, one in fitting)
                return replace(filled, picks=picks)
        return filled

    def _corrected(self, filled: Filled, correction: Correction, item: Item | None) -> Filled | None:
        if not correction.items:
            return self._unnamed(filled, correction, item)
        if correction.value is None:
            if not is_small(filled.rest.without(correction.span)):
                return None
            return self._reopen(filled, correction, correction.items)
        fitting = [
            (one, done)
            for one in self._meant(filled, correction, item)
            if (done := self._set(filled, one, correction)) is not None
        ]
        good = [(one, done) for one, done in fitting if one.key in done.taken or done.picks]
        if len(good) == 1:
            return good[0][1]
        if len(good) > 1:
            return self._which(filled, correction, [one for one, _ in good])
        if fitting:
            return fitting[0][1]
        answered = [one for one in correction.items if one.key in filled.dialog.answers]
        return self._reopen(filled, correction, answered) if correction.is_explicit and answered else None

    def _meant(self, filled: Filled, correction: Correction, item: Item | None) -> tuple[Item, ...]:
        answered = tuple(one for one in correction.items if one.key in filled.dialog.answers)
        if correction.is_explicit and answered:
            return answered
        is_open = item is not None and item.key in [one.key for one in correction.items]
        return (item,) if item is not None and is_open else correction.items

    def _set(self, filled: Filled, item: Item, correction: Correction) -> Filled | None:
        if correction.value is None or item.question.kind == "files":
            return None
        start, end = correction.value
        if item.question.kind == "text":
            end = self._end_of_words(filled, end)
        elif item.question.kind == "choice":
            end = _end_of_name(filled.rest, (start, end), item.question.choices)
        done = self.filler.read_into(filled, item, filled.rest.part((start, end)), start, echo=True)
        if done is None:
            return None
        if item.key in done.taken and item.question.kind in kinds.LOOSE:
            return replace(done, rest=done.rest.without(correction.span))
        # What is left of the clause around a strict value says nothing more but may hold other values after it.
        return replace(done, rest=done.rest.without((correction.span[0], start)))

    def _end_of_words(self, filled: Filled, end: int) -> int:
        """Return where free words end: 病情是咳嗽三天，夜里重 goes on until a clause that speaks of something else."""
        plan = self.filler.plan(filled.dialog)
        for clause in filled.rest.clauses():
            part = filled.rest.part(clause)
            if clause[0] < end:
                continue
            others = self.filler.harvest(replace(filled, rest=part), None)
            if TAKEN in part.plain or naming.namings(part.plain, plan) or others.taken != filled.taken:
                break
            end = clause[1]
        return end

    def _unnamed(self, filled: Filled, correction: Correction, item: Item | None) -> Filled | None:
        """不对，是25号: which answer is meant is told by the value, by the former one, or by what came last."""
        is_open = item is not None and item.key not in filled.dialog.answers
        waiting = item if is_open else None
        if correction.value is None:
            return self._wordless(filled, correction, waiting)
        if waiting is not None and not correction.is_explicit and self._reads(waiting, filled.rest):
            return None
        latest = self._latest(filled.dialog)
        was = self._by_old_value(filled, correction, latest)
        if was is not None:
            return self._set(filled, was, correction)
        value = filled.rest.part(correction.value)
        fitting = [one for one in latest if self._fits(one, value, waiting)]
        if (
            waiting is not None
            and latest
            and not fitting
            and self._may_be_either(filled, correction, waiting, latest[0])
        ):
            return self._either(filled, correction, waiting, latest[0])
        if waiting is not None and self._answers(waiting, filled.rest, fitting, correction):
            return None
        if len(fitting) > 1 and fitting[0].key != latest[0].key:
            return self._which(filled, correction, fitting)
        if fitting:
            return self._set(filled, fitting[0], correction)
        is_words = waiting is None or waiting.question.kind in kinds.LOOSE or not self._reads(waiting, value)
        if latest and is_words and latest[0].question.kind in kinds.LOOSE:
            return self._set(filled, latest[0], correction)
        return self._set(filled, item, correction) if item is not None else None

    def _may_be_either(self, filled: Filled, correction: Correction, waiting: Item, last: Item) -> bool:
        """Whether 不对，是招商银行 could say no to the open question as well as mend the words given last."""
        is_told = last.question.kind in kinds.LOOSE and waiting.question.kind in _OFFERED
        if correction.value is None or yes_no.is_bare(filled.rest.plain[slice(*correction.value)]):
            return False
        return is_told and bool(_WRONG.match(_lead(filled, correction))) and self._reads(waiting, filled.rest)

    def _either(self, filled: Filled, correction: Correction, waiting: Item, last: Item) -> Filled | None:
        mended = self._set(filled, last, correction)
        if mended is None or last.key not in mended.taken or _MISTAKEN.search(_lead(filled, correction)):
            return mended
        answered = self.filler.read_into(filled, waiting, filled.rest, 0)
        if answered is None or waiting.key not in answered.taken:
            return mended
        values = ((last, mended), (waiting, answered))
        picks = tuple(Pick(key=one.key, value=done.dialog.answers[one.key], label=one.short) for one, done in values)
        return replace(filled, picks=picks, rest=filled.rest.without(correction.span))

    def _wordless(self, filled: Filled, correction: Correction, waiting: Item | None) -> Filled | None:
        if not is_small(filled.rest.without(correction.span)):
            return None
        if waiting is not None and waiting.question.kind in _OFFERED and self._reads(waiting, filled.rest):
            return None  # 不是 to "is it …?" is an answer
        return replace(filled, asks_which=True, rest=filled.rest.without(correction.span))

    def _latest(self, dialog: Dialog) -> list[Item]:
        """Return the answered questions, the last answered first."""
        by_key = {one.key: one for one in self.filler.numbered(dialog)}
        latest = [by_key[key] for key in reversed(dialog.trail) if key in by_key]
        return latest + [one for key, one in by_key.items() if key not in dialog.trail]

    def _fits(self, item: Item, value: Said, waiting: Item | None) -> bool:
        if item.question.kind not in _TELLING or not self._reads(item, value):
            return False
        words = value.plain.strip()
        if (
            item.question.kind == "choice"
            and yes_no.is_bare(words)
            and not choices.is_name(words, item.question.choices)
        ):
            return False  # 应该没有 changes no 医保 to 没有医保
        if waiting is None or waiting.question.kind not in kinds.LOOSE:
            return True
        # Free words are awaited: a choice or a figure must be all that is said.
        return item.question.kind != "number" and (
            item.question.kind != "choice" or choices.is_name(words, item.question.choices)
        )

    def _answers(self, waiting: Item, said: Said, fitting: Sequence[Item], correction: Correction) -> bool:
        """Whether the message rather answers the open question: 不是，是良性的."""
        kind = waiting.question.kind
        if kind in kinds.LOOSE:
            return correction.old is not None and not fitting
        if not self._reads(waiting, said):
            return False
        return (
            not fitting
            or fitting[0].question.kind in ("choice", "number")
            or kind == fitting[0].question.kind != "date"
        )

    def _reads(self, item: Item, said: Said) -> bool:
        if item.question.kind == "hospital":
            return bool(kinds.find(item.question, said, self.filler.scope))
        return isinstance(kinds.read(item.question, said, self.filler.scope), Found | Several)

    def _by_old_value(self, filled: Filled, correction: Correction, latest: Iterable[Item]) -> Item | None:
        if correction.old is None:
            return None
        old = filled.rest.part(correction.old)
        for one in latest:
            reading = kinds.read(one.question, old, self.filler.scope)
            if isinstance(reading, Found) and reading.value == filled.dialog.answers[one.key]:
                return one
        return None

    def _which(self, filled: Filled, correction: Correction, which: list[Item]) -> Filled:
        picks: list[Pick] = []
        for one in which:
            done = self._set(filled, one, correction)
            if done is not None and one.key in done.taken:
                picks.append(Pick(key=one.key, value=done.dialog.answers[one.key], label=one.short))
        return replace(filled, picks=tuple(picks), rest=filled.rest.without(correction.span))

    def _reopen(self, filled: Filled, correction: Correction, which: Iterable[Item]) -> Filled:
        chosen = list(which)
        rest = filled.rest.without(correction.span)
        if len(chosen) == 1:
            return replace(filled, reopened=chosen[0].key, rest=rest)
        picks = tuple(Pick(key=one.key, value=None, label=one.short) for one in chosen)
        return replace(filled, picks=picks, rest=rest)


def _lead(filled: Filled, correction: Correction) -> str:
    """Return what introduces a correction, up to its value."""
    end = correction.value[0] if correction.value else correction.span[1]
    return filled.rest.plain[correction.span[0] : end]


def _end_of_name(said: Said, span: Span, offered: Sequence[Choice]) -> int:
    """Return where a choice's name ends that has a comma in it: 付不了、付失败."""
    ends = [end for _, end in said.clauses() if end > span[1] and choices.is_name(said.plain[span[0] : end], offered)]
    return max(ends, default=span[1])
