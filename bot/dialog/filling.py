"""Takes values out of a message into a dialog: the open question's answer, further slots, corrections. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.dialog import corrections, naming
from bot.dialog.corrections import Correction
from bot.dialog.plan import Item, items
from bot.dialog.state import Dialog, Phase, Pick
from bot.forms import Form
from bot.slots import kinds
from bot.slots.reading import Found, Problem, Scope, Several
from bot.slots.said import TAKEN, Said, Span

# What may stand around a value without saying anything more.
_SMALL = re.compile(
    r"(?:[\s\x00,，。.!！?？:;；、~～()（）]|吧|了|啊|呀|哈|呢|哦|嗯|的|是|就|那|在|去|到|我|想|要|选|可以|吗|行|好|么|应该|大概|左右|可能|看|办|给|请|谢谢|您好|你好)*"
)
_SMALL_WORDS = re.compile(_SMALL.pattern.removesuffix("*"))
_CLOCK = re.compile(
    r"[上下中]午|早上|早晨|晚上|傍晚|凌晨|[\d一二三四五六七八九十两]+[点时:](?:[\d一二三四五六七八九十]+分?|半)?"
)
# So many characters may be left around a value before it is doubted.
_LITTLE = 3
# Kinds that a correction without a name can be told by.
_TELLING = frozenset({"date", "phone", "id_number", "card", "hospital", "choice", "number"})


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What was taken from a message. `rest` is what is left of it.

    `trouble`: a value that was meant for `trouble_key` but not taken. `reopened`: the key to ask again.
    `changed`: keys that had another value before.
    """

    dialog: Dialog
    rest: Said
    taken: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    echoed: tuple[str, ...] = ()
    trouble: Problem | None = None
    trouble_key: str | None = None
    reopened: str | None = None
    picks: tuple[Pick, ...] = ()
    asks_which: bool = False


