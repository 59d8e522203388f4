"""The last day to file a pre-authorisation, so many working days before the planned treatment: the day before it, and
the day itself. Known from a stay in hospital that has none yet, or from one that still lacks papers."""

from datetime import date, time

from bot.clock import in_china
from care.reminders import Planned
from handlers.case_words import day_words
from handlers.reminder_facts import CaseFacts, at
from handlers.reminder_kind import ReminderKind, Words, in_turn, worded

SERVICE = "pre-authorisation"
_PRODUCT = "chengzhang-youxiang-2025"
_WORKING_DAYS = 5  # 事先授权1; the flow's `lead_time` says the same


def plan(facts: CaseFacts) -> list[Planned]:
    planned_on = _planned_on(facts)
    if planned_on is None:
        return []
    last = facts.calendar.before(planned_on, _WORKING_DAYS)
    if last < in_china(facts.case.opened_at).date():
        return []
    ahead = facts.calendar.before(last, 1)
    days = [(f"{planned_on}/ahead", at(ahead)), (f"{planned_on}/last", at(last))]
    return in_turn(facts, "pre_authorisation_due", days, until=at(last, time(21)), day=planned_on.isoformat(),
                   last=day_words(last))  # fmt: skip


def _planned_on(facts: CaseFacts) -> date | None:
    case = facts.case
    if not case.is_open or case.product != _PRODUCT:
        return None
    if case.service == SERVICE:
        return facts.day("planned_on") if facts.waits_for_customer else None
    if case.service != "inpatient-advance" or SERVICE in facts.beside:
        return None
    return facts.day("admitted_on")


def compose(facts: CaseFacts, planned: Planned) -> Words:
    name = "pre_authorisation_papers" if facts.case.service == SERVICE else "pre_authorisation_due"
    day = day_words(date.fromisoformat(planned.detail["day"]))
    return worded(name, title="事先授权", day=planned.detail["last"], planned=day, papers=facts.missing or "材料")


KIND = ReminderKind(about="case", plan=plan, compose=compose)
