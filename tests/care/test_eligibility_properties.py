"""What holds of every verdict, whatever the policy: searched, not listed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from care.eligibility import judge
from care.policy import Policy, standing
from care.policy_years import period_of, policy_year
from tests.care.eligibility_rows import person
from tests.care.service_rules import EITHER, LOST, RULES, CoolingOff, Rules, Uses, Waiting

FIRST = date(2024, 2, 1)
SELF = person("self")
offsets = st.integers(0, 1200)


def day(offset: int) -> date:
    return FIRST + timedelta(days=offset)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    begins = draw(st.integers(0, 60))
    length = draw(st.sampled_from([1000, 729, 365, 364, 300, 30]))
    return Policy(
        number="T0001",
        product="p",
        status=draw(st.sampled_from(["active", "active", "active", "lapsed", "surrendered"])),
        effective_on=day(begins),
        expires_on=day(begins + length),
        lapsed_on=draw(st.none() | st.none() | offsets.map(day)),
        reinstated_on=draw(st.none() | st.none() | offsets.map(day)),
        options=draw(st.sampled_from([None, frozenset(), frozenset({"vaccine"})])),
        waiting_period_days=draw(st.none() | st.integers(0, 200)),
    )


counts = st.builds(Uses, count=st.integers(1, 3), per=st.sampled_from(["policy_year", "contract"]))
rules = st.sampled_from(list(RULES.values())) | st.builds(
    Rules,
    persons=st.sampled_from([("insured",), ("holder",), EITHER]),
    waiting=st.none()
    | st.builds(
        Waiting, days=st.none() | st.integers(0, 120), first_diagnosis=st.sampled_from([True, False, "unclear"])
    ),
    cooling_off=st.none() | st.builds(CoolingOff, days=st.none() | st.integers(0, 40)),
    uses=st.lists(counts, max_size=2).map(tuple),
    option=st.none() | st.just("vaccine"),
    lost_on_lapse=st.sampled_from([None, LOST]),
)
used_on = st.lists(offsets.map(day), max_size=5)


def taken(rule: Rules, policy: Policy, days: Sequence[date]) -> dict[tuple[str, str], int]:
    """Count uses by their days, as the table of uses does."""
    counted: dict[tuple[str, str], int] = {}
    for used in days:
        for per in {count.per for count in rule.uses if not count.when}:
            key = ("", period_of(policy, per, used))
            counted[key] = counted.get(key, 0) + 1
    return counted


@given(policies(), rules, used_on, offsets)
@settings(deadline=None, max_examples=50)
def test_eligible_from_is_the_first_eligible_day_after_the_one_asked_about(
    policy: Policy, rule: Rules, days: list[date], offset: int
) -> None:
    used = taken(rule, policy, days)
    verdict = judge(rule, policy, on=day(offset), insured=SELF, taken=used)
    if verdict.decision == "eligible":
        return
    later = (day(one) for one in range(offset + 1, (policy.expires_on - FIRST).days + 2))
    by_trying = next(
        (one for one in later if judge(rule, policy, on=one, insured=SELF, taken=used).decision == "eligible"), None
    )
    assert verdict.eligible_from == by_trying


@given(policies(), rules, offsets)
@settings(deadline=None)
def test_eligible_from_of_the_eligible_is_the_first_eligible_day_of_all(
    policy: Policy, rule: Rules, offset: int
) -> None:
    verdict = judge(rule, policy, on=day(offset), insured=SELF)
    if verdict.decision != "eligible":
        return
    by_trying = (day(one) for one in range(1200))
    assert verdict.eligible_from == next(
        one for one in by_trying if judge(rule, policy, on=one, insured=SELF).decision == "eligible"
    )


@given(policies(), rules, offsets, offsets)
def test_who_is_eligible_stays_so_to_the_end_of_the_policy_year(
    policy: Policy, rule: Rules, one: int, other: int
) -> None:
    policy = replace(policy, lapsed_on=None, reinstated_on=None)
    earlier = max(policy.effective_on, day(min(one, other)))
    later = min(max(earlier, day(max(one, other))), policy_year(policy, earlier)[1])
    if judge(rule, policy, on=earlier, insured=SELF).decision == "eligible":
        assert judge(rule, policy, on=later, insured=SELF).decision == "eligible"


@given(policies(), rules, used_on, offsets)
def test_only_a_policy_in_force_gives_anything(policy: Policy, rule: Rules, days: list[date], offset: int) -> None:
    verdict = judge(rule, policy, on=day(offset), insured=SELF, taken=taken(rule, policy, days))
    if standing(policy, day(offset)) not in ("in_force", "unclear"):
        assert verdict.decision == "not_eligible"
    if verdict.decision == "eligible":
        assert policy.effective_on <= day(offset) <= policy.expires_on
        assert policy.status != "surrendered"


@given(policies(), rules, offsets)
def test_a_day_in_a_lapse_is_never_eligible(policy: Policy, rule: Rules, offset: int) -> None:
    lapsed_on = policy.lapsed_on or policy.effective_on
    back = policy.reinstated_on
    for end in (None, back if back is not None and back > lapsed_on else None):
        on = max(lapsed_on, day(offset)) if end is None else min(max(lapsed_on, day(offset)), end - timedelta(days=1))
        lapsed = replace(policy, lapsed_on=lapsed_on, reinstated_on=end)
        assert judge(rule, lapsed, on=on, insured=SELF).decision == "not_eligible"


@given(policies(), rules, used_on, offsets)
def test_uses_left_is_never_negative_and_none_left_refuses(
    policy: Policy, rule: Rules, days: list[date], offset: int
) -> None:
    verdict = judge(rule, policy, on=day(offset), insured=SELF, taken=taken(rule, policy, days))
    assert (verdict.uses_left is None) == (not rule.uses)
    assert verdict.uses_left is None or 0 <= verdict.uses_left <= min(count.count for count in rule.uses)
    assert verdict.uses_left != 0 or verdict.decision == "not_eligible"


@given(policies(), rules, used_on, offsets, st.randoms(use_true_random=False))
def test_the_order_of_uses_does_not_matter(
    policy: Policy, rule: Rules, days: list[date], offset: int, random: Random
) -> None:
    shuffled = random.sample(days, len(days))
    first = judge(rule, policy, on=day(offset), insured=SELF, taken=taken(rule, policy, days))
    assert first == judge(rule, policy, on=day(offset), insured=SELF, taken=taken(rule, policy, shuffled))


@given(policies(), rules, used_on, offsets)
def test_one_use_more_never_gives_more(policy: Policy, rule: Rules, days: list[date], offset: int) -> None:
    asked = {"on": day(offset), "insured": SELF}
    fewer = judge(rule, policy, taken=taken(rule, policy, days), **asked)
    more = judge(rule, policy, taken=taken(rule, policy, [*days, day(offset)]), **asked)
    assert fewer.decision == more.decision or more.decision == "not_eligible"
    assert (more.uses_left is None) if fewer.uses_left is None else (more.uses_left or 0) <= fewer.uses_left


@given(policies(), rules, used_on, offsets)
def test_the_decision_follows_from_the_checks(policy: Policy, rule: Rules, days: list[date], offset: int) -> None:
    verdict = judge(rule, policy, on=day(offset), insured=SELF, taken=taken(rule, policy, days))
    results = {check.result for check in verdict.checks}
    assert (verdict.decision == "not_eligible") == ("fail" in results)
    assert (verdict.decision == "eligible") == (results == {"pass"})
    assert len({check.check for check in verdict.checks}) == len(verdict.checks)
