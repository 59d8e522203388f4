"""The last free change of an appointment at a public hospital: 16:00 one working day before, told that morning."""

from datetime import date

from bot.clock import in_china
from care.deadlines import latest
from care.reminders import Planned
from handlers.case_words import day_words, until_words
from handlers.reminder_facts import CaseFacts, at
from handlers.reminder_kind import ReminderKind, Words, planned_for, worded

_BOOKED = frozenset({"booked", "rebooked"})


def plan(facts: CaseFacts) -> list[Planned]:
    rule = facts.flow.cancelling.lead_time
    if facts.case.service != "public-hospital-appointment" or rule is None or not facts.case.is_open:
        return []
    day = facts.day(rule.slot)
    if day is None:
        return []
    last = latest(day, rule, facts.calendar)
    if last.on < in_china(facts.case.opened_at).date():
        return []
    return planned_for(facts, "appointment_cancellation", day.isoformat(), at(last.on), until=last.at,
                       day=day.isoformat(), last=until_words(last.at, "hours"))  # fmt: skip


def compose(facts: CaseFacts, planned: Planned) -> Words:
    name = "appointment_booked" if facts.case.step in _BOOKED else "appointment_asked"
    day = day_words(date.fromisoformat(planned.detail["day"]))
    return worded(name, title=facts.service_name, day=day, last=planned.detail["last"])


KIND = ReminderKind(about="case", plan=plan, compose=compose, urgent=True)
