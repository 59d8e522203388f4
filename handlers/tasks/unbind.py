"""Ends a binding, once the person is sure."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from bot.forms import Form
from bot.messages import Committing
from bot.slots.yes_no import YES
from care import audit, bindings
from handlers import form_files
from handlers.policy_words import names_of
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say

_DEED = ("解绑", "确定解绑", "确认解绑", "解除绑定")


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    policy = scene.customer.policy(task.about["policy"])
    if policy is None:
        return form_files.form("confirmation")
    return form_files.confirming(say("unbind_sure", **names_of(scene, policy)), title="解绑保单", also=_DEED)


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    policy = scene.customer.policy(task.about["policy"])
    if answers["sure"] != YES or policy is None:
        return Said(text=say("kept"), session=scene.session)
    policy_id = task.about["policy"]
    keys = scene.house.customers.store.keys

    def unbind(connection: Connection, turn: Committing) -> None:
        bindings.end(connection, contact_id=turn.contact_id, policy_id=policy_id, now=turn.now)
        actor, subject = f"contact:{turn.contact_id}", f"policy:{policy_id}"
        audit.append(connection, keys, actor=actor, action="unbind", subject=subject, now=turn.now)

    kept = tuple(one for one in scene.session.tasks if one.about.get("policy") != policy_id)
    text = say("unbound", **names_of(scene, policy)) + (say("unbound_too") if kept != scene.session.tasks else "")
    session = replace(scene.session, policy=None, tasks=kept)
    return Said(text=text, session=session, effects=(unbind,))


TASK = TaskKind(form=_form, done=_done)
