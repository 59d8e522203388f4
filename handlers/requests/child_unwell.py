"""A child is unwell when its vaccination is due: the doctor decides, and the later reminders come as planned."""

from collections.abc import Mapping
from typing import Any

from handlers.reminder_replies import last_reminder
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Advise to ask the clinic first; None where no vaccination was reminded of: it is a question for a doctor."""
    last = last_reminder(scene)
    if last is None or last.kind != "vaccination":
        return None
    return Said(text=say("child_unwell"), session=scene.session)
