"""Asks which of several children is meant, then goes on with what it is for."""

from collections.abc import Mapping
from dataclasses import replace

from bot.forms import Form
from handlers import form_files
from handlers.child_scene import children_of, key_of
from handlers.child_words import day_of, tell
from handlers.requests.child_doses import is_meant
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind

_DOSES = "child_doses"


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    found = [child for child in children_of(scene) if key_of(child) in task.about["children"]]
    labels = {key_of(one): tell("child_label", name=one.name, birth=day_of(one.birth)) for one in found}
    in_order = sorted(found, key=lambda child: child.birth)
    called = {key_of(one): [one.name, one.name[-2:]] for one in found}
    for one, words in zip((in_order[:1], in_order[-1:]), (["老大", "大的"], ["老二", "小的"]), strict=True):
        for child in one:
            called[key_of(child)] += words
    shown = labels or {"none": "没有了"}
    return form_files.picking("child", tell("which_child"), shown, title=tell("title_which"), called=called)


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    """What waits is told which child, and begins."""
    then = dict(task.about["then"])
    if then["request"] == _DOSES and is_meant(scene.text, scene.today):
        then["text"] = f"{then['text']}；{scene.text}"  # the answer tells more doses
    wanted = {**then, "child": answers["child"]}
    return Said(text="", session=replace(scene.session, wanted=wanted))


TASK = TaskKind(form=_form, done=_done)
