"""What is special about the flows of 成长优享, against its handbook."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.forms import holds
from care.deadlines import latest
from care.eligibility import Verdict, judge
from care.policy import Insured, Policy
from care.steps import is_past, legal_moves
from care.workdays import WorkCalendar
from knowledge.flow import Flow
from knowledge.flow_check import flow_faults
from knowledge.library import HANDBOOKS, load_handbook

HANDBOOK = load_handbook(HANDBOOKS / "chengzhang-youxiang-2025")
FLOWS = HANDBOOK.flows

CHILD = Insured(name="测试宝宝", birth=date(2023, 5, 1), sex="F", relation="child", id=1)
POLICY = Policy(
    number="CZ-TEST-1",
    product="chengzhang-youxiang-2025",
    effective_on=date(2026, 1, 1),
    expires_on=date(2026, 12, 31),
    options=frozenset({"vaccine"}),
    insured=(CHILD,),
)


def _judged(service: str, *, on: date = date(2026, 6, 1), policy: Policy = POLICY, **more: Any) -> Verdict:
    return judge(FLOWS[service].eligibility, policy, insured=CHILD, on=on, **more)


def _against(verdict: Verdict) -> list[tuple[str, tuple[str, ...]]]:
    return [(check.check, check.clause) for check in verdict.against]


def test_the_flows_agree_with_the_handbook() -> None:
    assert list(flow_faults(HANDBOOK)) == []
    assert len(FLOWS) == 10


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS.keys())
def test_an_application_asks_little_and_nothing_that_is_known(flow: Flow) -> None:
    asked_of_all = [question for question in flow.questions if not question.when]
    assert 1 <= len(asked_of_all) <= 8
    assert not {"name", "phone", "id_number"} & {question.kind for question in flow.questions}


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS.keys())
def test_nothing_waits_as_no_waiting_period_is_printed(flow: Flow) -> None:
    verdict = judge(flow.eligibility, POLICY, insured=CHILD, on=POLICY.effective_on)
    assert verdict.decision == "eligible"


def test_every_time_the_handbook_promises_is_kept_count_of() -> None:
    promised = {
        (service, promise.id): (promise.within.least, promise.within.most, promise.within.unit)
        for service, flow in FLOWS.items()
        for promise in flow.promises
    }
    assert promised == {
        ("inpatient-advance", "contact"): (None, 1, "working_days"),
        ("inpatient-advance", "review"): (None, 5, "working_days"),
        ("inpatient-advance", "investigation"): (7, 15, "working_days"),
        ("inpatient-advance", "payment"): (None, 1, "working_days"),
        ("public-hospital-appointment", "arrange"): (None, 2, "working_days"),
        ("reimbursement-claim", "settle"): (None, 10, "working_days"),
        ("vaccine-claim", "settle"): (None, 10, "working_days"),
    }


def test_only_a_stay_in_hospital_has_a_promised_settlement() -> None:
    (settle,) = FLOWS["reimbursement-claim"].promises
    assert holds(settle.when, {"visit": "inpatient"})
    assert not holds(settle.when, {"visit": "outpatient"})
    (settle,) = FLOWS["vaccine-claim"].promises
    assert holds(settle.when, {"place": "public_inpatient"})
    assert not holds(settle.when, {"place": "public"})


def test_an_investigation_ends_the_five_days_of_the_review_and_has_its_own() -> None:
    flow = FLOWS["inpatient-advance"]
    review = next(promise for promise in flow.promises if promise.id == "review")
    assert review.end == "investigating"
    assert is_past(flow, "approved", review.end)
    assert not is_past(flow, "papers_missing", review.end)


def test_the_call_of_the_advance_is_kept_by_whatever_comes_after_it() -> None:
    flow = FLOWS["inpatient-advance"]
    later = {step.id for step in flow.steps} - {"submitted", "verified", "contacted", "not_verified"}
    assert {step for step in later if not is_past(flow, step, "contacted")} == set()


def test_originals_are_awaited_only_after_a_stay_in_hospital() -> None:
    flow = FLOWS["reimbursement-claim"]
    assert "originals_awaited" in legal_moves(flow, "submitted", {"visit": "inpatient"})
    assert "originals_awaited" not in legal_moves(flow, "submitted", {"visit": "outpatient"})


def test_a_pre_authorisation_has_six_kinds_and_needs_five_working_days() -> None:
    flow = FLOWS["pre-authorisation"]
    item = flow.form.question("item")
    assert item is not None
    assert len(item.choices) == 6
    assert flow.lead_time is not None
    calendar = WorkCalendar.load()
    assert latest(date(2026, 12, 8), flow.lead_time, calendar).on == date(2026, 12, 1)
    # 中秋 takes 25 September, 国庆 the first week of October.
    assert latest(date(2026, 10, 9), flow.lead_time, calendar).on == date(2026, 9, 24)


def test_an_appointment_is_given_up_without_harm_until_four_on_the_working_day_before() -> None:
    cancelling = FLOWS["public-hospital-appointment"].cancelling
    assert cancelling.lead_time is not None
    until = latest(date(2026, 11, 30), cancelling.lead_time, WorkCalendar.load())
    assert until.at == datetime(2026, 11, 27, 8, 0, tzinfo=UTC)


def test_the_family_doctor_has_seven_services() -> None:
    item = FLOWS["family-doctor"].form.question("item")
    assert item is not None
    assert len(item.choices) == 7


def test_vaccines_are_arranged_on_weekdays_holidays_included() -> None:
    hours = FLOWS["vaccine-appointment"].eligibility.hours
    assert hours is not None
    assert (hours.days, hours.opens, hours.closes, hours.holidays) == ("weekdays", "08:00", "21:00", True)


def test_the_vaccine_liability_counts_only_where_it_was_bought() -> None:
    assert _judged("vaccine-claim").decision == "eligible"
    without = _judged("vaccine-claim", policy=replace(POLICY, options=frozenset({"dental"})))
    assert _against(without) == [("liability_bought", ("疫苗责任",))]
    assert _judged("vaccine-claim", policy=replace(POLICY, options=None)).decision == "unknown"


def test_check_ups_are_counted_to_eight_and_vaccines_are_not() -> None:
    checkup = {"item": "checkup", "done_on": "2026-06-01"}
    vaccine = {"item": "vaccine", "done_on": "2026-06-01"}
    assert _judged("vaccine-claim", answers=checkup).uses_left == 8
    assert _judged("vaccine-claim", answers=vaccine).uses_left is None
    taken = {("item=checkup", "2026-01-01"): 8}
    spent = _judged("vaccine-claim", answers=checkup, taken=taken)
    assert _against(spent) == [("uses_left", ("疫苗责任·健康检查",))]
    assert _judged("vaccine-claim", answers=vaccine, taken=taken).decision == "eligible"


@pytest.mark.parametrize(
    ("service", "answers", "clause"),
    [
        ("special-needs-desk", {"desk": "other"}, "公立医院特需部驻点服务"),
        ("inpatient-advance", {"third_party": "yes"}, "住院垫付注意事项①"),
        ("online-payment", {"visit": "private", "visited_on": "2026-05-30"}, "电子在线支付·使用场景"),
        ("online-payment", {"visit": "inpatient", "visited_on": "2026-05-30"}, "电子在线支付·使用场景"),
        ("reimbursement-claim", {"paid": "direct", "visited_on": "2026-05-30"}, "门诊就医流程提示1"),
    ],
)
def test_what_the_handbook_excludes_is_refused_with_its_clause(
    service: str, answers: dict[str, str], clause: str
) -> None:
    assert _against(_judged(service, answers=answers)) == [("answers_allowed", (clause,))]


@pytest.mark.parametrize(
    ("service", "answers", "need"),
    [
        ("reimbursement-claim", {"hospital_kind": "private", "visited_on": "2026-05-30"}, "private-hospital"),
        ("public-hospital-appointment", {"clinic": "inpatient"}, "inpatient"),
        ("public-hospital-appointment", {"clinic": "ordinary"}, "ordinary-clinic"),
        ("vaccine-claim", {"place": "community", "done_on": "2026-05-30"}, "place"),
        ("inpatient-advance", {"social_insurance": "remote_unsettled"}, "remote-insurance"),
    ],
)
def test_where_the_handbook_is_silent_or_of_two_minds_a_person_decides(
    service: str, answers: dict[str, str], need: str
) -> None:
    verdict = _judged(service, answers=answers)
    assert verdict.decision == "eligible"
    assert need in {need.id for need in verdict.needs}


@pytest.mark.parametrize("service", ["reimbursement-claim", "vaccine-claim"])
def test_a_bill_of_the_term_may_be_claimed_after_it(service: str) -> None:
    slot = FLOWS[service].eligibility.judged_on
    assert slot is not None
    after = date(2027, 1, 20)
    assert _judged(service, on=after, answers={slot: "2026-12-30"}).decision == "eligible"
    assert _judged(service, on=after, answers={slot: "2027-01-05"}).decision == "not_eligible"


@pytest.mark.parametrize("service", ["reimbursement-claim", "vaccine-claim"])
def test_a_minors_claim_asks_for_birth_certificate_and_guardians_identity(service: str) -> None:
    minor = FLOWS[service].minor
    assert minor is not None
    assert minor.materials == ("birth-certificate", "guardian-identity")


def test_the_holder_is_no_patient_but_may_bind_the_card() -> None:
    def holder(service: str) -> str:
        return judge(FLOWS[service].eligibility, POLICY, insured=None, on=date(2026, 6, 1)).decision

    assert holder("inpatient-advance") == "not_eligible"
    assert holder("e-card") == "eligible"
