"""Takes note that somebody has made the appointment they were reminded of."""

from collections.abc import Mapping
from typing import Any

from handlers.reminder_replies import last_reminder
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Be glad with them; None where no reminder came: it may be about something else."""
    return None if last_reminder(scene) is None else Said(text=say("reminder_booked"), session=scene.session)
