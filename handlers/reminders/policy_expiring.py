"""A policy that ends soon: thirty and seven days before its last day."""

from datetime import time, timedelta

from care.policy import standing
from care.reminders import Planned
from handlers.case_words import day_words
from handlers.reminder_facts import PolicyFacts, at
from handlers.reminder_kind import ReminderKind, Words, in_turn, worded

_BEFORE_DAYS = (30, 7)


def plan(facts: PolicyFacts) -> list[Planned]:
    last = facts.policy.expires_on
    if standing(facts.policy, last) != "in_force":
        return []
    days = [last - timedelta(days=n) for n in _BEFORE_DAYS]
    told = [(f"{last}/{(last - day).days}", at(day, time(10, 20))) for day in days if day > facts.policy.effective_on]
    return in_turn(facts, "policy_expiring", told)


def compose(facts: PolicyFacts, planned: Planned) -> Words:
    return worded("policy_expiring", title=facts.product_name, day=day_words(facts.policy.expires_on))


KIND = ReminderKind(about="policy", plan=plan, compose=compose)
