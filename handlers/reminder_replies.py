"""What a person's answer to a reminder is about: the last reminder that reached them."""

from datetime import timedelta
from typing import Any

from care import reminders
from handlers.scene import Scene

_ANSWERED_WITHIN = timedelta(days=7)


def last_reminder(scene: Scene) -> Any | None:
    """Return the row of the last reminder sent to the person, or None when there was none in a week."""
    contact = scene.turn.conversation.contact_id
    if not contact:
        return None
    with scene.house.customers.store.reading() as connection:
        return reminders.last_told(connection, contact, since=scene.now - _ANSWERED_WITHIN)
