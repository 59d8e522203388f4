"""The checks behind a verdict, in their order: each looks at one rule and says in a sentence what it found.

A check that a service's rules don't call for is left out. Dates are China's. Sentences stand in `verdict_words`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from bot.clock import in_china
from bot.forms import When, holds
from care import rules
from care import verdict_words as words
from care.deadlines import next_opening
from care.policy import Insured, Policy, has_lapsed, standing
from care.policy_years import period_of
from care.rules import Answers
from care.uses import counter_of
from care.workdays import WorkCalendar

Result = Literal["pass", "fail", "unknown"]

# The handbooks name a cooling-off period without its figure; design.md, section 2, takes it as over after so many days.
COOLING_OFF_UNKNOWN_DAYS = 30

# rules.Waiting.first_diagnosis where the handbook doesn't say what a diagnosis in the waiting period means.
UNCLEAR = "unclear"

# The checks whose result hangs on the day.
BY_DAY = frozenset({"policy_in_force", "waiting_period", "cooling_off", "no_lapse", "uses_left"})


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: its result, why (Chinese, for the person) and the handbook's clauses it rests on.

    `clause` is empty where the policy alone decides, or the handbook says nothing.
    """

    check: str
    result: Result
    why: str
    clause: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"check": self.check, "result": self.result, "why": self.why, "clause": list(self.clause)}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a verdict is asked about. `judge` describes the fields."""

    rule: rules.Eligibility | None
    policy: Policy
    insured: Insured | None
    on: date
    taken: Mapping[tuple[str, str], int] = field(default_factory=dict)
    answers: Answers | None = None
    diagnosed_on: date | None = None

    def applies(self, when: When) -> bool:
        """Return whether what holds under a condition holds here; nothing asked yet: whatever may come into play."""
        return self.answers is None or holds(when, self.answers)

    @property
    def is_day_open(self) -> bool:
        """Whether another day than `on` counts, and has still to be asked."""
        slot = self.rule.judged_on if self.rule is not None else None
        return slot is not None and self.answers is not None and slot not in self.answers


def checks_of(asked: Asked) -> tuple[Check, ...]:
    """Return every check that decides, in order. A product without the service has nothing more to check."""
    if asked.rule is None:
        return (Check(check="product_has_service", result="fail", why=words.NO_SERVICE),)
    checks = _each(asked, asked.rule)
    return tuple(_left_open(check) for check in checks) if asked.is_day_open else tuple(checks)


def _each(asked: Asked, rule: rules.Eligibility) -> Iterator[Check]:
    yield Check(check="product_has_service", result="pass", why=words.HAS_SERVICE, clause=tuple(rule.clause))
    yield policy_in_force(asked, rule)
    yield person_covered(asked, rule)
    if rule.option is not None:
        yield liability_bought(asked, rule, rule.option)
    yield waiting_period(asked, rule)
    if rule.cooling_off is not None:
        yield cooling_off(asked, rule.cooling_off)
    if rule.lost_on_lapse is not None:
        yield no_lapse(asked, rule.lost_on_lapse)
    if rule.waiting is not None and rule.waiting.first_diagnosis and asked.diagnosed_on is not None:
        yield first_diagnosis(asked, rule.waiting, asked.diagnosed_on)
    if rule.refusals and asked.answers is not None:
        yield answers_allowed(asked, rule)
    yield uses(asked, rule)


def _left_open(check: Check) -> Check:
    """While the day that counts is not answered, no check that looks at the day may refuse."""
    if check.result != "fail" or check.check not in BY_DAY:
        return check
    return replace(check, result="unknown", why=check.why + words.DAY_OPEN)


def policy_in_force(asked: Asked, rule: rules.Eligibility) -> Check:
    """In force on the day, both ends of the term included; not in a lapse; not surrendered."""
    found = standing(asked.policy, asked.on)
    result: Result = "pass" if found == "in_force" else "unknown" if found == "unclear" else "fail"
    # That services end with the policy is the handbook's word only where it has such a clause.
    clause = rule.lost_on_lapse.clause if rule.lost_on_lapse is not None and result == "fail" else ()
    return Check(
        check="policy_in_force",
        result=result,
        why=words.in_force(found, asked.policy, asked.on),
        clause=tuple(clause),
    )


def person_covered(asked: Asked, rule: rules.Eligibility) -> Check:
    """Holder or insured, as the handbook allows. An insured with relation self is the holder, too."""
    roles = _roles(asked.policy, asked.insured)
    covered = bool(roles & set(rule.persons))
    return Check(
        check="person_covered",
        result="pass" if covered else "fail",
        why=words.person(covered, rule.persons, asked.insured),
        clause=tuple(rule.clause),
    )


def _roles(policy: Policy, insured: Insured | None) -> set[str]:
    if insured is None:
        return {"holder", "insured"} if any(one.relation == "self" for one in policy.insured) else {"holder"}
    return {"holder", "insured"} if insured.relation == "self" else {"insured"}


def liability_bought(asked: Asked, rule: rules.Eligibility, option: str) -> Check:
    """An optional liability: bought or not decides; where the insurer doesn't say, nobody knows here."""
    options = asked.policy.options
    bought = None if options is None else option in options
    result: Result = "unknown" if bought is None else "pass" if bought else "fail"
    return Check(check="liability_bought", result=result, why=words.option(option, bought), clause=tuple(rule.clause))


