"""The day that somebody was reminded of has moved: their case gets the new one, and its reminders with it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.forms import Question, holds
from bot.slots import kinds
from bot.slots.reading import Found, Scope
from bot.slots.said import Said as Words
from care.case_records import Case
from care.deadlines import latest
from handlers import form_files
from handlers.case_words import day_words, until_words
from handlers.reminder_kind import sentence
from handlers.reminder_replies import case_of, changing_day, last_reminder, noting
from handlers.scene import Said, Scene
from handlers.wording import say
from knowledge.flow import Flow

# The day that each kind hangs on, by the slots that hold it.
_DAYS = {
    "admission": ("admitted_on", "admission_on", "wanted_on"),
    "pre_authorisation_due": ("planned_on", "admitted_on"),
    "discharge": ("discharged_on",),
    "appointment_cancellation": ("visit_on", "wanted_on"),
}
_BOOKED = frozenset({"booked", "rebooked"})
_REBOOKED = ("打过", "电话", "医院已", "已经改", "改好")


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Change the day, or ask for it; None where no day was reminded of: it is a question then."""
    last = last_reminder(scene)
    case = case_of(scene, last) if last is not None and last.kind in _DAYS else None
    flow = scene.flow(case.product, case.service) if case else None
    question = _question(flow, case, str(last.kind)) if last is not None and flow and case else None
    if last is None or case is None or flow is None or question is None:
        return None
    if last.kind == "appointment_cancellation" and case.step in _BOOKED and not _has_rebooked(scene.text):
        return _to_be_called(scene, flow, case)
    day = _day(question, scene)
    if day is None:
        return Said(text=say("reminder_moved_which"), session=scene.session)
    told = {"service": scene.service_name(case.product, case.service), "number": case.number}
    lines = [say("reminder_moved", short=question.short, day=day_words(day), **told)]
    if holds(flow.cancelling.when, case.answers) and case.step != flow.steps[0].id:
        lines.append(flow.cancelling.say)
    effects = (changing_day(scene, flow, case, question, day),)
    return Said(text="\n".join(line for line in lines if line), session=scene.session, effects=effects)


def _question(flow: Flow, case: Case, kind: str) -> Question | None:
    rule = flow.cancelling.lead_time
    slots = (*_DAYS[kind], *([rule.slot] if rule is not None else ()))
    slot = next((slot for slot in slots if case.answers.get(slot)), None)
    return (flow.form.question(slot) or form_files.form("told_later").question(slot)) if slot else None


def _has_rebooked(text: str) -> bool:
    return any(word in text for word in _REBOOKED)


def _day(question: Question, scene: Scene) -> date | None:
    found = kinds.read(question, Words.of(scene.text), Scope(today=scene.today))
    if not isinstance(found, Found) or not kinds.is_valid(question, found.value, today=scene.today):
        return None
    return date.fromisoformat(found.value)


def _to_be_called(scene: Scene, flow: Flow, case: Case) -> Said:
    """An appointment that stands is moved by telephone; who works on the case reads what is wished for."""
    rule = flow.cancelling.lead_time
    until = ""
    if rule is not None:
        last = latest(date.fromisoformat(str(case.answers[rule.slot])), rule, scene.house.calendar)
        until = until_words(last.at, "hours")
    text = sentence("appointment_moved", last=until)
    return Said(text=text, session=scene.session, effects=(noting(scene, case, scene.text.strip()),))