@dataclass(frozen=True, kw_only=True)
class Filler:
    """Fills the dialogs of one form. `scope` holds today and who knows hospitals and drugs."""

    form: Form
    scope: Scope

    def plan(self, dialog: Dialog) -> list[Item]:
        """Return the questions asked under the dialog's answers."""
        return items(self.form, dialog.answers)

    def item(self, dialog: Dialog, key: str | None) -> Item | None:
        """Return the question with a key, if it is asked."""
        return next((item for item in self.plan(dialog) if item.key == key), None)

    def numbered(self, dialog: Dialog) -> list[Item]:
        """Return the answered questions as the summary numbers them."""
        return [item for item in self.plan(dialog) if item.key in dialog.answers and not item.is_more]

    # One value

    def put(self, filled: Filled, item: Item, found: Found, *, echo: bool = False) -> Filled:
        """Return `filled` with a value more."""
        dialog = filled.dialog
        had = item.key in dialog.answers and dialog.answers[item.key] != found.value
        labels = {key: label for key, label in dialog.labels.items() if key != item.key}
        if found.label is not None:
            labels[item.key] = found.label
        after = replace(
            dialog,
            answers={**dialog.answers, item.key: found.value},
            labels=labels,
            trail=dialog.trail if item.key in dialog.trail else (*dialog.trail, item.key),
            skipped=tuple(key for key in dialog.skipped if key != item.key),
        )
        return replace(
            filled,
            dialog=after,
            taken=(*filled.taken, item.key),
            changed=(*filled.changed, item.key) if had else filled.changed,
            echoed=(*filled.echoed, item.key) if echo or had or found.is_computed else filled.echoed,
        )

    def read_into(self, filled: Filled, item: Item, said: Said, at: int, *, echo: bool = False) -> Filled | None:
        """Read a part of the message that begins at `at` as the answer to a question; None when it is none."""
        reading = kinds.read(item.question, said, self.scope)
        if reading is None:
            return None
        span = (at + reading.span[0], at + reading.span[1])
        filled = replace(filled, rest=filled.rest.without(span))
        if isinstance(reading, Found):
            return self.put(filled, item, reading, echo=echo)
        if isinstance(reading, Problem):
            return replace(filled, trouble=reading, trouble_key=item.key)
        picks = tuple(Pick(key=item.key, value=one.value, label=one.label) for one in reading.options)
        return replace(filled, picks=picks, trouble_key=item.key)

    # The open question

    def answer(self, filled: Filled, item: Item, *, is_loose: bool = True) -> Filled:
        """Return `filled` with the open question's answer, if the message holds one; then with what else it holds.

        `is_loose` False: free words are not believed to be an answer.
        """
        filled = self._rivals_first(filled, item)
        kind = item.question.kind
        if kind not in kinds.LOOSE:
            done = self.read_into(filled, item, filled.rest, 0)
            done = done if done is None or self._is_meant(filled, item, done) else None
            return self.harvest(done or filled, item.key)
        if kind == "text":
            return self._free_text(filled, item) if is_loose else self.harvest(filled, item.key)
        if kind == "hospital":
            sure = kinds.find(item.question, filled.rest, self.scope)
            if sure or is_loose:
                done = self._by_clause(filled if sure else self.harvest(filled, item.key), item)
                return self.harvest(done, item.key)
        if kind == "name" and is_loose:
            return self.harvest(self._by_clause(filled, item), item.key)
        if kind == "drug" and is_loose:
            return self._by_clause(self.harvest(filled, item.key), item)
        return self.harvest(filled, item.key)

    def _is_meant(self, filled: Filled, item: Item, done: Filled) -> bool:
        """Whether a word like 今天 or a figure like 11.25 is meant as the day asked for: 今天天气不错 is not."""
        if item.question.kind != "date" or item.key not in done.taken:
            return True
        span = next((at, end) for at, end in _gaps(filled.rest, done.rest))
        if span in [found.span for found in kinds.find(item.question, filled.rest, self.scope)]:
            return True
        around = done.rest.part(filled.rest.clause_of(span)).plain
        left = _SMALL_WORDS.sub("", _CLOCK.sub("", around))
        return len(left) <= _LITTLE or naming.nearness(item, filled.rest, span) > 0

    def _by_clause(self, filled: Filled, item: Item) -> Filled:
        whole = self.read_into(filled, item, filled.rest, 0)
        if whole is not None and (item.key in whole.taken or whole.picks):
            return whole
        best = whole
        for start, end in filled.rest.clauses():
            part = filled.rest.part((start, end))
            done = self.read_into(filled, item, part, start) if part else None
            if done is not None and (item.key in done.taken or done.picks):
                return done
            best = best or done
        return best or filled

    def _free_text(self, filled: Filled, item: Item) -> Filled:
        clauses = filled.rest.clauses()
        if len(clauses) > 1:
            # 肺炎，明天住院，在儿科医院: clauses that belong to other questions are not part of the words.
            others = self.harvest(filled, item.key, but_choices=True)
            left = [span for span in clauses if not self._says_no_more(others, others.rest.part(span))]
            if 0 < len(left) < len(clauses):
                words = "，".join(filled.rest.part(span).typed.strip() for span in left)
                reading = kinds.read(item.question, Said.of(words), self.scope)
                if isinstance(reading, Found):
                    return self.put(
                        replace(others, rest=others.rest.without((0, len(others.rest.plain)))), item, reading
                    )
        return self.read_into(filled, item, filled.rest, 0) or self.harvest(filled, item.key)

    def _says_no_more(self, filled: Filled, part: Said) -> bool:
        text = part.plain
        for one in self.plan(filled.dialog):
            if one.key in filled.taken:
                for cue in sorted(naming.all_names(one), key=len, reverse=True):
                    text = text.replace(cue, "")
        return TAKEN in text and bool(_SMALL.fullmatch(text))

    def _rivals_first(self, filled: Filled, item: Item) -> Filled:
        """Give values beside another question's name to that question: 25号住院 is no day of a diagnosis."""
        for other in self.plan(filled.dialog):
            if other.key == item.key or other.question.kind != item.question.kind:
                continue
            if other.question.kind not in ("date", "phone", "id_number", "hospital"):
                continue
            for found in kinds.find(other.question, filled.rest, self.scope, is_named=True):
                near = naming.nearness(other, filled.rest, found.span)
                if near > naming.nearness(item, filled.rest, found.span):
                    filled = self.put(replace(filled, rest=filled.rest.without(found.span)), other, found, echo=True)
                    break
        return filled

    # Further slots

    def harvest(self, filled: Filled, open_key: str | None, *, but_choices: bool = False) -> Filled:
        """Take what surely answers other unanswered questions: days, numbers, hospitals by name, choices by label.

        Where two questions could be meant, only a word for one of them beside the value decides.
        """
        seen: set[str] = set()
        while True:
            item = next(
                (
                    one
                    for one in self.plan(filled.dialog)
                    if one.key not in seen
                    and one.key not in filled.dialog.answers
                    and one.key != open_key
                    and one.question.kind in (kinds.STRICT | {"card"})
                    and not (but_choices and one.question.kind == "choice")
                ),
                None,
            )
            if item is None:
                return filled
            seen.add(item.key)
            found = self._surely(filled, item)
            if found is not None:
                filled = self.put(replace(filled, rest=filled.rest.without(found.span)), item, found, echo=True)

    def _surely(self, filled: Filled, item: Item) -> Found | None:
        said, question = filled.rest, item.question
        plainly = {found.span for found in kinds.find(question, said, self.scope)}
        for found in kinds.find(question, said, self.scope, is_named=True):
            near = naming.nearness(item, said, found.span)
            rivals = [
                one
                for one in self.plan(filled.dialog)
                if one.key not in (item.key, *filled.taken) and one.question.kind == question.kind
            ]
            nearest = max((naming.nearness(one, said, found.span) for one in rivals), default=0)
            if near > nearest or (
                found.span in plainly and nearest == 0 and not any(self._takes(one, filled, found) for one in rivals)
            ):
                return found
        return None

    def _takes(self, item: Item, filled: Filled, found: Found) -> bool:
        """Whether a value could as well answer another question (within its bounds)."""
        return found.span in [one.span for one in kinds.find(item.question, filled.rest, self.scope, is_named=True)]

    # Corrections

    def correct(self, filled: Filled, item: Item | None) -> Filled:
        """Return `filled` with every correction and named answer of the message. `item` is the open question."""
        can_be = [one for one in self.plan(filled.dialog) if not one.is_more]
        for correction in corrections.read(filled.rest, can_be, self.numbered(filled.dialog)):
            done = self._corrected(filled, correction, item)
            if done is not None:
                filled = done
        return filled

    def stated(self, filled: Filled) -> Filled:
        """Take a bare value said to the summary (25号): for the one question it can answer; else offer the several."""
        for kind in ("id_number", "card", "phone", "date", "hospital", "choice"):
            fitting: list[tuple[Item, Found]] = []
            for item in self.numbered(filled.dialog):
                if item.question.kind == kind:
                    found = kinds.find(item.question, filled.rest, self.scope, is_named=True)
                    fitting += [(item, one) for one in found[:1]]
            near = [naming.nearness(item, filled.rest, one.span) for item, one in fitting]
            fitting = [pair for pair, length in zip(fitting, near, strict=True) if length == max(near)]
            if len(fitting) == 1:
                item, one = fitting[0]
                return self.put(replace(filled, rest=filled.rest.without(one.span)), item, one, echo=True)
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
        done = self.read_into(filled, item, filled.rest.part((start, end)), start, echo=True)
        if done is None:
            return None
        if item.key in done.taken and item.question.kind in kinds.LOOSE:
            return replace(done, rest=done.rest.without(correction.span))
        # What is left of the clause around a strict value says nothing more but may hold other values after it.
        return replace(done, rest=done.rest.without((correction.span[0], start)))

    def _unnamed(self, filled: Filled, correction: Correction, item: Item | None) -> Filled | None:
        dialog = filled.dialog
        if correction.value is None:
            is_answer = item is not None and item.key not in dialog.answers and self._reads(item, filled.rest)
            if is_small(filled.rest.without(correction.span)) and not (
                is_answer and item is not None and item.question.kind in ("choice", "choices", "yes_no")
            ):
                return replace(filled, asks_which=True, rest=filled.rest.without(correction.span))
            return None
        by_key = {one.key: one for one in self.plan(dialog) if not one.is_more}
        latest = [by_key[key] for key in reversed(dialog.trail) if key in by_key and key in dialog.answers]
        latest += [one for one in self.numbered(dialog) if one.key not in dialog.trail]
        if correction.old is not None:
            was = self._by_old_value(filled, correction, latest)
            if was is not None:
                return self._set(filled, was, correction)
        value = filled.rest.part(correction.value)
        fitting = [one for one in latest if one.question.kind in _TELLING and self._reads(one, value)]
        if (
            item is not None
            and item.key not in dialog.answers
            and self._reads(item, filled.rest)
            and (
                not fitting
                or fitting[0].question.kind in ("choice", "number")
                or item.question.kind == fitting[0].question.kind != "date"
            )
        ):
            return None  # it answers the open question: 不是，是良性的
        if len(fitting) > 1 and fitting[0].key != (latest[0].key if latest else None):
            return self._which(filled, correction, fitting)
        if fitting:
            return self._set(filled, fitting[0], correction)
        last = latest[0] if latest else None
        is_last = item is None or item.question.kind in kinds.LOOSE or not self._reads(item, value)
        if last is not None and is_last and last.question.kind in kinds.LOOSE and correction.old is None:
            return self._set(filled, last, correction)
        if item is not None:
            return self._set(filled, item, correction)
        return None

    def _reads(self, item: Item, said: Said) -> bool:
        if item.question.kind == "hospital":
            return bool(kinds.find(item.question, said, self.scope))
        return isinstance(kinds.read(item.question, said, self.scope), Found | Several)

    def _by_old_value(self, filled: Filled, correction: Correction, latest: Iterable[Item]) -> Item | None:
        if correction.old is None:
            return None
        old = filled.rest.part(correction.old)
        for one in latest:
            reading = kinds.read(one.question, old, self.scope)
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

    def filled(self, dialog: Dialog, said: Said) -> Filled:
        """Return the beginning of filling: nothing taken yet."""
        return Filled(
            dialog=replace(dialog, phase=Phase.ASKING if dialog.phase is Phase.PICKING else dialog.phase), rest=said
        )


def is_small(said: Said) -> bool:
    """Whether nothing is left but words that say nothing more."""
    return bool(_SMALL.fullmatch(said.plain))


def left_over(said: Said) -> int:
    """Return how many characters are left that say something."""
    return len(_SMALL_WORDS.sub("", _CLOCK.sub("", said.plain)))


def _gaps(before: Said, after: Said) -> list[Span]:
    """Return the spans that were taken out between two states of one message."""
    taken = "".join("1" if old != new else "0" for old, new in zip(before.plain, after.plain, strict=True))
    return [match.span() for match in re.finditer("1+", taken)] or [(0, 0)]
