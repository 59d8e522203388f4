"""Takes values out of a message into a dialog: the open question's answer, then what else it surely says. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.dialog import commands, naming, questions
from bot.dialog.plan import Item, items
from bot.dialog.state import Dialog, Phase, Pick
from bot.forms import Form
from bot.slots import kinds
from bot.slots.reading import Found, Problem, Scope
from bot.slots.said import TAKEN, Said, Span, plain

# What may stand around a value without saying anything more.
_SMALL = re.compile(
    r"(?:[\s\x00,，。.!！?？:;；、~～()（）]|吧|了|啊|呀|哈|呢|哦|嗯|的|是|就|那个?|这个?|在|去|到|我|想|要|选|可以|吗|行|好|么|应该|大概|左右|可能|看|办|给|打|请|谢谢|您好|你好)*"
)
_SMALL_WORDS = re.compile(_SMALL.pattern.removesuffix("*"))
_CLOCK = re.compile(
    r"[上下中]午|早上|早晨|晚上|傍晚|凌晨|[\d一二三四五六七八九十两]+[点时:](?:[\d一二三四五六七八九十]+分?|半)?"
)
# So many characters may be left around a value before it is doubted.
_LITTLE = 3


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
                words = "，".join(filled.rest.part(span).typed.strip() for span in _runs(clauses, left))
                if commands.leaves_open(plain(words)) and not questions.invites(item.question, plain(words)):
                    return others
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
                if one.key not in (item.key, *filled.taken)
                and one.question.kind == question.kind
                # What is no choice of another question can't answer it, however near its name: 我妈淋巴瘤.
                and (question.kind != "choice" or self._takes(one, filled, found))
            ]
            if question.kind == "choice" and self._is_in_a_name(filled, item, found.span):
                continue
            nearest = max((naming.nearness(one, said, found.span) for one in rivals), default=0)
            if near > nearest or (
                found.span in plainly and nearest == 0 and not any(self._takes(one, filled, found) for one in rivals)
            ):
                return found
        return None

    def _is_in_a_name(self, filled: Filled, item: Item, span: Span) -> bool:
        """Whether a choice's name is but a part of another question's: 住院 in 希望住院日期."""
        others = [one for one in self.plan(filled.dialog) if one.key != item.key]
        return any(
            hit.span[0] <= span[0] and span[1] <= hit.span[1] and hit.span != span
            for hit in naming.namings(filled.rest.plain, others)
        )

    def _takes(self, item: Item, filled: Filled, found: Found) -> bool:
        """Whether a value could as well answer another question (within its bounds)."""
        return found.span in [one.span for one in kinds.find(item.question, filled.rest, self.scope, is_named=True)]

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


def _runs(clauses: Sequence[Span], left: Sequence[Span]) -> list[Span]:
    """Return the clauses that are left, neighbours in one, so that what stands between them stays as it was typed."""
    runs: list[Span] = []
    for before, span in zip([None, *clauses], clauses, strict=False):
        if span in left:
            is_next = bool(runs) and before in left
            runs = [*runs[:-1], (runs[-1][0], span[1])] if is_next else [*runs, span]
    return runs
