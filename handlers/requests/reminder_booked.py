"""Takes note that somebody has made the appointment they were reminded of: a child's doses are told around that day."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from handlers import child_effects
from handlers.case_words import day_words
from handlers.child_scene import child_to_be_vaccinated, day_ahead
from handlers.scene import Said, Scene
from handlers.wording import say

_UNSAID = timedelta(days=7)  # which day was booked was not said


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Be glad with them: also without a reminder, or 已预约 would be heard as the wish to apply."""
    child = child_to_be_vaccinated(scene)
    if child is None:
        return Said(text=say("reminder_booked"), session=scene.session)
    day = day_ahead(scene, after_days=0)
    until = scene.today + _UNSAID if day is None else None
    noted = child_effects.change_profile(scene, child, booked_for=day, put_off_until=until)
    text = say("reminder_booked_day", day=day_words(day)) if day else say("reminder_booked_some_day")
    return Said(text=text, session=scene.session, effects=(noted,))
