"""Policy years: they turn on the anniversary of the policy's first day, whatever the calendar year does."""

from calendar import monthrange
from datetime import date, timedelta

from care.policy import Policy

CONTRACT = "contract"


def anniversary(first: date, years: int) -> date:
    """Return the day `years` after `first`. 29 February falls on the last day of February in a common year."""
    year = first.year + years
    return date(year, first.month, min(first.day, monthrange(year, first.month)[1]))


def policy_year(policy: Policy, on: date) -> tuple[date, date]:
    """Return the first and the last day (both inclusive) of the policy year that holds `on`.

    The last policy year ends with the policy. A day before the policy counts to its first year, a day after it to its
    last: so every day has a year, and none lies outside the policy. A renewal that the insurer sends with new dates
    starts its years anew.
    """
    day = min(max(on, policy.effective_on), policy.expires_on)
    years = day.year - policy.effective_on.year
    if anniversary(policy.effective_on, years) > day:
        years -= 1
    last = anniversary(policy.effective_on, years + 1) - timedelta(days=1)
    return anniversary(policy.effective_on, years), min(last, policy.expires_on)


def period_of(policy: Policy, per: str, on: date) -> str:
    """Return the period in which a use on that day counts, as it is stored: `per` is policy_year | contract."""
    return policy_year(policy, on)[0].isoformat() if per == "policy_year" else CONTRACT


def next_policy_year(policy: Policy, on: date) -> date | None:
    """Return the first day of the policy year after the one of `on`, or None when that was the last."""
    following = policy_year(policy, on)[1] + timedelta(days=1)
    return following if following <= policy.expires_on else None
