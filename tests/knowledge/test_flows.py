"""Each service of each handbook has a flow that can be run to its end, and every fault in one is found and named."""

from collections.abc import Iterator, Mapping
from itertools import product as every

import pytest

from bot.errors import ConfigurationFault
from bot.forms import Question, holds
from knowledge.check import find_faults
from knowledge.flow import CaseStep, Flow
from knowledge.flow_check import LONGEST_NAME, LONGEST_TELL
from knowledge.library import load
from tests.knowledge.drafts import Draft

LIBRARY = load()
FLOWS = {f"{handbook.product.id}/{id}": flow for handbook in LIBRARY for id, flow in handbook.flows.items()}

# Every application asks these by itself, or the policy tells them.
KNOWN_ALREADY = {"policy_no", "insured_name", "name", "id_number", "applicant", "phone", "callback_phone"}

each_flow = pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)


def kinds_of_application(flow: Flow) -> Iterator[Mapping[str, str]]:
    """Yield every combination of the answers on which a step's way depends."""
    slots = sorted({slot for step in flow.steps for slot in step.when})
    questions = [flow.form.question(slot) for slot in slots]
    for values in every(*(_answers(question) for question in questions if question is not None)):
        yield dict(zip(slots, values, strict=True))


def _answers(question: Question) -> tuple[str, ...]:
    return ("yes", "no") if question.kind == "yes_no" else tuple(choice.id for choice in question.choices)


def steps_reached(flow: Flow, answers: Mapping[str, str]) -> set[str]:
    """Return the steps a case with these answers may come to; a step that is not for it is passed over."""
    found: set[str] = set()
    ahead = [flow.first_step]
    while ahead:
        step = ahead.pop()
        if step.id not in found:
            found.add(step.id)
            ahead += _after(flow, step, answers)
    return found


def _after(flow: Flow, step: CaseStep, answers: Mapping[str, str]) -> list[CaseStep]:
    following = [found for id in step.next if (found := flow.step(id)) is not None]
    own = [found for found in following if holds(found.when, answers)]
    return own or [beyond for found in following for beyond in _after(flow, found, answers)]


def test_every_service_of_the_three_handbooks_has_a_flow() -> None:
    services = {
        f"{handbook.product.id}/{service.id}"
        for handbook in LIBRARY
        for service in handbook.services
        if service.id not in handbook.topics
    }
    assert set(FLOWS) == services
    assert len(FLOWS) == 23


def test_no_flow_has_a_fault() -> None:
    assert find_faults(LIBRARY) == []


@each_flow
def test_every_kind_of_application_can_be_carried_out(flow: Flow) -> None:
    for answers in kinds_of_application(flow):
        ends = {step.ends for step in flow.steps if step.id in steps_reached(flow, answers)}
        assert "done" in ends, answers


@each_flow
def test_a_pause_for_the_customer_leads_back_to_work(flow: Flow) -> None:
    for step in flow.steps:
        if step.waits_for == "customer":
            assert any(flow.step(id).ends != "refused" for id in step.next), step.id


@each_flow
def test_the_person_is_asked_little_and_nothing_that_is_known(flow: Flow) -> None:
    assert KNOWN_ALREADY.isdisjoint(question.slot for question in flow.questions)
    shorts = [question.short for question in flow.questions]
    assert len(shorts) == len(set(shorts)), "two questions would look the same in the summary"


@each_flow
def test_a_question_is_short_enough_to_be_read_at_a_glance(flow: Flow) -> None:
    for question in flow.questions:
        assert len(question.ask) <= 60, question.ask
        assert len(question.short) <= 16, question.short
        assert len(question.hint or "") <= 80, question.hint


@each_flow
def test_no_two_choices_of_a_question_go_by_one_name(flow: Flow) -> None:
    for question in flow.questions:
        names = [name for choice in question.choices for name in {choice.label, *choice.called}]
        assert len(names) == len(set(names)), f"{question.slot}: {sorted(n for n in names if names.count(n) > 1)}"


@each_flow
def test_a_day_of_first_diagnosis_lies_in_the_past(flow: Flow) -> None:
    question = flow.form.question("diagnosed_on")
    assert question is None or (question.kind, question.latest) == ("date", 0)


def test_a_service_without_a_flow_is_found(draft: Draft) -> None:
    (draft.home / "flows/phone-consultation.yaml").unlink()
    assert "flows/phone-consultation.yaml: service 'phone-consultation' has no flow; write" in only_fault(draft)


def test_a_flow_without_a_service_is_found(draft: Draft) -> None:
    path = draft.home / "flows/phone-consultation.yaml"
    text = path.read_text(encoding="utf-8").replace("service: phone-consultation", "service: house-call")
    (draft.home / "flows/house-call.yaml").write_text(text, encoding="utf-8")
    assert "flows/house-call.yaml: flow 'house-call' belongs to no service" in only_fault(draft)


def test_a_flow_under_another_name_than_its_file_stops_the_reading(draft: Draft) -> None:
    path = draft.home / "flows/phone-consultation.yaml"
    path.rename(path.with_stem("telephone"))
    with pytest.raises(ConfigurationFault, match=r"telephone\.yaml: service 'phone-consultation' must equal"):
        draft.faults()


