"""What a person's answer to a reminder is about: the last reminder that reached them, and its case."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.errors import DecideAgain, UserFault
from bot.forms import Question
from bot.messages import Committing, Effect
from care import audit, cases, reminder_done, reminders, timeline
from care.case_records import Case
from handlers.replanning import replan_case
from handlers.scene import Scene
from knowledge.flow import Flow

_ANSWERED_WITHIN = timedelta(days=7)


def last_reminder(scene: Scene) -> Any | None:
    """Return the row of the last reminder sent to the person, or None when there was none in a week."""
    contact = scene.turn.conversation.contact_id
    if not contact:
        return None
    with scene.house.customers.store.reading() as connection:
        return reminders.last_told(connection, contact, since=scene.now - _ANSWERED_WITHIN)


def case_of(scene: Scene, reminder: Any) -> Case | None:
    """Return the open case that a reminder was about, or None."""
    return next((case for case in scene.customer.open_cases if f"case:{case.id}" == reminder.subject), None)


def noting(scene: Scene, case: Case, note: str) -> Effect:
    """Return the effect that writes the person's answer into their case, for who works on it."""
    keys = scene.house.keys

    def note_it(connection: Connection, turn: Committing) -> None:
        timeline.record(connection, keys, case.id, "note", actor=f"contact:{turn.contact_id}", now=turn.now, note=note)

    return note_it


def ending(reminder: Any, *, occasion: str | None = None) -> Effect:
    """Return the effect that ends what is still planned of a reminder's kind about its subject, or what follows from
    one occasion."""

    def end(connection: Connection, turn: Committing) -> None:
        reminder_done.end(connection, reminder, now=turn.now, occasion=occasion)

    return end


def changing_day(scene: Scene, flow: Flow, case: Case, question: Question, day: date) -> Effect:
    """Return the effect that puts a day into a case, or another one, and plans its reminders from it."""
    house, known = scene.house, case.answers.get(question.slot)
    note = f"{question.short}：{known} → {day}" if known else f"{question.short}：{day}"

    def change(connection: Connection, turn: Committing) -> None:
        actor = f"contact:{turn.contact_id}"
        try:
            changed = cases.correct(
                connection, house.keys, flow, case.number, question.slot, day.isoformat(),
                actor=actor, now=turn.now, note=note, seen_version=case.version,
            )  # fmt: skip
        except UserFault as fault:
            raise DecideAgain("the case changed meanwhile") from fault
        audit.append(connection, house.keys, actor=actor, action="correct", subject=f"case:{case.number}", now=turn.now)
        replan_case(connection, house, changed, now=turn.now)

    return change
