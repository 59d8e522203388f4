"""Stops reminders: those of the kind that came last, or all of them where none came or all are meant."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from bot.messages import Committing
from care import reminders
from handlers.reminder_kind import kind_title
from handlers.reminder_replies import last_reminder
from handlers.replanning import replan_person
from handlers.scene import Said, Scene
from handlers.wording import say

_NAMES_THEM = re.compile(r"提醒|通知|推送|消息|短信|信息|退订|td", re.IGNORECASE)


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Note the opt-out at once: it needs no second question, and can be taken back. None for a 别发了 that follows no
    reminder: it may mean anything."""
    last = last_reminder(scene)
    if last is None and not _NAMES_THEM.search(scene.text):
        return None
    means_all = any(word in scene.text for word in ("所有", "全部"))
    kind = reminders.EVERY_KIND if last is None or means_all else str(last.kind)

    def stop(connection: Connection, turn: Committing) -> None:
        reminders.opt_out(connection, contact_id=turn.contact_id, kind=kind, now=turn.now)
        replan_person(connection, scene.house, turn.contact_id, now=turn.now)  # what is work on their cases stays

    return Said(text=say("reminder_stopped", kind=kind_title(kind)), session=scene.session, effects=(stop,))