def test_a_field_that_is_no_flow_s_is_named_with_its_entry(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow["questions"][0]["colour"] = "red"
    with pytest.raises(
        ConfigurationFault, match=r"specialty-drug.yaml: entry questions.0 \(drug\).colour: Extra inputs"
    ):
        draft.faults()


@pytest.mark.parametrize(
    ("place", "named"),
    [
        (("eligibility",), "eligibility"),
        (("eligibility", "waiting"), "waiting"),
        (("eligibility", "uses", 0), "uses"),
        (("eligibility", "needs", 0), "need reviewed"),
        (("notices", 0), "notice '特药服务只给被保险人本人"),
        (("materials", 0), "material prescription"),
        (("steps", 0), "step submitted"),
        (("cancelling",), "cancelling"),
    ],
)
def test_a_clause_that_the_handbook_does_not_have_is_found(
    draft: Draft, place: tuple[str | int, ...], named: str
) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        entry = flow
        for step in place:
            entry = entry[step]
        entry["clause"] = "九、9"
    fault = only_fault(draft)
    assert f"flows/specialty-drug.yaml: {named}" in fault
    assert "clause '九、9' is not in clauses.yaml; correct it or add the clause" in fault


def test_a_rule_without_a_clause_is_found_and_a_silence_about_cancelling_is_none(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow["eligibility"]["waiting"]["clause"] = []
        flow["cancelling"]["clause"] = []
    assert "waiting: names no clause; every rule rests on one" in only_fault(draft)


def test_a_promise_that_no_fact_tells_is_found(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow["promises"][0]["clause"] = "二、3"
    fault = only_fault(draft)
    assert "promise delivery: no fact of specialty-drug rests on 二、3" in fault
    assert "write the fact that tells the promise" in fault


def test_a_promise_of_another_length_than_is_told_is_found(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow["promises"][0]["within"]["most"] = 5
    fault = only_fault(draft)
    assert "promise delivery: within is 5 working_days, the facts on its clauses say 4" in fault


def test_a_promise_that_no_way_leads_to_is_found(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow["promises"][0] |= {"start": "delivered", "end": "approved"}
    assert "promise delivery: step approved is not reached after delivered" in only_fault(draft)


def test_a_waiting_period_other_than_the_one_told_is_found(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow["eligibility"]["waiting"]["days"] = 90
    assert "waiting: the fact waiting-period says 60 days" in only_fault(draft)


def test_a_forgotten_waiting_period_is_found(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        del flow["eligibility"]["waiting"]
    assert "waiting: the fact waiting-period says 60 days" in only_fault(draft)


def test_another_count_than_the_one_told_is_found(draft: Draft) -> None:
    with draft.fact("specialty-drug", "uses") as fact:
        fact["value"] = {"count": 3, "per": "policy_year"}
    assert "flows/specialty-drug.yaml: uses: the fact uses says 3 per policy_year" in only_fault(draft)


def test_a_condition_on_an_answer_that_nobody_gives_is_found(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow["promises"][0]["when"] = {"delivery": ["ja"]}
    assert "promise delivery: delivery is never 'ja'; use one of yes, no" in only_fault(draft)


def test_an_unknown_liability_is_found(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow["eligibility"]["option"] = "hearing"
    assert "option 'hearing' is unknown; use one of vaccine, dental, vision" in only_fault(draft)


def test_a_refusal_that_keeps_the_held_use_is_found(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        del flow["steps"][-1]["use"]
    assert "step refused: a refusal says what becomes of the held use" in only_fault(draft)


def test_a_case_that_could_never_close_is_found(draft: Draft) -> None:
    with draft.edit("flows/phone-consultation.yaml") as flow:
        flow["steps"].append({"id": "circling", "name": "转圈", "tell": "还在转。", "next": ["circling"]})
        flow["steps"][0]["next"].append("circling")
    assert "step circling: no end can be reached from it" in only_fault(draft)


def test_a_flow_that_is_never_done_is_found(draft: Draft) -> None:
    with draft.edit("flows/phone-consultation.yaml") as flow:
        flow["steps"][-1]["ends"] = "refused"
    assert "steps: none ends the case as done" in only_fault(draft)


@pytest.mark.parametrize(("field", "longest"), [("name", LONGEST_NAME), ("tell", LONGEST_TELL)])
def test_a_step_that_tells_too_much_is_found(draft: Draft, field: str, longest: int) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow["steps"][0][field] = "长" * (longest + 1)
    assert f"step submitted: {field} has {longest + 1} characters, {longest} fit; shorten it" in only_fault(draft)


def test_a_proxy_s_paper_that_everyone_would_be_asked_for_is_found(draft: Draft) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow["proxy"] = {"say": "代办要带身份证。", "materials": ["identity-card"], "clause": "一、6"}
    assert "proxy: material identity-card would be asked from everyone; mark it optional: true" in only_fault(draft)


@pytest.mark.parametrize(("what", "named"), [("steps", "step"), ("promises", "promise"), ("materials", "material")])
def test_a_doubled_entry_is_found(draft: Draft, what: str, named: str) -> None:
    with draft.edit("flows/specialty-drug.yaml") as flow:
        flow[what].append(flow[what][0])
    fault = draft.faults()[0]
    assert f"flows/specialty-drug.yaml: {named} " in fault
    assert "stands 2 times; give each its own id" in fault


def only_fault(draft: Draft) -> str:
    faults = draft.faults()
    assert len(faults) == 1, faults
    return faults[0]
