"""Stops reminders: those of the kind that came last, or all of them where none came or all are meant."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from bot.messages import Committing
from care import reminders
from handlers.reminder_kind import kind_title
from handlers.reminder_replies import last_reminder
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Note the opt-out at once: it needs no second question, and can be taken back."""
    last = last_reminder(scene)
    means_all = any(word in scene.text for word in ("所有", "全部"))
    kind = reminders.EVERY_KIND if last is None or means_all else str(last.kind)

    def stop(connection: Connection, turn: Committing) -> None:
        reminders.opt_out(connection, contact_id=turn.contact_id, kind=kind, now=turn.now)

    return Said(text=say("reminder_stopped", kind=kind_title(kind)), session=scene.session, effects=(stop,))
