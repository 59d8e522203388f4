"""The flows of 臻爱 21: what its handbook rules besides the common, and that every application can come to its end."""

from collections.abc import Iterator
from itertools import product

import pytest

from bot.forms import Question, holds
from knowledge.flow import Flow
from knowledge.library import HANDBOOKS, load_handbook

FLOWS = load_handbook(HANDBOOKS / "junlong-zhenai-21").flows

AFTER_A_DIAGNOSIS = {
    "outpatient-fast-track", "inpatient-fast-track", "gene-test", "second-opinion", "specialty-drug", "car-t",
}  # fmt: skip
ONCE = AFTER_A_DIAGNOSIS - {"specialty-drug"}
YES_OR_NO = ("yes", "no")


def _answers(flow: Flow) -> Iterator[dict[str, str]]:
    """Yield every way to answer the questions on which something depends."""
    slots = {slot for _, when in flow.conditions() for slot in when}
    questions = [question for question in flow.questions if question.slot in slots]
    for chosen in product(*(_values(question) for question in questions)):
        answers = dict(zip((question.slot for question in questions), chosen, strict=True))
        yield {slot: answers[slot] for slot in answers if slot in {q.slot for q in flow.form.asked(answers)}}


def _values(question: Question) -> tuple[str, ...]:
    return tuple(choice.id for choice in question.choices) or YES_OR_NO


def _reached(flow: Flow, answers: dict[str, str], start: str) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        step = flow.step(ahead.pop())
        if step is not None and step.id not in found and holds(step.when, answers):
            found.add(step.id)
            ahead += step.next
    return found


@pytest.mark.parametrize("service", sorted(FLOWS))
def test_every_application_can_be_completed(service: str) -> None:
    flow = FLOWS[service]
    for answers in _answers(flow):
        steps = [step for step in flow.steps if step.id in _reached(flow, answers, flow.first_step.id)]
        assert any(step.ends == "done" for step in steps), answers
        dead = [step.id for step in steps if not step.ends and not _reached(flow, answers, step.id) - {step.id}]
        assert not dead, answers


@pytest.mark.parametrize("service", sorted(FLOWS))
def test_every_promise_of_an_application_can_be_kept(service: str) -> None:
    flow = FLOWS[service]
    for answers in _answers(flow):
        on_the_way = _reached(flow, answers, flow.first_step.id)
        for promise in flow.promises:
            if holds(promise.when, answers) and promise.start in on_the_way:
                assert promise.end in _reached(flow, answers, promise.start), (promise.id, answers)


@pytest.mark.parametrize("service", sorted(FLOWS))
def test_a_lapse_ends_every_service_for_good(service: str) -> None:
    lost = FLOWS[service].eligibility.lost_on_lapse
    assert lost is not None
    assert "三、服务注意事项7" in lost.clause


@pytest.mark.parametrize("service", sorted(FLOWS))
def test_only_what_follows_a_diagnosis_waits_and_by_the_contracts_figure(service: str) -> None:
    waiting = FLOWS[service].eligibility.waiting
    assert (waiting is not None) == (service in AFTER_A_DIAGNOSIS)
    if waiting is not None:
        assert waiting.days is None
        assert waiting.first_diagnosis
        assert FLOWS[service].form.question("diagnosed_on") is not None


@pytest.mark.parametrize("service", sorted(FLOWS))
def test_five_services_are_there_once_in_the_contract_and_the_others_without_limit(service: str) -> None:
    uses = [(uses.count, uses.per) for uses in FLOWS[service].eligibility.uses]
    assert uses == ([(1, "contract")] if service in ONCE else [])


@pytest.mark.parametrize("service", sorted(AFTER_A_DIAGNOSIS))
def test_who_has_no_diagnosis_or_another_illness_is_refused_and_who_is_unsure_is_not(service: str) -> None:
    flow = FLOWS[service]
    question = next(q for q in flow.questions if "undiagnosed" in {choice.id for choice in q.choices})
    refused = {
        choice.id
        for choice in question.choices
        if any(holds(refusal.when, {question.slot: choice.id}) for refusal in flow.eligibility.refusals)
    }
    assert refused == {"no", "undiagnosed"}


def test_both_may_use_the_video_consultation_and_the_handbooks_doubt_is_told() -> None:
    rules = FLOWS["video-consultation"].eligibility
    assert set(rules.persons) == {"holder", "insured"}
    assert any(need.clause == ["一、表·视频问诊", "二、(一)3"] for need in rules.needs)
    assert rules.cooling_off is not None
    assert rules.cooling_off.days is None


