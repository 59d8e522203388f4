"""A child is unwell when its vaccination is due: the doctor decides, and we remind again when it may be well."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from handlers import child_effects
from handlers.case_words import day_words
from handlers.child_scene import child_to_be_vaccinated, day_ahead
from handlers.scene import Said, Scene
from handlers.wording import say

_REST = timedelta(days=7)


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Advise to ask the clinic and put the reminders off for a week, or until the day told or booked after that; None
    where no vaccination was reminded of: it is a question for a doctor."""
    child = child_to_be_vaccinated(scene)
    if child is None:
        return None
    week, booked = scene.today + _REST, child.profile.booked_for
    until = day_ahead(scene, after_days=1) or (booked if booked and booked > week else week)
    changes = {} if until == booked else {"booked_for": None, "put_off_until": until}
    text = say("child_unwell", day=day_words(until))
    return Said(text=text, session=scene.session, effects=(child_effects.change_profile(scene, child, **changes),))