def waiting_period(asked: Asked, rule: rules.Eligibility) -> Check:
    """The handbook's figure, or else the policy's own. A handbook that mentions no waiting period has none."""
    clause = tuple(rule.waiting.clause) if rule.waiting is not None else ()
    if rule.waiting is None:
        return Check(check="waiting_period", result="pass", why=words.NO_WAITING)
    days, over_on = _waiting_days(asked), waiting_over_on(asked)
    if days is None or over_on is None:
        return Check(check="waiting_period", result="unknown", why=words.WAITING_UNKNOWN, clause=clause)
    over = days == 0 or asked.on >= over_on
    why = words.waiting(days, over_on, over)
    return Check(check="waiting_period", result="pass" if over else "fail", why=why, clause=clause)


def _waiting_days(asked: Asked) -> int | None:
    if asked.rule is None or asked.rule.waiting is None:
        return 0
    days = asked.rule.waiting.days
    return asked.policy.waiting_period_days if days is None else days


def waiting_over_on(asked: Asked) -> date | None:
    """Return the first day after the waiting period, None while its length is unknown."""
    days = _waiting_days(asked)
    return None if days is None else asked.policy.effective_on + timedelta(days=days)


def cooling_off(asked: Asked, rule: rules.CoolingOff) -> Check:
    """After the cooling-off period; without a figure nobody knows in the first 30 days, and it is over then."""
    over_on = _cooling_off_over_on(asked.policy, rule)
    over = asked.on >= over_on
    result: Result = "pass" if over else "unknown" if rule.days is None else "fail"
    why = words.cooling_off(over_on, over, known=rule.days is not None)
    return Check(check="cooling_off", result=result, why=why, clause=tuple(rule.clause))


def _cooling_off_over_on(policy: Policy, rule: rules.CoolingOff) -> date:
    return policy.effective_on + timedelta(days=COOLING_OFF_UNKNOWN_DAYS if rule.days is None else rule.days)


def no_lapse(asked: Asked, rule: rules.Cited) -> Check:
    """Service rights end at a lapse and do not revive by a reinstatement (君龙臻爱 21, 服务注意事项7)."""
    policy, on = asked.policy, asked.on
    if has_lapsed(policy, on):
        result: Result = "fail"
    else:
        result = "unknown" if standing(policy, on) == "unclear" else "pass"
    return Check(check="no_lapse", result=result, why=words.lapse(result, policy), clause=tuple(rule.clause))


def first_diagnosis(asked: Asked, rule: rules.Waiting, diagnosed_on: date) -> Check:
    """What was diagnosed before the end of the waiting period stays excluded when that is over.

    Where the handbook leaves open what a diagnosis within it means, a person decides.
    """
    result = _diagnosed(asked, rule, diagnosed_on)
    is_open = rule.first_diagnosis == UNCLEAR and waiting_over_on(asked) is not None
    why = words.diagnosis(result, diagnosed_on, asked.policy, handbook_is_open=is_open)
    return Check(check="first_diagnosis", result=result, why=why, clause=tuple(rule.clause))


def _diagnosed(asked: Asked, rule: rules.Waiting, diagnosed_on: date) -> Result:
    over_on = waiting_over_on(asked)
    if diagnosed_on < asked.policy.effective_on:
        return "fail"
    if over_on is None:
        return "unknown"
    if diagnosed_on >= over_on:
        return "pass"
    return "unknown" if rule.first_diagnosis == UNCLEAR else "fail"


def answers_allowed(asked: Asked, rule: rules.Eligibility) -> Check:
    """None of the answers is one with which the handbook excludes the service."""
    against = next((refusal for refusal in rule.refusals if holds(refusal.when, asked.answers or {})), None)
    if against is None:
        return Check(check="answers_allowed", result="pass", why=words.ANSWERS_ALLOWED)
    return Check(check="answers_allowed", result="fail", why=against.say, clause=tuple(against.clause))


def uses(asked: Asked, rule: rules.Eligibility) -> Check:
    """Uses left, held and spent ones taken off, in the policy year of the day or in the whole contract."""
    counted = _counted(asked)
    if not counted:
        return Check(check="uses_left", result="pass", why=words.UNLIMITED)
    left, tightest = min(counted, key=lambda pair: pair[0])
    why = words.uses(tightest, left, asked.policy, asked.on, partly=asked.answers is None and bool(tightest.when))
    return Check(check="uses_left", result="pass" if left else "fail", why=why, clause=tuple(tightest.clause))


def uses_left(asked: Asked) -> int | None:
    """Return how many uses are left by the tightest count that applies, None where none does."""
    if asked.rule is None:
        return 0
    return min((left for left, _ in _counted(asked)), default=None)


def _counted(asked: Asked) -> list[tuple[int, rules.Uses]]:
    counts = asked.rule.uses if asked.rule is not None else ()
    return [(_left(asked, count), count) for count in counts if asked.applies(count.when)]


def _left(asked: Asked, count: rules.Uses) -> int:
    period = period_of(asked.policy, count.per, asked.on)
    return max(0, count.count - asked.taken.get((counter_of(count), period), 0))


def days_of_change(asked: Asked) -> Iterator[date]:
    """Yield the days on which a period ends that counts from the policy's first day."""
    over_on = waiting_over_on(asked)
    if over_on is not None:
        yield over_on
    if asked.rule is not None and asked.rule.cooling_off is not None:
        yield _cooling_off_over_on(asked.policy, asked.rule.cooling_off)


def service_hours(hours: rules.Hours, at: datetime | None, calendar: WorkCalendar | None) -> Check:
    """Tell when somebody answers. It only informs: an application can be handed in at any hour."""
    opens_at = None
    if at is not None and calendar is not None:
        opening = next_opening(at, hours, calendar)
        opens_at = in_china(opening) if opening > at else None
    return Check(check="service_hours", result="pass", why=words.hours(hours, opens_at), clause=tuple(hours.clause))
