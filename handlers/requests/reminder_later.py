"""Reminds again a day later, or an hour before the reminder is of no use any more.

Who was to be left alone until a visit, and asks for this now, is reminded as ever again.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from bot.messages import Committing, Effect
from care import reminders
from care.reminders import LATER, Planned
from handlers import child_effects
from handlers.child_scene import child_to_be_vaccinated
from handlers.reminder_replies import last_reminder
from handlers.scene import Said, Scene
from handlers.wording import say

_LATER, _BEFORE_THE_END = timedelta(days=1), timedelta(hours=1)


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Plan the last reminder once more; say so where none came."""
    last = last_reminder(scene)
    if last is None:
        return Said(text=say("reminder_none"), session=scene.session)
    due_at = min(scene.now + _LATER, last.until_at - _BEFORE_THE_END)
    if due_at <= scene.now or last.occurrence.endswith(LATER):
        return Said(text=say("reminder_no_later"), session=scene.session)

    def plan(connection: Connection, turn: Committing) -> None:
        names = ("kind", "subject", "contact_id", "conversation_id", "until_at")
        told = {name: getattr(last, name) for name in names}
        reminders.add_once(connection, Planned(**told, occurrence=f"{last.occurrence}{LATER}", due_at=due_at))

    return Said(text=say("reminder_later"), session=scene.session, effects=(*_no_longer_put_off(scene), plan))


def _no_longer_put_off(scene: Scene) -> tuple[Effect, ...]:
    child = child_to_be_vaccinated(scene)
    if child is None or not (child.profile.booked_for or child.profile.put_off_until):
        return ()
    return (child_effects.change_profile(scene, child, booked_for=None, put_off_until=None),)
