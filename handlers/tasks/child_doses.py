"""Asks what is missing of doses that were told: which vaccine, which day, which year."""

from collections.abc import Mapping
from dataclasses import replace

from bot.forms import Form, Question
from care.vaccination.told import ToldDose, hear
from handlers.child_scene import child_of
from handlers.child_words import tell
from handlers.dose_answers import filled
from handlers.dose_beside import parted
from handlers.dose_gaps import Gap, first_gap
from handlers.dose_telling import GIVES_WAY_TO, MAY_ANSWER, Telling, gone_on, question
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind

_REPLY = "reply"
_ASKS_NAME = ("unknown", "which", "same_day")
_ASKS_DAY = ("day", "year", "before_birth", "future")


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    child = child_of(scene, task.about["child"])
    ask = question(scene, Telling.of(child, task.about)) if child else tell("ask_given_plain")
    asked = Question(
        slot=_REPLY, kind="text", ask=ask, short=tell("title_doses"), optional=True, longest=600, pattern=MAY_ANSWER
    )
    return Form(id="child_doses", version=1, title=tell("title_doses"), questions=(asked,))


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    child = child_of(scene, task.about["child"])
    if child is None:
        return Said(text=tell("nothing_recorded"), session=scene.session)
    telling, reply = Telling.of(child, task.about), answers.get(_REPLY)
    gap = first_gap(telling.doses, child, scene.today)
    if gap is None:
        return gone_on(scene, telling)
    words, beside = _parted(scene, telling, gap, reply)
    told = filled(telling.doses, gap, words, child, scene.today) if words is None or words else None
    if told is None and beside:
        return gone_on(scene, replace(telling, doses=(*telling.doses, *beside)))
    if told is None:
        return gone_on(scene, replace(telling, tries=telling.tries + 1))
    doses, left = told
    if gap.kind in _ASKS_NAME:
        beside = []  # the name answers the question
    is_stuck = [one.on for one in doses] == [one.on for one in telling.doses] and gap.kind in ("before_birth", "future")
    tries = telling.tries + 1 if is_stuck and not left else 0
    return gone_on(scene, replace(telling, doses=(*doses, *beside), left=(*telling.left, *left), tries=tries))


def _parted(scene: Scene, telling: Telling, gap: Gap, reply: str | None) -> tuple[str | None, list[ToldDose]]:
    """Return what of a reply answers the question, and the doses of further vaccines that it tells."""
    if reply is None:
        return None, []
    child = telling.child
    if gap.kind in _ASKS_DAY:
        words, more = parted(reply, [telling.doses[at] for at in gap.places], child, scene.today)
    else:
        told = hear(reply, birth=child.birth, today=scene.today).doses
        words, more = reply, [dose for dose in told if dose.products and dose.on]
    names = {dose.name for dose in telling.doses}
    return words, [dose for dose in more if dose.name not in names]


TASK = TaskKind(form=_form, done=_done, left="child_doses_left", gives_way_to=GIVES_WAY_TO)
