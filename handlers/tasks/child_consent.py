"""Asks the guardian whether we may record their child, before anything of the child is recorded."""

from collections.abc import Mapping
from dataclasses import replace

from bot.forms import Form
from bot.slots.yes_no import YES
from care.consents import ConsentKind
from handlers import child_effects, form_files
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    return form_files.form("child_consent")


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    """What waits goes on in the same turn."""
    if answers["agree"] != YES:
        session = replace(scene.session, wanted=None)
        return Said(text=say("child_consent_refused"), session=session, reasons=("guardian refused",))
    customer = scene.customer.agreeing(ConsentKind.GUARDIAN)
    effect = child_effects.guardian_consent(scene)
    return Said(text="", session=scene.session, effects=(effect,), customer=customer, reasons=("guardian agreed",))


TASK = TaskKind(form=_form, done=_done, left="child_consent_refused")
