"""Papers that a case waits for: after one, three and seven days, then a call."""

from datetime import time, timedelta

from bot.clock import in_china
from care.reminders import Planned
from handlers.reminder_facts import CaseFacts, at
from handlers.reminder_kind import ReminderKind, Words, in_turn, planned_for, worded

_AFTER_DAYS = (1, 3, 7)
_CALL_AFTER_DAYS = 10
_TIME = time(10, 10)


def plan(facts: CaseFacts) -> list[Planned]:
    if not facts.waits_for_customer or not facts.missing:
        return []
    step = facts.case.step
    since = in_china(facts.reached.get(step, facts.case.changed_at)).date()
    days = [(f"{since}/{step[:20]}/{days}", at(since + timedelta(days=days), _TIME)) for days in _AFTER_DAYS]
    calling = at(since + timedelta(days=_CALL_AFTER_DAYS), _TIME)
    call = planned_for(facts, "material_missing", f"{since}/{step[:20]}/call", calling, calls=True,
                       until=calling + timedelta(days=7))  # fmt: skip
    return in_turn(facts, "material_missing", days) + call


def compose(facts: CaseFacts, planned: Planned) -> Words:
    return worded("material_missing", title=facts.service_name, number=facts.case.number, papers=facts.missing)


KIND = ReminderKind(about="case", plan=plan, compose=compose)
