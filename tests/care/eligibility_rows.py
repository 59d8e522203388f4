"""Reads the table of verdicts and asks for each of its rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from care import rules
from care.eligibility import Verdict, judge
from care.policy import Insured, Policy
from care.policy_years import period_of
from care.uses import counter_of

ROWS = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One hand-checked verdict; the group's fields and the row's in one."""

    told: Mapping[str, Any]

    @property
    def service(self) -> str:
        return str(self.told["service"])

    @property
    def expected(self) -> dict[str, Any]:
        return {
            "decision": self.told["is"],
            "eligible_from": self.told["from"],
            "uses_left": self.told["left"],
            "fails": set(self.told.get("fails", ())),
            "open": set(self.told.get("open", ())),
        }

    def __str__(self) -> str:
        extras = [f"{key}={self.told[key]}" for key in ("person", "used", "kind", "diagnosed_on") if key in self.told]
        return " ".join([self.service, str(self.told["day"]), *extras, f"({self.told['about']})"])


def rows() -> list[Row]:
    return list(_rows())


def _rows() -> Iterator[Row]:
    for group in yaml.safe_load(ROWS.read_text(encoding="utf-8")):
        shared = {key: value for key, value in group.items() if key != "rows"}
        yield from (Row(told={**shared, **row}) for row in group["rows"])


def found(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict in the table's words."""
    return {
        "decision": verdict.decision,
        "eligible_from": verdict.eligible_from,
        "uses_left": verdict.uses_left,
        "fails": {check.check for check in verdict.checks if check.result == "fail"},
        "open": {check.check for check in verdict.checks if check.result == "unknown"},
    }


def ask(rule: rules.Eligibility | None, row: Row) -> Verdict:
    told = row.told
    policy = policy_of(row)
    return judge(
        rule,
        policy,
        on=told["day"],
        insured=person(told.get("person", "self")),
        taken=_taken(rule, policy, told),
        answers=_answers(rule, told),
        diagnosed_on=told.get("diagnosed_on"),
    )


def policy_of(row: Row) -> Policy:
    fields = dict(row.told["policy"])
    if "options" in fields:
        fields["options"] = frozenset(fields["options"])
    return Policy(number="T0001", product=row.service.split("/")[0], **fields)


def person(relation: str) -> Insured | None:
    if relation == "holder":
        return None
    return Insured(name="测试宝宝", birth=date(2021, 5, 4), sex="F", relation=relation)


def _taken(rule: rules.Eligibility | None, policy: Policy, told: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    if rule is None or not rule.uses:
        return {}
    count = rule.uses[0]
    now = period_of(policy, count.per, told["day"])
    used = {now if period == "now" else str(period): number for period, number in told.get("used", {}).items()}
    return {(counter_of(count), period): number for period, number in used.items()}


def _answers(rule: rules.Eligibility | None, told: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = told.get("kind")
    if rule is None or kind is None:
        return None
    answers: dict[str, Any] = {rule.judged_on: told["day"].isoformat()} if rule.judged_on else {}
    if kind == "open":
        return answers
    conditions = rule.uses[0].when.items()
    return answers | {slot: values[0] if kind == "counted" else "other" for slot, values in conditions}
