"""A hospital bill that waits for its payment in the e-card: after one, three and seven days."""

from datetime import time, timedelta

from bot.clock import in_china
from care.reminders import Planned
from handlers.reminder_facts import CaseFacts, at
from handlers.reminder_kind import ReminderKind, Words, in_turn, worded

STEP = "awaiting_payment"
_AFTER_DAYS = (1, 3, 7)


def plan(facts: CaseFacts) -> list[Planned]:
    if not facts.case.is_open or facts.case.step != STEP:
        return []
    since = in_china(facts.reached.get(STEP, facts.case.changed_at)).date()
    days = [(f"{since}/{days}", at(since + timedelta(days=days), time(10, 20))) for days in _AFTER_DAYS]
    return in_turn(facts, "payment_outstanding", days)


def compose(facts: CaseFacts, planned: Planned) -> Words:
    step = facts.flow.step(STEP)
    return worded("payment_outstanding", title=facts.service_name, number=facts.case.number,
                  tell=step.tell if step else "")  # fmt: skip


KIND = ReminderKind(about="case", plan=plan, compose=compose)
