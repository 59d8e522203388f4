"""The day from which services can be used, because their waiting period is over."""

from datetime import timedelta

from care.policy import standing
from care.reminders import Planned
from handlers.reminder_facts import PolicyFacts, at
from handlers.reminder_kind import ReminderKind, Words, planned_for, worded


def plan(facts: PolicyFacts) -> list[Planned]:
    found = []
    for days in sorted(set(facts.waiting.values())):
        on = facts.policy.effective_on + timedelta(days=days)
        if standing(facts.policy, on) == "in_force":
            found += planned_for(facts, "waiting_period_over", on.isoformat(), at(on), days=days)
    return found


def compose(facts: PolicyFacts, planned: Planned) -> Words:
    services = "、".join(name for name, days in facts.waiting.items() if days == planned.detail["days"])
    return worded("waiting_period_over", title=facts.product_name, services=services)


KIND = ReminderKind(about="policy", plan=plan, compose=compose)
