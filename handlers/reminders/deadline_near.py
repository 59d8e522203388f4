"""A promise of ours that is nearly due: a task for the health manager, never a message to the person."""

from datetime import timedelta

from care.reminders import Planned
from handlers.reminder_facts import CaseFacts
from handlers.reminder_kind import ReminderKind, Words, planned_for, worded

_AHEAD = timedelta(hours=8)


def plan(facts: CaseFacts) -> list[Planned]:
    found = []
    for one in facts.deadlines if facts.case.is_open else ():
        if one.state == "running":
            # A short promise is called near when half of it is left.
            due_at = max(one.due_at - _AHEAD, one.started_at + (one.due_at - one.started_at) / 2)
            found += planned_for(facts, "deadline_near", f"{one.promise[:30]}/{one.id}", due_at, until=one.due_at,
                                 calls=True, promise=one.promise)  # fmt: skip
    return found


def compose(facts: CaseFacts, planned: Planned) -> Words:
    return worded("deadline_near", title=facts.service_name, number=facts.case.number)


KIND = ReminderKind(about="case", plan=plan, compose=compose)
