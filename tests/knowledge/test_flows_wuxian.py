"""臻爱无限's own rules, as its flows have them: what is counted, refused, left to a person, promised and spent."""

from collections.abc import Mapping
from datetime import date

import pytest

from care.eligibility import Verdict, judge
from care.policy import Insured, Policy
from care.steps import legal_moves
from knowledge.flow import Flow
from knowledge.library import load

FLOWS = load().handbooks["zhenai-wuxian-2023"].flows
FIRST_DAY, OVER_ON = date(2026, 3, 1), date(2026, 3, 31)
CHILD = Insured(name="测试宝宝", birth=date(2020, 1, 1), sex="F", relation="child")
POLICY = Policy(
    number="T-1",
    product="zhenai-wuxian-2023",
    effective_on=FIRST_DAY,
    expires_on=date(2027, 2, 28),
    insured=(CHILD,),
)
CRITICAL = ["inpatient-advance", "inpatient-fast-track", "international-second-opinion"]
ONCE_A_YEAR = [*CRITICAL, "specialty-drug"]


def verdict(service: str, *, on: date = date(2026, 6, 1), **more: object) -> Verdict:
    return judge(FLOWS[service].eligibility, POLICY, insured=CHILD, on=on, **more)  # type: ignore[arg-type]  # each test gives arguments of its own


def asked(flow: Flow, answers: Mapping[str, str]) -> list[str]:
    return [question.slot for question in flow.form.asked(answers)]


@pytest.mark.parametrize("service", ONCE_A_YEAR)
def test_thirty_days_are_waited_for(service: str) -> None:
    assert verdict(service, on=date(2026, 3, 30)).decision == "not_eligible"
    assert verdict(service, on=OVER_ON).decision == "eligible"
    assert verdict(service, on=FIRST_DAY).eligible_from == OVER_ON


def test_text_consultation_is_open_from_the_first_day_and_as_often_as_wanted() -> None:
    first = verdict("text-consultation", on=FIRST_DAY)
    assert (first.decision, first.uses_left) == ("eligible", None)


@pytest.mark.parametrize("service", CRITICAL)
def test_one_use_a_policy_year(service: str) -> None:
    answers = {"item": "advance", "diagnosed_by": "public"}
    counter = "item=advance" if service == "inpatient-advance" else ""
    used = verdict(service, answers=answers, taken={(counter, "2026-03-01"): 1})
    assert (used.decision, used.uses_left) == ("not_eligible", 0)


def test_asking_about_drugs_is_free_of_the_one_purchase() -> None:
    taken = {("item=purchase", "2026-03-01"): 1}
    assert verdict("specialty-drug", answers={"item": "purchase"}, taken=taken).decision == "not_eligible"
    consultation = verdict("specialty-drug", answers={"item": "consultation"}, taken=taken)
    assert (consultation.decision, consultation.uses_left) == ("eligible", None)


@pytest.mark.parametrize("item", ["further", "discharge"])
def test_a_stay_that_has_used_its_advance_goes_on(item: str) -> None:
    taken = {("item=advance", "2026-03-01"): 1}
    assert verdict("inpatient-advance", answers={"item": item}, taken=taken).decision == "eligible"
    assert verdict("inpatient-advance", answers={"item": "advance"}, taken=taken).decision == "not_eligible"


@pytest.mark.parametrize("service", CRITICAL)
@pytest.mark.parametrize(
    ("diagnosed_on", "decision"),
    [
        (date(2026, 2, 28), "not_eligible"),
        (date(2026, 3, 1), "unknown"),
        (date(2026, 3, 30), "unknown"),
        (date(2026, 3, 31), "eligible"),
    ],
)
def test_a_first_diagnosis_counts_from_when_the_service_is_in_effect(
    service: str, diagnosed_on: date, decision: str
) -> None:
    told = verdict(service, diagnosed_on=diagnosed_on)
    assert told.decision == decision
    assert all("一、注2" in check.clause for check in told.against)


@pytest.mark.parametrize(
    ("service", "answers", "clause"),
    [
        ("inpatient-advance", {"item": "advance", "hospital_level": "other"}, "二、2(3)⑩"),
        ("inpatient-advance", {"item": "advance", "cause": "traffic"}, "二、2(3)⑤"),
        ("inpatient-advance", {"item": "advance", "cause": "employer"}, "二、2(3)⑤"),
        ("inpatient-advance", {"item": "advance", "cause": "lawsuit"}, "二、2(3)⑤"),
        ("inpatient-fast-track", {"diagnosed_by": "undiagnosed"}, "二、3(3)④"),
        ("inpatient-fast-track", {"diagnosed_by": "other"}, "二、3(3)④"),
        ("international-second-opinion", {"diagnosed_by": "undiagnosed"}, "二、4(3)④"),
        ("international-second-opinion", {"diagnosed_by": "other"}, "二、4(3)④"),
        ("specialty-drug", {"item": "purchase", "in_hospital": "available"}, "二、1(1)1"),
        ("text-consultation", {"topic": "mental"}, "二、5(3)②·精神心理"),
    ],
)
def test_what_the_handbook_excludes_is_refused_with_its_clause(
    service: str, answers: dict[str, str], clause: str
) -> None:
    told = verdict(service, answers=answers)
    assert told.decision == "not_eligible"
    assert clause in told.against[0].clause


