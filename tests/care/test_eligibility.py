"""Verdicts against the table that was worked out by hand, and what the table can't hold."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from care.eligibility import day_that_counts, judge
from care.policy import Insured, Policy
from care.workdays import WorkCalendar
from tests.care.eligibility_rows import Row, ask, found, person, rows
from tests.care.service_rules import CHILD, DAY, ONCE, RULES, SERIOUS, CoolingOff, Hours, Rules, Told, Uses, Waiting

POLICY = Policy(number="T0001", product="p", effective_on=date(2026, 1, 1), expires_on=date(2026, 12, 31))
SELF = person("self")


@pytest.mark.parametrize("row", rows(), ids=str)
def test_a_verdict_is_the_one_worked_out_by_hand(row: Row) -> None:
    assert found(ask(RULES.get(row.service), row)) == row.expected


def test_the_table_asks_for_every_service() -> None:
    assert {row.service for row in rows()} >= set(RULES)
    assert len(rows()) >= 150


def test_the_verdict_is_printed_in_the_shape_of_the_contract() -> None:
    need = Told(id="serious", say="要看确诊资料。")
    printed = judge(replace(SERIOUS, needs=(need,)), POLICY, on=date(2026, 1, 10), insured=SELF).to_json()
    checks = printed.pop("checks")
    assert printed == {
        "decision": "not_eligible",
        "eligible_from": "2026-01-31",
        "uses_left": 1,
        "needs": ["要看确诊资料。"],
    }
    assert [check["check"] for check in checks] == [
        "product_has_service",
        "policy_in_force",
        "person_covered",
        "waiting_period",
        "uses_left",
    ]
    assert checks[3] == {
        "check": "waiting_period",
        "result": "fail",
        "why": "等待期30天，到2026年1月30日为止，2026年1月31日起可以用。",
        "clause": ["等待期"],
    }


def test_a_refusal_cites_the_clause_it_rests_on() -> None:
    taken = {("", "contract"): 1}
    verdict = judge(ONCE, replace(POLICY, status="lapsed"), on=date(2026, 6, 1), insured=None, taken=taken)
    assert {check.check: check.clause for check in verdict.against} == {
        "policy_in_force": ("服务注意事项7",),
        "person_covered": ("使用人",),
        "no_lapse": ("服务注意事项7",),
        "uses_left": ("次数",),
    }


def test_what_nobody_can_tell_is_named() -> None:
    verdict = judge(ONCE, POLICY, on=date(2026, 6, 1), insured=SELF)
    assert [check.check for check in verdict.against] == ["waiting_period"]
    assert "健康管家" in verdict.against[0].why


def test_nothing_stands_against_who_is_eligible() -> None:
    assert judge(CHILD, POLICY, on=date(2026, 6, 1), insured=SELF).against == ()


def test_what_papers_must_show_never_decides() -> None:
    needs = (Told(id="hospital", say="要二级及以上公立医院。"),)
    verdict = judge(Rules(needs=needs), POLICY, on=date(2026, 6, 1), insured=SELF)
    assert verdict.decision == "eligible"
    assert verdict.needs == needs


def test_a_need_of_another_kind_is_left_out_once_the_kind_is_known() -> None:
    needs = (Told(id="drug", say="要处方。", when={"item": ("purchase",)}), Told(id="who", say="要身份证。"))
    rule = Rules(needs=needs)
    asked = {"on": date(2026, 6, 1), "insured": SELF}
    assert [need.id for need in judge(rule, POLICY, **asked).needs] == ["drug", "who"]
    assert [need.id for need in judge(rule, POLICY, answers={"item": "advice"}, **asked).needs] == ["who"]
    assert [need.id for need in judge(rule, POLICY, answers={"item": "purchase"}, **asked).needs] == ["drug", "who"]


def test_an_answer_that_the_handbook_excludes_refuses_with_its_words() -> None:
    refusal = Told(id="abroad", say="境外的医院用不了。", when={"abroad": ("yes",)}, clause=("范围",))
    rule = Rules(refusals=(refusal,))
    asked = {"on": date(2026, 6, 1), "insured": SELF}
    verdict = judge(rule, POLICY, answers={"abroad": "yes"}, **asked)
    assert (verdict.decision, verdict.eligible_from) == ("not_eligible", None)
    assert [(check.why, check.clause) for check in verdict.against] == [("境外的医院用不了。", ("范围",))]
    assert judge(rule, POLICY, answers={"abroad": "no"}, **asked).decision == "eligible"
    assert judge(rule, POLICY, answers={}, **asked).decision == "eligible"
    assert judge(rule, POLICY, **asked).decision == "eligible"


def test_the_holder_who_is_insured_may_use_what_is_for_the_insured() -> None:
    covered = replace(POLICY, insured=(Insured(name="甲测试", birth=date(1990, 1, 1), sex="F", relation="self"),))
    assert judge(CHILD, covered, on=date(2026, 6, 1)).decision == "eligible"
    assert judge(CHILD, POLICY, on=date(2026, 6, 1)).decision == "not_eligible"


def test_a_child_may_not_use_what_is_for_the_holder_alone() -> None:
    rule = Rules(persons=("holder",))
    assert judge(rule, POLICY, on=date(2026, 6, 1), insured=person("child")).decision == "not_eligible"
    assert judge(rule, POLICY, on=date(2026, 6, 1), insured=SELF).decision == "eligible"


def test_a_cooling_off_period_with_a_figure_decides() -> None:
    rule = Rules(cooling_off=CoolingOff(days=15))
    early = judge(rule, POLICY, on=date(2026, 1, 15), insured=SELF)
    assert (early.decision, early.eligible_from) == ("not_eligible", date(2026, 1, 16))
    assert judge(rule, POLICY, on=date(2026, 1, 16), insured=SELF).decision == "eligible"


def test_the_later_of_waiting_and_cooling_off_counts() -> None:
    rule = Rules(waiting=Waiting(days=10), cooling_off=CoolingOff())
    verdict = judge(rule, POLICY, on=date(2026, 1, 11), insured=SELF)
    assert (verdict.decision, verdict.eligible_from) == ("unknown", date(2026, 1, 31))


def test_the_tightest_of_several_counts_is_told() -> None:
    rule = Rules(uses=(Uses(count=3, per="contract"), Uses(count=2, clause=("每年",))))
    same = {("", "contract"): 1, ("", "2026-01-01"): 1}
    verdict = judge(rule, POLICY, on=date(2026, 6, 1), insured=SELF, taken=same)
    assert verdict.uses_left == 1
    assert verdict.checks[-1].clause == ("每年",)


class TestADayThatCountsInsteadOfToday:
    """A bill is claimed after the visit: the visit's day decides."""

    rule = Rules(judged_on="visited_on", waiting=Waiting(days=30))
    today = date(2027, 2, 1)

    def test_a_visit_within_the_term_is_covered_after_the_policy_has_ended(self) -> None:
        verdict = judge(self.rule, POLICY, on=self.today, insured=SELF, answers={"visited_on": "2026-12-31"})
        assert (verdict.decision, verdict.eligible_from) == ("eligible", date(2026, 1, 31))

    def test_a_visit_outside_the_term_or_in_the_waiting_period_is_not(self) -> None:
        for day, fails in (("2027-01-01", "policy_in_force"), ("2026-01-30", "waiting_period")):
            verdict = judge(self.rule, POLICY, on=self.today, insured=SELF, answers={"visited_on": day})
            assert [check.check for check in verdict.against] == [fails]

    def test_no_day_refuses_before_it_is_answered(self) -> None:
        verdict = judge(self.rule, POLICY, on=self.today, insured=SELF, answers={})
        assert verdict.decision == "unknown"
        assert verdict.against[0].why.endswith("以您要填的那个日期为准。")

    def test_who_is_not_covered_is_refused_at_once(self) -> None:
        assert judge(self.rule, POLICY, on=self.today, answers={}).decision == "not_eligible"

    def test_a_use_counts_in_the_policy_year_of_the_visit(self) -> None:
        assert day_that_counts(self.rule, {"visited_on": "2026-12-31"}, self.today) == date(2026, 12, 31)
        assert day_that_counts(self.rule, {}, self.today) == self.today
        assert day_that_counts(CHILD, {"visited_on": "2026-12-31"}, self.today) == self.today

    def test_without_an_application_the_day_asked_about_counts(self) -> None:
        assert judge(self.rule, POLICY, on=self.today, insured=SELF).decision == "not_eligible"


