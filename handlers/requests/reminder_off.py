"""Somebody will not go where they were reminded to go: their application is withdrawn, if they are sure."""

from collections.abc import Mapping
from typing import Any

from handlers.reminder_replies import case_of, last_reminder
from handlers.requests import withdraw_case
from handlers.scene import Said, Scene

_GOING = frozenset({"admission", "appointment_cancellation", "pre_authorisation_due"})


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Tell what withdrawing means and ask; None where no such reminder came: it is a question then."""
    last = last_reminder(scene)
    case = case_of(scene, last) if last is not None and last.kind in _GOING else None
    return withdraw_case.answer(scene, {"case": case.number}) if case else None
