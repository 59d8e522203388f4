"""Takes an opt-out of reminders back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from bot.messages import Committing
from care import reminders
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Send all reminders again."""

    def resume(connection: Connection, turn: Committing) -> None:
        reminders.opt_in(connection, contact_id=turn.contact_id)

    return Said(text=say("reminder_resumed"), session=scene.session, effects=(resume,))