def test_a_doctor_is_promised_for_a_consultation_and_not_for_an_activation() -> None:
    (promise,) = FLOWS["video-consultation"].promises
    assert holds(promise.when, {"item": "consult"})
    assert not holds(promise.when, {"item": "activate"})


@pytest.mark.parametrize(
    ("has_certificate", "promised"),
    [("yes", {"response": 1, "admission": 10}), ("no", {"response": 1, "certificate": 3, "arranged": 10})],
)
def test_a_hospital_bed_is_promised_by_whether_the_certificate_is_there(
    has_certificate: str, promised: dict[str, int]
) -> None:
    flow = FLOWS["inpatient-fast-track"]
    answers = {"has_certificate": has_certificate}
    found = {promise.id: promise.within.most for promise in flow.promises if holds(promise.when, answers)}
    found = {id.replace("admission-after-certificate", "arranged"): most for id, most in found.items()}
    assert found == promised
    assert ("certifying" in _reached(flow, answers, "submitted")) == (has_certificate == "no")


@pytest.mark.parametrize(
    ("service", "since"),
    [
        ("outpatient-fast-track", "booked"),
        ("inpatient-fast-track", "booked"),
        ("gene-test", "sampling_booked"),
        ("second-opinion", "booked"),
    ],
)
def test_cancelling_or_changing_uses_the_service_up_once_it_is_booked(service: str, since: str) -> None:
    flow = FLOWS[service]
    assert (flow.cancelling.use, flow.cancelling.since) == ("spent", since)
    changed = flow.step("changed")
    assert changed is not None
    assert changed.use == "spend"
    assert "视同已使用" in flow.cancelling.say  # told, with its clauses, before an application is submitted
    assert flow.cancelling.clause


def test_not_turning_up_uses_up_a_second_opinion_and_is_asked_about_for_a_fast_track() -> None:
    missed = FLOWS["second-opinion"].step("missed")
    assert missed is not None
    assert missed.use == "spend"
    not_visited = FLOWS["outpatient-fast-track"].step("not_visited")
    assert not_visited is not None
    assert {"changed", "returned"} <= set(not_visited.next)


def test_where_the_handbook_is_silent_cancelling_costs_nothing_and_says_so() -> None:
    for service in ("video-consultation", "specialty-drug", "car-t", "hongai-hospital"):
        cancelling = FLOWS[service].cancelling
        assert (cancelling.use, cancelling.clause) == ("released", [])
        assert "手册没有写" in cancelling.say


def test_papers_of_the_collector_are_wanted_only_when_another_collects() -> None:
    papers = {paper.id: paper for paper in FLOWS["specialty-drug"].materials}
    for id in ("authorisation", "collector-identity"):
        assert holds(papers[id].when, {"item": "purchase", "collector": "other"})
        assert not holds(papers[id].when, {"item": "purchase", "collector": "insured"})
        assert not holds(papers[id].when, {"item": "aid"})


def test_aid_is_for_mainland_citizens_and_buying_is_not_limited_to_them() -> None:
    refusals = {refusal.id: refusal.when for refusal in FLOWS["specialty-drug"].eligibility.refusals}
    assert holds(refusals["not-mainland-citizen"], {"item": "aid", "mainland_citizen": "no"})
    assert not holds(refusals["not-mainland-citizen"], {"item": "purchase"})


def test_after_aid_has_failed_the_prescription_is_reviewed() -> None:
    failed = FLOWS["specialty-drug"].step("aid_failed")
    assert failed is not None
    assert "reviewing" in failed.next


def test_car_t_is_refused_outside_public_hospitals_of_level_two_or_for_another_cancer() -> None:
    refusals = FLOWS["car-t"].eligibility.refusals
    for answers in ({"hospital_level": "no"}, {"lymphoma": "no"}):
        told = [refusal for refusal in refusals if holds(refusal.when, answers)]
        assert [refusal.clause for refusal in told] == [["二、(六)4.(1)"]]


@pytest.mark.parametrize("service", ["specialty-drug", "car-t"])
def test_a_guardian_brings_both_proofs(service: str) -> None:
    minor = FLOWS[service].minor
    assert minor is not None
    assert minor.materials == ("incapacity-proof", "guardianship-proof")


def test_hongai_has_its_five_items_and_asks_each_only_what_it_needs() -> None:
    form = FLOWS["hongai-hospital"].form
    item = form.question("item")
    assert item is not None
    asked = {choice.id: [q.slot for q in form.asked({"item": choice.id})][1:] for choice in item.choices}
    assert asked == {
        "outpatient": ["department", "visit_on"],
        "checkup": ["checkup_wish", "visit_on"],
        "expert": ["department", "visit_on"],
        "escort": ["department", "visit_on"],
        "claim": ["treated_on", "claim_for"],
    }
