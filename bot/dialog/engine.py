"""Runs a form: begins a dialog, takes one message at a time, says what comes next. Pure: now is an argument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.clock import in_china
from bot.dialog import endings, phases
from bot.dialog.filling import Filler
from bot.dialog.plan import collected
from bot.dialog.speech import Speech
from bot.dialog.state import Dialog
from bot.dialog.steps import Kind, Step
from bot.dialog.talk import Notices, Talk
from bot.dialog.versions import carried_over
from bot.dialog.wording import Wording, wording
from bot.forms import Form
from bot.slots import kinds
from bot.slots.reading import Chooser, Found, Scope
from bot.slots.said import Said

STALE = timedelta(minutes=30)
LONG_AGO = timedelta(hours=24)
EXPIRES = timedelta(days=7)


def _no_notices(answers: Mapping[str, Any]) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Engine:
    """Runs the dialogs of one form. `choosers` know hospitals ("hospital") and drugs ("drug")."""

    form: Form
    choosers: Mapping[str, Chooser] = field(default_factory=dict)
    notices: Notices = _no_notices
    texts: Wording = field(default_factory=wording)

    def begin(self, prefill: Mapping[str, Any] | None = None, *, now: datetime, text: str = "") -> Step:
        """Start a dialog with what is known (slot → value; what is not valid is asked), and with what surely answers
        questions in `text`, the message that asked for the form. Returns the first question, or the summary."""
        today = in_china(now).date()
        known = {
            slot: value
            for slot, value in (prefill or {}).items()
            if (question := self.form.question(slot)) and kinds.is_valid(question, value, today=today)
        }
        dialog = Dialog(
            form=self.form.id,
            version=self.form.version,
            began_at=now,
            touched_at=now,
            answers=known,
            given=tuple(known),
        )
        talk = self._talk(dialog, text, now)
        filled = talk.filler.harvest(talk.filler.filled(dialog, talk.said), None)
        return endings.onward(talk, filled)

    def take(
        self, dialog: Dialog, text: str, *, now: datetime, files: Sequence[str] = (), insist: bool = False
    ) -> Step:
        """Take one message: `text`, and `files` by their references. With `insist` free words are taken as the answer
        even if they look like a question or come after a long silence: the handler found nothing else in them."""
        dialog = self.current(dialog)
        quiet = now - dialog.touched_at
        talk = self._talk(dialog, text, now)
        if quiet >= EXPIRES:
            return Step(kind=Kind.EXPIRED, dialog=dialog, say=talk.speech.say("expired", title=self.form.title))
        stale = quiet >= STALE or dialog.is_paused
        talk = replace(
            talk,
            dialog=replace(dialog, touched_at=now, is_paused=False),
            insist=insist,
            is_stale=stale,
            is_long_ago=quiet >= LONG_AGO,
        )
        step = phases.with_files(talk, files) if files else phases.taken(talk)
        if talk.is_long_ago and step.kind in (Kind.ASKED, Kind.UNDERSTOOD_PARTLY):
            step = replace(step, say=f"{talk.speech.say('back_again', title=self.form.title)}\n{step.say}")
        return step

    def repeat(self, dialog: Dialog, *, now: datetime, briefly: bool = True) -> Step:
        """Remind of what is open after something else was told: the question, a waiting summary, what was offered."""
        talk = self._talk(self.current(dialog), "", now)
        return endings.again(talk, talk.dialog, briefly=briefly)

    def put(
        self,
        dialog: Dialog,
        slot: str,
        value: Any,
        *,
        now: datetime,
        label: str | None = None,
        echoed: Sequence[str] = (),
    ) -> Step:
        """Set an answer on the handler's own knowledge (another person, a drug looked up), and go on. `echoed`: keys
        taken before from the same message, to be told as noted."""
        talk = self._talk(self.current(dialog), "", now)
        item = talk.filler.item(talk.dialog, slot)
        if item is None or not kinds.is_valid(item.question, value, today=talk.speech.today):
            raise ValueError(f"{slot}: not asked by this form, or the value does not answer it")
        filled = replace(talk.filler.filled(talk.dialog, talk.said), echoed=tuple(echoed))
        return endings.onward(talk, talk.filler.put(filled, item, Found(value=value, label=label, span=(0, 0))))

    def current(self, dialog: Dialog) -> Dialog:
        """Return the dialog under this version of the form: answers that still hold are kept, nothing is lost.

        Raises ValueError for a dialog of another form.
        """
        if dialog.form != self.form.id:
            raise ValueError(f"a dialog of the form {dialog.form} cannot go on in {self.form.id}")
        return dialog if dialog.version == self.form.version else carried_over(dialog, self.form)

    def answers(self, dialog: Dialog) -> dict[str, Any]:
        """Return the answers that count: slot → value; a repeat group as group → list of rows."""
        return collected(self.form, self.current(dialog).answers)

    def labels(self, dialog: Dialog) -> dict[str, str]:
        """Return what people were shown for the answers that are codes, by slot: choices' labels, drugs' names."""
        current = self.current(dialog)
        labels = dict(current.labels)
        for question in self.form.questions:
            value = current.answers.get(question.slot)
            chosen = value if isinstance(value, list) else [value]
            if named := [choice.label for choice in question.choices if choice.id in chosen]:
                labels[question.slot] = "、".join(named)
        return labels

    def shown(self, dialog: Dialog, *, now: datetime, masked: bool = True) -> list[tuple[str, str]]:
        """Return (name, answer) as people read them, in the order of the form."""
        talk = self._talk(self.current(dialog), "", now)
        return [
            (item.short, talk.speech.value(item, talk.dialog, masked=masked))
            for item in talk.filler.numbered(talk.dialog)
        ]

    def shown_by_key(self, dialog: Dialog, *, now: datetime) -> dict[str, str]:
        """Return the answers as people read them, persons' numbers masked, by their keys."""
        talk = self._talk(self.current(dialog), "", now)
        return {item.key: talk.speech.value(item, talk.dialog) for item in talk.filler.numbered(talk.dialog)}

    def _talk(self, dialog: Dialog, text: str, now: datetime) -> Talk:
        today = in_china(now).date()
        filler = Filler(form=self.form, scope=Scope(today=today, choosers=self.choosers))
        speech = Speech(form=self.form, texts=self.texts, today=today)
        return Talk(
            form=self.form,
            notices=self.notices,
            dialog=dialog,
            said=Said.of(text),
            now=now,
            filler=filler,
            speech=speech,
        )
