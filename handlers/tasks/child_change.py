"""Asks what is to change in a child's profile."""

from collections.abc import Mapping

from bot.forms import Form, Question
from handlers.child_scene import child_of
from handlers.child_words import tell
from handlers.dose_telling import MAY_ANSWER
from handlers.requests.child_change import changed
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind

_REPLY = "reply"


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    ask, title = tell("change_ask"), tell("title")
    asked = Question(slot=_REPLY, kind="text", ask=ask, short=title, optional=True, longest=300, pattern=MAY_ANSWER)
    return Form(id="child_change", version=1, title=title, questions=(asked,))


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    child, reply = child_of(scene, task.about["child"]), answers.get(_REPLY)
    if child is None or reply is None:
        return Said(text=tell("nothing_changed"), session=scene.session)
    return changed(scene, child, str(reply)) or Said(text=tell("change_unclear"), session=scene.session)


TASK = TaskKind(form=_form, done=_done)
