"""Asks what is right of a recorded dose: its day, its vaccine, or that it never was."""

from collections.abc import Mapping

from bot.forms import Form, Question
from care.child import Child, Dose
from handlers.child_scene import child_of
from handlers.child_words import dose_words, tell
from handlers.dose_telling import GIVES_WAY_TO, MAY_ANSWER
from handlers.requests.child_dose_wrong import put_right
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind

_REPLY = "reply"


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    child, dose = _meant(scene, task)
    ask = tell("correct_to", dose=dose_words(child, dose)) if child and dose else tell("correct_which")
    asked = Question(
        slot=_REPLY, kind="text", ask=ask, short=tell("title_doses"), optional=True, longest=200, pattern=MAY_ANSWER
    )
    return Form(id="child_dose_right", version=1, title=tell("title_doses"), questions=(asked,))


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    child, dose = _meant(scene, task)
    if child is None or dose is None or answers.get(_REPLY) is None:
        return Said(text=tell("nothing_changed"), session=scene.session)
    return put_right(scene, child, dose, str(answers[_REPLY]))


def _meant(scene: Scene, task: Task) -> tuple[Child | None, Dose | None]:
    child = child_of(scene, task.about["child"])
    doses = child.doses if child else ()
    return child, next((one for one in doses if one.id == task.about["dose"]), None)


TASK = TaskKind(form=_form, done=_done, left="kept", gives_way_to=GIVES_WAY_TO)
