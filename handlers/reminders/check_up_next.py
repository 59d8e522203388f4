"""The next of the eight check-ups of a child, where that liability was bought: a few days before, and once after.

Ages: 国家基本公共卫生服务规范, 0～6岁儿童健康管理: 3, 6, 8, 12, 18, 24, 30 and 36 months; eight in all.
"""

from dataclasses import replace
from datetime import date, time, timedelta

from care.reminders import Planned
from care.vaccination.spans import Span
from handlers.case_words import day_words
from handlers.child_facts import ChildFacts
from handlers.reminder_facts import at
from handlers.reminder_kind import ReminderKind, Words, in_turn, worded

_AGES_MONTHS = (3, 6, 8, 12, 18, 24, 30, 36)
_EARLY = timedelta(days=30)  # a check-up so long before its age counts for it


def plan(facts: ChildFacts) -> list[Planned]:
    if facts.check_ups is None:
        return []
    found = []
    for months in _AGES_MONTHS:
        day = Span(months=months).after(facts.birth)
        if any(done >= day - _EARLY for done in facts.check_ups):
            continue
        steps = [(f"{day}/before", at(day - timedelta(days=5), time(9, 20))),
                 (f"{day}/after", at(day + timedelta(days=14), time(9, 20)))]  # fmt: skip
        found += in_turn(facts, "check_up_next", steps, months=months, day=day.isoformat())
    return found


def compose(facts: ChildFacts, planned: Planned) -> Words:
    age = Span(months=planned.detail["months"]).as_age()
    day = day_words(date.fromisoformat(planned.detail["day"]))
    words = worded("check_up_next", title="儿童健康检查", name=facts.name, age=age, day=day)
    return replace(words, fields={**words.fields, "child": facts.name})


KIND = ReminderKind(about="child", plan=plan, compose=compose, tells=frozenset({"title", "day", "child"}))
