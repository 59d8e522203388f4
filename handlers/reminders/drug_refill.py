"""The next supply of an aided drug: three weeks after the last one came, while the case is open."""

from datetime import timedelta

from bot.clock import in_china
from care.reminders import Planned
from handlers.reminder_facts import CaseFacts, at
from handlers.reminder_kind import ReminderKind, Words, planned_for, worded

# The handbook names no cycle: a month's supply is usual, and a week is left to see the doctor.
_AFTER_DAYS = 21
_RECEIVED = ("aid_received", "received", "purchased")


def plan(facts: CaseFacts) -> list[Planned]:
    came = [facts.reached[step] for step in _RECEIVED if step in facts.reached]
    if facts.case.service != "specialty-drug" or not came or facts.case.step not in _RECEIVED:
        return []
    last = in_china(max(came)).date()
    due_at = at(last + timedelta(days=_AFTER_DAYS))
    return planned_for(facts, "drug_refill", last.isoformat(), due_at, until=due_at + timedelta(days=3))


def compose(facts: CaseFacts, planned: Planned) -> Words:
    return worded("drug_refill", title=facts.service_name)


KIND = ReminderKind(about="case", plan=plan, compose=compose)
