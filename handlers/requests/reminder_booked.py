"""Takes note that somebody has made the appointment they were reminded of."""

from collections.abc import Mapping
from typing import Any

from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Be glad with them: also without a reminder, or 已预约 would be heard as the wish to apply."""
    return Said(text=say("reminder_booked"), session=scene.session)
