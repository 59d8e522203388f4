"""Policy years turn on the policy's own day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.policy import Policy
from care.policy_years import anniversary, next_policy_year, period_of, policy_year


def policy(first: str, last: str) -> Policy:
    return Policy(
        number="T0001", product="p", effective_on=date.fromisoformat(first), expires_on=date.fromisoformat(last)
    )


@pytest.mark.parametrize(
    ("first", "last", "on", "year"),
    [
        ("2026-01-01", "2026-12-31", "2026-01-01", "2026-01-01 2026-12-31"),
        ("2026-01-01", "2026-12-31", "2026-12-31", "2026-01-01 2026-12-31"),
        ("2026-03-15", "2027-03-14", "2026-12-31", "2026-03-15 2027-03-14"),
        ("2026-03-15", "2027-03-14", "2027-01-01", "2026-03-15 2027-03-14"),
        ("2026-03-15", "2027-03-14", "2027-03-14", "2026-03-15 2027-03-14"),
        ("2026-03-15", "2029-03-14", "2027-03-14", "2026-03-15 2027-03-14"),
        ("2026-03-15", "2029-03-14", "2027-03-15", "2027-03-15 2028-03-14"),
        ("2026-03-15", "2029-03-14", "2029-03-14", "2028-03-15 2029-03-14"),
        ("2024-02-29", "2029-02-27", "2025-02-27", "2024-02-29 2025-02-27"),
        ("2024-02-29", "2029-02-27", "2025-02-28", "2025-02-28 2026-02-27"),
        ("2024-02-29", "2029-02-27", "2028-02-28", "2027-02-28 2028-02-28"),
        ("2024-02-29", "2029-02-27", "2028-02-29", "2028-02-29 2029-02-27"),
        ("2023-02-28", "2026-02-27", "2024-02-28", "2024-02-28 2025-02-27"),
        ("2023-02-28", "2026-02-27", "2024-02-29", "2024-02-28 2025-02-27"),
        ("2023-03-01", "2026-02-28", "2024-02-29", "2023-03-01 2024-02-29"),
        ("2023-03-01", "2026-02-28", "2024-03-01", "2024-03-01 2025-02-28"),
        ("2025-12-31", "2027-12-30", "2026-12-30", "2025-12-31 2026-12-30"),
        ("2025-12-31", "2027-12-30", "2026-12-31", "2026-12-31 2027-12-30"),
        ("2026-03-15", "2026-06-14", "2026-05-01", "2026-03-15 2026-06-14"),
        ("2026-03-15", "2027-06-14", "2027-05-01", "2027-03-15 2027-06-14"),
        ("2026-03-15", "2029-03-14", "2020-01-01", "2026-03-15 2027-03-14"),
        ("2026-03-15", "2029-03-14", "2035-01-01", "2028-03-15 2029-03-14"),
        ("2026-03-15", "2026-03-15", "2026-03-15", "2026-03-15 2026-03-15"),
    ],
)
def test_a_day_lies_in_its_policy_year(first: str, last: str, on: str, year: str) -> None:
    begins, ends = policy_year(policy(first, last), date.fromisoformat(on))
    assert f"{begins} {ends}" == year


def test_a_use_counts_in_its_policy_year_or_in_the_contract() -> None:
    three = policy("2024-02-29", "2027-02-27")
    assert period_of(three, "policy_year", date(2025, 12, 1)) == "2025-02-28"
    assert period_of(three, "contract", date(2025, 12, 1)) == "contract"


def test_after_the_last_policy_year_there_is_none() -> None:
    two = policy("2026-03-15", "2028-03-14")
    assert next_policy_year(two, date(2026, 5, 1)) == date(2027, 3, 15)
    assert next_policy_year(two, date(2027, 3, 15)) is None


def test_a_policy_for_life_has_policy_years() -> None:
    life = policy("2026-03-15", "9999-12-31")
    assert policy_year(life, date(2100, 1, 1)) == (date(2099, 3, 15), date(2100, 3, 14))


days = st.dates(date(2000, 1, 1), date(2060, 12, 31))


@st.composite
def terms(draw: st.DrawFn) -> Policy:
    first = draw(days | st.sampled_from([date(year, 2, 29) for year in range(2000, 2061, 4)]))
    length = timedelta(days=draw(st.integers(0, 4000)))
    return Policy(number="T0001", product="p", effective_on=first, expires_on=first + length)


@given(terms(), st.integers(0, 4000))
def test_policy_years_follow_each_other_without_gap_and_overlap(covered: Policy, passed: int) -> None:
    on = min(covered.effective_on + timedelta(days=passed), covered.expires_on)
    first, last = policy_year(covered, on)
    assert covered.effective_on <= first <= on <= last <= covered.expires_on
    assert all(policy_year(covered, day) == (first, last) for day in (first, last))
    following = next_policy_year(covered, on)
    assert (following is None) == (last == covered.expires_on)
    assert following is None or following == last + timedelta(days=1) == policy_year(covered, following)[0]


@given(terms())
def test_a_policy_year_is_a_calendar_year_long_but_for_the_last(covered: Policy) -> None:
    first, last = policy_year(covered, covered.effective_on)
    assert (last - first).days + 1 in (365, 366) or last == covered.expires_on


@given(days, st.integers(0, 60))
def test_an_anniversary_keeps_its_month_and_its_day_where_there_is_one(first: date, years: int) -> None:
    day = anniversary(first, years)
    assert (day.year, day.month) == (first.year + years, first.month)
    assert day.day == first.day or (first.day == 29 and (day + timedelta(days=1)).day == 1)
