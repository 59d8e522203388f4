"""Leaving the hospital after an advance: asked for after admission, the day before, and a call afterwards.

The specialist must know at least one day ahead (住院垫付; both handbooks' flows say so in `notices`): a day that was
told or moved later than that is flagged at once.
"""

from datetime import date, time, timedelta

from bot.clock import in_china
from care.reminders import Planned
from handlers.case_words import day_words
from handlers.reminder_facts import CaseFacts, at
from handlers.reminder_kind import ReminderKind, Words, planned_for, worded

_ASKED_AFTER_DAYS = 1
_FOLLOW_UP_WORKING_DAYS = 7
_LEAVES_BY, _ACTED_BY = time(12), time(12)  # hospitals discharge in the morning; who is told at night acts by noon
_TOLD_AHEAD = timedelta(days=1)
_STAYING = frozenset({"advanced", "further_advanced", "continued"})


def plan(facts: CaseFacts) -> list[Planned]:
    if facts.case.service != "inpatient-advance" or facts.case.step in ("cancelled", "refused", "not_verified"):
        return []
    leaving = facts.day("discharged_on")
    if leaving is None:
        return _asking(facts)
    told_at = facts.case.told_at("discharged_on")
    found = planned_for(facts, "discharge", f"{leaving}/after", at(facts.calendar.after(leaving, 1)),
                        until=at(facts.calendar.after(leaving, _FOLLOW_UP_WORKING_DAYS), time(18)), calls=True,
                        about="follow_up", day=leaving.isoformat())  # fmt: skip
    if not facts.case.is_open:
        return found
    told_on = in_china(told_at).date()
    if at(leaving, _LEAVES_BY) - told_at < _TOLD_AHEAD:
        until = max(at(leaving, time(21)), at(facts.calendar.after(told_on, 1), _ACTED_BY))
        found += planned_for(facts, "discharge", f"{leaving}/late", told_at, until=until,
                             calls=True, about="told_late", day=leaving.isoformat())  # fmt: skip
    before = leaving - timedelta(days=1)
    if told_on < before:
        found += planned_for(facts, "discharge", f"{leaving}/before", at(before), until=at(before, time(21)),
                             about="before", day=leaving.isoformat())  # fmt: skip
    return found


def _asking(facts: CaseFacts) -> list[Planned]:
    """Ask for the day once the person is in hospital and the hospital was paid."""
    admitted = facts.day("admitted_on")
    paid = [facts.reached[step] for step in _STAYING if step in facts.reached]
    if admitted is None or not facts.case.is_open or facts.case.step not in _STAYING or not paid:
        return []
    on = max(admitted, in_china(min(paid)).date()) + timedelta(days=_ASKED_AFTER_DAYS)
    return planned_for(facts, "discharge", f"{admitted}/ask", at(on, time(10, 10)), about="ask")


def compose(facts: CaseFacts, planned: Planned) -> Words:
    if planned.detail["about"] == "ask":
        return worded("discharge_ask", title="出院提醒")
    day = day_words(date.fromisoformat(planned.detail["day"]))
    later = [paper.name for paper in facts.flow.materials if paper.later]
    papers = "、".join(later) or facts.missing or "出院小结、费用清单和发票"
    return worded("discharge_before", title="出院提醒", day=day, papers=papers)


KIND = ReminderKind(about="case", plan=plan, compose=compose, urgent=True)
