"""Asks the guardian whether we may record their child, before anything of the child is recorded."""

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.forms import Form
from bot.slots.yes_no import YES
from care.consents import ConsentKind
from handlers import child_effects, form_files
from handlers.child_words import tell
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say

_OTHERS = re.compile(r"奶奶|爷爷|外婆|外公|姥姥|姥爷|阿姨|姑姑|舅|叔叔|保姆|月嫂|亲戚|代理|业务员")


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


def _remark(scene: Scene, task: Task) -> Said | None:
    """Tell a grandparent or a helper who must agree."""
    return Said(text=tell("not_guardian"), session=scene.session) if _OTHERS.search(scene.text) else None


TASK = TaskKind(form=_form, done=_done, remark=_remark, left="child_consent_refused")