@pytest.mark.parametrize(
    ("service", "answers", "need"),
    [
        ("inpatient-advance", {"item": "advance", "hospital_level": "unsure"}, "hospital-level"),
        ("inpatient-advance", {"item": "advance", "cause": "accident"}, "accident"),
        ("inpatient-fast-track", {"diagnosed_by": "unsure"}, "diagnosing-hospital"),
        ("international-second-opinion", {"diagnosed_by": "unsure"}, "diagnosing-hospital"),
        ("specialty-drug", {"item": "purchase", "in_hospital": "unsure"}, "not-in-hospital"),
    ],
)
def test_a_doubt_refuses_nobody_and_is_left_to_a_person(service: str, answers: dict[str, str], need: str) -> None:
    told = verdict(service, answers=answers)
    assert told.decision == "eligible"
    assert need in {one.id for one in told.needs}


@pytest.mark.parametrize("service", ["inpatient-fast-track", "international-second-opinion"])
def test_whether_only_cancer_counts_contradicts_itself_and_both_clauses_are_named(service: str) -> None:
    need = next(need for need in FLOWS[service].eligibility.needs if need.id == "critical-illness")
    assert "恶性肿瘤" in need.say
    assert len(need.clause) == 2


@pytest.mark.parametrize("service", ["inpatient-fast-track", "international-second-opinion"])
def test_what_cannot_be_cancelled_counts_as_used_and_says_so_before(service: str) -> None:
    flow = FLOWS[service]
    assert (flow.cancelling.use, flow.cancelling.since) == ("spent", None)
    assert "预约后不能取消" in flow.cancelling.say
    assert flow.cancelling.clause


def test_an_advance_may_be_withdrawn_until_it_is_paid() -> None:
    cancelling = FLOWS["inpatient-advance"].cancelling
    assert (cancelling.use, cancelling.since) == ("spent", "advanced")
    assert "电话" in cancelling.say


@pytest.mark.parametrize(
    ("service", "promise", "unit", "most"),
    [
        ("specialty-drug", "response", "working_days", 3),
        ("specialty-drug", "call-back", "working_days", 2),
        ("inpatient-advance", "response", "working_days", 3),
        ("inpatient-advance", "further-response", "working_days", 3),
        ("inpatient-fast-track", "arrange", "working_days", 10),
        ("inpatient-fast-track", "first-week", "days", 7),
        ("inpatient-fast-track", "follow-up", "working_days", 7),
        ("international-second-opinion", "report", "working_days", 25),
        ("text-consultation", "reply", "minutes", 15),
    ],
)
def test_each_time_that_the_handbook_gives_is_promised(service: str, promise: str, unit: str, most: int) -> None:
    found = next(one for one in FLOWS[service].promises if one.id == promise)
    assert (found.within.unit, found.within.most) == (unit, most)


def test_only_the_items_that_are_applied_for_are_asked_about() -> None:
    drug = FLOWS["specialty-drug"]
    assert asked(drug, {"item": "consultation"}) == ["item", "diagnosis", "topic", "details"]
    assert asked(drug, {"item": "purchase", "way": "delivery"}) == [
        "item",
        "diagnosis",
        "drug",
        "hospital",
        "in_hospital",
        "way",
        "address",
    ]
    assert asked(FLOWS["inpatient-advance"], {"item": "further"}) == ["item", "hospital", "amount"]
    assert asked(FLOWS["inpatient-advance"], {"item": "discharge"}) == ["item", "hospital", "discharged_on"]


def test_each_item_goes_its_own_way() -> None:
    advance = FLOWS["inpatient-advance"]
    assert legal_moves(advance, "submitted", {"item": "advance"}) == ["identity_checked", "refused"]
    assert legal_moves(advance, "submitted", {"item": "further"}) == ["further_review", "refused"]
    assert legal_moves(advance, "submitted", {"item": "discharge"}) == ["discharge_asked", "refused"]
    drug = FLOWS["specialty-drug"]
    assert legal_moves(drug, "needs_papers", {"item": "consultation"}) == ["question_recorded", "refused"]


def test_a_guardian_and_a_proxy_bring_the_papers_of_the_drug_service_and_of_no_other() -> None:
    drug = FLOWS["specialty-drug"]
    assert drug.proxy is not None
    assert drug.minor is not None
    assert set(drug.proxy.materials) == {"proxy-identity", "power-of-attorney"}
    assert set(drug.minor.materials) == {"incapacity-proof", "guardianship-proof"}
    for service, flow in FLOWS.items():
        if service != "specialty-drug":
            assert all(told is not None and told.say.startswith("手册没有写") for told in (flow.proxy, flow.minor))
