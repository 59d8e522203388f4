"""Tells how often each service can still be used."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from care.policy import Policy, standing
from care.policy_years import CONTRACT
from care.uses import counter_of
from care.verdict_words import in_force
from handlers.clauses import cited, clause_lines
from handlers.customers import covered
from handlers.policy_words import names_of, person_name
from handlers.requests.eligible import each_flow, lacks, policy_in_use
from handlers.scene import Said, Scene
from handlers.wording import say
from knowledge.flow import Flow, Uses


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Count what is left of the service asked about, or of all; None for who bound no policy."""
    policy = policy_in_use(scene)
    if policy is None:
        return None
    if lacking := lacks(scene, policy):
        return lacking
    flows = list(each_flow(scene, policy))
    found = standing(policy, scene.today)
    lines = [] if found == "in_force" else [in_force(found, policy, scene.today)]
    lines += [line for flow in flows for line in _lines(scene, policy, flow)]
    clauses = [clause for flow in flows for rule in flow.eligibility.uses for clause in rule.clause]
    line = clause_lines(scene, policy.product, clauses)
    called = names_of(scene, policy)
    text = say("uses_answer", product=called["product"], number=called["number"], lines="\n".join([*lines, *line]))
    session = replace(scene.session, policy=policy.id)
    return Said(text=text, session=session, citations=cited(policy.product, clauses))


def _lines(scene: Scene, policy: Policy, flow: Flow) -> list[str]:
    service = scene.service_name(policy.product, flow.service)
    if not flow.eligibility.uses:
        return [say("uses_line", service=service, left=say("uses_unlimited"))]
    return [
        say("uses_line", service=service + _what(flow, rule), left=_left(scene, policy, flow, rule))
        for rule in flow.eligibility.uses
    ]


def _left(scene: Scene, policy: Policy, flow: Flow, rule: Uses) -> str:
    """Return what is left, for each person by name where the policy covers several."""
    period = scene.customer.period(policy, rule.per, scene.today)
    left = {
        person_name(policy, person): max(
            0, rule.count - scene.customer.taken(policy, person, flow.service).get((counter_of(rule), period), 0)
        )
        for person in covered(policy, flow)
    }
    when = say("uses_per", period=say("uses_contract" if period == CONTRACT else "uses_policy_year"))
    if len(set(left.values())) <= 1:
        each = say("uses_each") if len(left) > 1 else ""
        return each + say("uses_left", count=str(next(iter(left.values()), rule.count))) + when
    return "、".join(say("uses_of", name=name, count=str(count)) for name, count in left.items()) + when


def _what(flow: Flow, rule: Uses) -> str:
    """Return which kind of application a count is of, where not of all."""
    labels = [
        choice.label
        for slot, values in rule.when.items()
        for question in flow.questions
        if question.slot == slot
        for choice in question.choices
        if choice.id in values
    ]
    return f"（{'、'.join(labels)}）" if labels else ""
