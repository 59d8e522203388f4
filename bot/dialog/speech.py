"""Puts a dialog's sentences together: questions with their choices, what was noted, the summary."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bot.dialog.plan import Item
from bot.dialog.state import Dialog
from bot.dialog.wording import Wording
from bot.forms import Form
from bot.slots import kinds

# A phone's screen: longer answers are cut in the summary (never in what is stored).
_LONGEST_SHOWN = 30


@dataclass(frozen=True, kw_only=True)
class Speech:
    """What is said about one form on one day."""

    form: Form
    texts: Wording
    today: date

    def say(self, name: str, **gaps: str) -> str:
        """Return a sentence by its name."""
        return self.texts.say(name, **gaps)

    def ask(self, item: Item, dialog: Dialog, *, briefly: bool = False) -> str:
        """Return a question with its numbered choices, its hint, and what it is answered by so far; a long question
        `briefly` where it was just read."""
        question = item.question
        ask = (briefly and question.again) or question.ask
        if question.choices:
            ask = self.say("ask_choices", ask=ask, choices=self.numbered(one.label for one in question.choices))
        if question.kind == "files":
            ask = self.say("ask_files", ask=ask)
        if question.hint:
            ask = self.say("ask_hint", ask=ask, hint=question.hint)
        if item.key in dialog.answers and question.kind != "files":
            return self.say("ask_kept", ask=ask, value=self.value(item, dialog))
        if question.optional and "跳过" not in ask:
            return self.say("ask_optional", ask=ask)
        return ask

    def numbered(self, labels: Iterable[str]) -> str:
        """Return lines numbered from 1."""
        lines = (self.say("choice_line", number=str(at), label=label) for at, label in enumerate(labels, start=1))
        return "\n".join(lines)

    def value(self, item: Item, dialog: Dialog, *, masked: bool = True) -> str:
        """Return an answer as people read it, numbers of persons by their last four."""
        labels = {item.question.slot: dialog.labels[item.key]} if item.key in dialog.labels else {}
        answer = dialog.answers[item.key]
        return kinds.shown(item.question, answer, today=self.today, labels=labels, masked=masked)

    def pairs(self, items: Sequence[Item], dialog: Dialog) -> str:
        """Return what was noted: 住院日期 11月25日（周三）、医院 儿科医院."""
        return "、".join(self.say("pair", short=item.short, value=_cut(self.value(item, dialog))) for item in items)

    def lines(self, items: Sequence[Item], dialog: Dialog) -> str:
        """Return the answers as numbered lines."""
        return "\n".join(
            self.say("summary_line", number=str(at), short=item.short, value=_cut(self.value(item, dialog)))
            for at, item in enumerate(items, start=1)
        )

    def summary(self, items: Sequence[Item], dialog: Dialog, notices: Sequence[str]) -> str:
        """Return the summary with what must be said before a yes, and how to say yes or change something."""
        return self.say(
            "summary",
            title=self.form.title,
            lines=self.lines(items, dialog),
            notices="".join(f"{notice}\n" for notice in notices),
            example=str(min(2, max(1, len(items)))),
        )


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
