"""Whether somebody may use a service on a day, with every check behind the verdict. Pure: no table, no clock, no chat.

`eligible` means that nothing in the policy data stands against it; what only papers can tell is in `needs`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from care import rules
from care.eligibility_checks import Asked, Check, checks_of, days_of_change, service_hours, uses_left
from care.policy import Insured, Policy, turns
from care.policy_years import next_policy_year
from care.rules import Answers
from care.workdays import WorkCalendar

Decision = Literal["eligible", "not_eligible", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer with its trace.

    `eligible_from`: if eligible, the first day of all on which the policy's data allowed it (uses apart); otherwise
    the first day after the one asked about on which they will, None when they never will or can't tell.
    `uses_left` None: unlimited. `needs`: what a person must still see, in the handbook's words.
    """

    decision: Decision
    eligible_from: date | None
    uses_left: int | None
    needs: tuple[rules.Need, ...]
    checks: tuple[Check, ...]

    @property
    def against(self) -> tuple[Check, ...]:
        """The checks that decide against it; for `unknown`, those that nobody could tell from the data."""
        result = {"not_eligible": "fail", "unknown": "unknown"}.get(self.decision)
        return tuple(check for check in self.checks if check.result == result)

    def to_json(self) -> dict[str, Any]:
        """Return the shape that `flask eligibility` prints (design.md, section 2)."""
        return {
            "decision": self.decision,
            "eligible_from": self.eligible_from.isoformat() if self.eligible_from else None,
            "uses_left": self.uses_left,
            "needs": [need.say for need in self.needs],
            "checks": [check.to_json() for check in self.checks],
        }


def judge(
    rule: rules.Eligibility | None,
    policy: Policy,
    *,
    on: date,
    insured: Insured | None = None,
    taken: Mapping[tuple[str, str], int] | None = None,
    answers: Answers | None = None,
    diagnosed_on: date | None = None,
    at: datetime | None = None,
    calendar: WorkCalendar | None = None,
) -> Verdict:
    """Judge whether a person may use a service on a day (China's date), today's as a rule.

    Where the rules name a question whose day counts instead (`judged_on`), its answer in `answers` is that day, and as
    long as it is not answered no day refuses.

    `rule` None: the policy's product has no such service. `insured` None: the holder. `taken` counts the uses held and
    spent by (counter, period) of this person and service. `answers` None judges the service as a whole: every count
    and need that some answer could bring into play applies; with a mapping, also an empty one, only those whose
    condition the answers meet. `at` and `calendar` (aware; for the hours only) never decide anything.
    """
    asked = Asked(
        rule=rule,
        policy=policy,
        insured=insured,
        on=day_that_counts(rule, answers, on),
        taken=taken or {},
        answers=answers,
        diagnosed_on=diagnosed_on,
    )
    checks = checks_of(asked)
    decision = decided(checks)
    return Verdict(
        decision=decision,
        eligible_from=_eligible_from(asked, decision),
        uses_left=uses_left(asked),
        needs=tuple(need for need in (rule.needs if rule else ()) if asked.applies(need.when)),
        checks=(*checks, service_hours(rule.hours, at, calendar)) if rule and rule.hours else checks,
    )


def day_that_counts(rule: rules.Eligibility | None, answers: Answers | None, today: date) -> date:
    """Return the day by which a use is judged and counted: the answer to `judged_on` where the rules name one."""
    answered = (answers or {}).get(rule.judged_on) if rule is not None and rule.judged_on is not None else None
    if isinstance(answered, str):
        return date.fromisoformat(answered)
    return answered if isinstance(answered, date) else today


def decided(checks: tuple[Check, ...]) -> Decision:
    """Return the decision: one fail decides against it, one unknown leaves it to a person."""
    results = {check.result for check in checks}
    if "fail" in results:
        return "not_eligible"
    return "unknown" if "unknown" in results else "eligible"


def _eligible_from(asked: Asked, decision: Decision) -> date | None:
    """The first eligible day. A verdict changes on few days only, so that those alone are looked at."""
    if decision == "eligible":
        asked, days = replace(asked, taken={}), list(_changes(asked))
    else:
        days = [day for day in (*_changes(asked), *_new_years(asked)) if day > asked.on]
    return next((day for day in sorted(days) if decided(checks_of(replace(asked, on=day))) == "eligible"), None)


def _changes(asked: Asked) -> Iterator[date]:
    yield from turns(asked.policy)
    yield from days_of_change(asked)


def _new_years(asked: Asked) -> Iterator[date]:
    """The coming policy years, up to the first in which nothing can have been taken yet."""
    day: date | None = asked.on
    for _ in range(len(asked.taken) + 1):
        day = next_policy_year(asked.policy, day) if day else None
        if day:
            yield day
