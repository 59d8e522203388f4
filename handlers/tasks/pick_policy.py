"""Asks which of several policies is meant, then goes on with what it is for."""

from collections.abc import Mapping
from dataclasses import replace

from bot.forms import Form
from handlers import form_files
from handlers.policy_words import label_of
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    wanted = {str(id) for id in task.about["policies"]}
    found = [policy for policy in scene.customer.policies if str(policy.id) in wanted]
    labels = {str(policy.id): label_of(scene, policy) for policy in found} or {"none": "没有了"}
    called = {str(policy.id): [scene.short(policy.product), policy.number] for policy in found}
    return form_files.picking("policy", say(task.about["ask"]), labels, title="保单", called=called)


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    """What waits is told which policy, and begins."""
    chosen = int(answers["policy"]) if str(answers["policy"]).isdigit() else None
    wanted = {**task.about["then"], "policy": chosen}
    return Said(text="", session=replace(scene.session, wanted=wanted, policy=chosen))


TASK = TaskKind(form=_form, done=_done)
