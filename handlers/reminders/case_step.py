"""A step of a case: told by another way where the message of the move didn't arrive; asked again where it waits for
the person's answer."""

from datetime import time, timedelta

from bot.clock import in_china
from care.reminders import Planned
from handlers.reminder_facts import CaseFacts, at
from handlers.reminder_kind import ReminderKind, Words, in_turn, planned_for, worded
from handlers.reminders import payment_outstanding

_FAILED = frozenset({"dead", "dropped"})
_ASKED_AFTER_DAYS = (1, 3)


def plan(facts: CaseFacts) -> list[Planned]:
    case = facts.case
    found = []
    if case.step in facts.reached and case.version > 1 and facts.told not in (None, "sent"):
        due_at = facts.reached[case.step] + timedelta(minutes=30)
        found += planned_for(facts, "case_step", f"told/{facts.told_version}", due_at, about="told")
    if facts.waits_for_customer and not facts.missing and case.step != payment_outstanding.STEP:
        since = in_china(facts.reached.get(case.step, case.changed_at)).date()
        days = [
            (f"{since}/{case.step[:20]}/{n}", at(since + timedelta(days=n), time(10, 40))) for n in _ASKED_AFTER_DAYS
        ]
        found += in_turn(facts, "case_step", days, about="waiting")
    return found


def still_wanted(facts: CaseFacts, planned: Planned) -> bool:
    return planned.detail["about"] == "waiting" or facts.told in _FAILED


def compose(facts: CaseFacts, planned: Planned) -> Words:
    step = facts.flow.step(facts.case.step)
    return worded(f"case_step_{planned.detail['about']}", title=facts.service_name, number=facts.case.number,
                  tell=step.tell if step else "")  # fmt: skip


KIND = ReminderKind(about="case", plan=plan, compose=compose, still_wanted=still_wanted)