class TestHours:
    """They inform and never decide. Times are UTC: China is 8 hours ahead."""

    calendar = WorkCalendar.load()

    @pytest.mark.parametrize(
        ("hours", "at", "why"),
        [
            (DAY, "2026-11-23 01:00", "服务时间每天09:00-18:00（含节假日）。"),
            (
                DAY,
                "2026-11-23 10:00",
                "服务时间每天09:00-18:00（含节假日）。现在不在服务时间，申请可以先提交，11月24日09:00起有人处理。",
            ),
            (
                replace(DAY, holidays=False),
                "2026-10-01 02:00",
                "服务时间每天09:00-18:00（不含节假日）。现在不在服务时间，申请可以先提交，10月8日09:00起有人处理。",
            ),
            (
                Hours(days="weekdays", opens="08:00", closes="21:00"),
                "2026-11-27 13:00",
                "服务时间周一至周五08:00-21:00（含节假日）。现在不在服务时间，申请可以先提交，11月30日08:00起有人处理。",
            ),
            (Hours(days="weekdays", opens="08:00", closes="21:00"), "2026-10-01 02:00", None),
            (
                replace(DAY, days="working_days", holidays=False),
                "2026-11-27 11:00",
                "服务时间工作日09:00-18:00。现在不在服务时间，申请可以先提交，11月30日09:00起有人处理。",
            ),
            (Hours(days="daily", opens="00:00", closes="24:00"), "2026-11-23 19:00", "服务时间7×24小时。"),
        ],
    )
    def test_it_is_told_when_somebody_answers(self, hours: Hours, at: str, why: str | None) -> None:
        verdict = judge(
            Rules(hours=hours),
            POLICY,
            on=date(2026, 11, 23),
            insured=SELF,
            at=datetime.fromisoformat(at).replace(tzinfo=UTC),
            calendar=self.calendar,
        )
        assert verdict.decision == "eligible"
        assert verdict.checks[-1].check == "service_hours"
        assert verdict.checks[-1].why == (why or "服务时间周一至周五08:00-21:00（含节假日）。")

    def test_without_a_moment_the_hours_alone_are_told(self) -> None:
        verdict = judge(Rules(hours=DAY), POLICY, on=date(2026, 11, 23), insured=SELF)
        assert verdict.checks[-1].why == "服务时间每天09:00-18:00（含节假日）。"


@pytest.mark.parametrize("row", rows(), ids=str)
def test_every_check_says_why_in_a_sentence_or_three(row: Row) -> None:
    for check in ask(RULES.get(row.service), row).checks:
        assert check.why.endswith(("。", "）。"))
        assert len(check.why) <= 90
        assert check.result == "pass" or check.clause or check.check in {"policy_in_force", "product_has_service"}


def test_who_is_insured_does_not_show_in_what_is_printed_for_debugging() -> None:
    insured = Insured(
        name="测试宝宝", birth=date(2021, 5, 4), sex="F", relation="child", id_number="990101202105040010"
    )
    policy = replace(POLICY, holder_name="甲测试", holder_phone="13800138000", insured=(insured,))
    printed = repr(policy)
    for hidden in ("测试宝宝", "甲测试", "13800138000", "990101", "T0001", "2021"):
        assert hidden not in printed
