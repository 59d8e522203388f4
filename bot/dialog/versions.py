"""Carries a dialog over to another version of its form: answers that still hold are kept, the others are put aside."""

from dataclasses import replace
from datetime import date

from bot.dialog.plan import items
from bot.dialog.state import Dialog, Phase
from bot.forms import Form, Question
from bot.slots import kinds


def carried_over(dialog: Dialog, form: Form) -> Dialog:
    """Return the dialog under `form`. Answers to slots that are gone, or of another kind now, go to `former`; one
    put aside earlier comes back when its slot is there again."""
    known = {**dialog.former, **dialog.answers}
    kept = {key: value for key, value in known.items() if _still_holds(key, value, form)}
    former = {key: value for key, value in known.items() if key not in kept}
    asked = {item.key for item in items(form, kept)}
    closed = {*kept, *dialog.skipped}
    is_open = dialog.asked in asked and dialog.phase is not Phase.CONFIRMING
    first = next((item.key for item in items(form, kept) if item.key not in closed), None)
    return replace(
        dialog,
        version=form.version,
        answers=kept,
        former=former,
        labels={key: label for key, label in dialog.labels.items() if key in kept},
        asked=dialog.asked if is_open else first,
        phase=_phase(dialog, first),
        before=Phase.ASKING if first else dialog.before,
        trail=tuple(key for key in dialog.trail if key in kept or key in dialog.skipped),
        picks=(),
    )


def _phase(dialog: Dialog, first: str | None) -> Phase:
    if dialog.phase in (Phase.LEAVING, Phase.RESTARTING):
        return dialog.phase
    return Phase.CONFIRMING if dialog.phase is Phase.CONFIRMING and first is None else Phase.ASKING


def _still_holds(key: str, value: object, form: Form) -> bool:
    if "+" in key:
        return any(question.group == key.split("+")[0] and question.more for question in form.questions)
    question = form.question(key.split("#")[0])
    return question is not None and kinds.is_valid(_unbounded(question), value, today=date.max)


def _unbounded(question: Question) -> Question:
    return question.model_copy(update={"earliest": None, "latest": None})
