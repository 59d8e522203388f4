"""Asks what is missing of doses that were told: which vaccine, which day, which year."""

from collections.abc import Mapping
from dataclasses import replace

from bot.forms import Form, Question
from care.vaccination.told import hear
from handlers.child_scene import child_of
from handlers.child_words import tell
from handlers.dose_answers import filled
from handlers.dose_gaps import first_gap
from handlers.dose_telling import GIVES_WAY_TO, MAY_ANSWER, Telling, gone_on, question
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind

_REPLY = "reply"


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
    told = filled(telling.doses, gap, reply, child, scene.today)
    names = {dose.name for dose in telling.doses}
    more = [dose for dose in hear(str(reply or ""), birth=child.birth, today=scene.today).doses if dose.on]
    beside = [dose for dose in more if dose.products and dose.name not in names]
    if told is None and beside:
        return gone_on(scene, replace(telling, doses=(*telling.doses, *beside)))
    if told is None:
        return gone_on(scene, replace(telling, tries=telling.tries + 1))
    doses, left = told
    if gap.kind in ("unknown", "which", "same_day"):
        beside = []  # the name answers the question
    is_stuck = [one.on for one in doses] == [one.on for one in telling.doses] and gap.kind in ("before_birth", "future")
    tries = telling.tries + 1 if is_stuck and not left else 0
    return gone_on(scene, replace(telling, doses=(*doses, *beside), left=(*telling.left, *left), tries=tries))


TASK = TaskKind(form=_form, done=_done, left="child_doses_left", gives_way_to=GIVES_WAY_TO)
