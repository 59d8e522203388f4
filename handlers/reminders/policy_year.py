"""The first day of a policy's next year: uses that count by the year begin anew."""

from datetime import time, timedelta

from care.policy import standing
from care.policy_years import policy_year
from care.reminders import Planned
from handlers.reminder_facts import PolicyFacts, at
from handlers.reminder_kind import ReminderKind, Words, planned_for, worded


def plan(facts: PolicyFacts) -> list[Planned]:
    first, last = policy_year(facts.policy, facts.today)
    days = [first, last + timedelta(days=1)]
    return [
        one
        for day in days
        if facts.policy.effective_on < day <= facts.policy.expires_on and standing(facts.policy, day) == "in_force"
        for one in planned_for(facts, "policy_year", day.isoformat(), at(day, time(10, 10)))
    ]


def compose(facts: PolicyFacts, planned: Planned) -> Words:
    return worded("policy_year", title=facts.product_name)


KIND = ReminderKind(about="policy", plan=plan, compose=compose)
