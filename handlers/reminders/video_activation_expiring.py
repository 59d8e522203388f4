"""A 视频问诊 that ends a year after it was opened (君龙臻爱 21): thirty and seven days before."""

from datetime import timedelta

from bot.clock import in_china
from care.policy_years import anniversary
from care.reminders import Planned
from handlers.case_words import day_words
from handlers.reminder_facts import CaseFacts, at
from handlers.reminder_kind import ReminderKind, Words, in_turn, worded

_BEFORE_DAYS = (30, 7)


def plan(facts: CaseFacts) -> list[Planned]:
    opened_at = facts.reached.get("activated")
    if facts.case.service != "video-consultation" or opened_at is None or facts.case.step == "cancelled":
        return []
    ends = anniversary(in_china(opened_at).date(), 1)
    days = [(f"{ends}/{n}", at(ends - timedelta(days=n))) for n in _BEFORE_DAYS]
    return in_turn(facts, "video_activation_expiring", days, day=day_words(ends))


def compose(facts: CaseFacts, planned: Planned) -> Words:
    return worded("video_activation_expiring", title=facts.service_name, day=planned.detail["day"])


KIND = ReminderKind(about="case", plan=plan, compose=compose)
