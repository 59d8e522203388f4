"""The day before somebody goes into hospital: papers and formalities."""

from datetime import date, time, timedelta

from bot.clock import in_china
from care.reminders import Planned
from handlers.case_words import day_words
from handlers.reminder_facts import CaseFacts, at
from handlers.reminder_kind import ReminderKind, Words, planned_for, worded

_SLOTS = {"inpatient-advance": ("admitted_on",), "inpatient-fast-track": ("admission_on", "wanted_on")}


def plan(facts: CaseFacts) -> list[Planned]:
    day = facts.day(*_SLOTS.get(facts.case.service, ()))
    if day is None or not facts.case.is_open or facts.case.answers.get("item") == "discharge":
        return []
    before = day - timedelta(days=1)
    if before < in_china(facts.case.opened_at).date():
        return []
    return planned_for(facts, "admission", day.isoformat(), at(before), until=at(before, time(21)), day=day.isoformat())


def compose(facts: CaseFacts, planned: Planned) -> Words:
    day = day_words(date.fromisoformat(planned.detail["day"]))
    papers = facts.missing and f"还差的材料：{facts.missing}。"
    return worded("admission", title=facts.service_name, day=day, papers=papers)


KIND = ReminderKind(about="case", plan=plan, compose=compose)
