"""Tells how often each service can still be used."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from care.policy import Policy
from care.policy_years import CONTRACT
from care.uses import counter_of
from handlers.policy_words import person_name
from handlers.requests.eligible import each_flow, policy_in_use, who_uses
from handlers.scene import Said, Scene
from handlers.tasks.apply import clause_line
from handlers.wording import say
from knowledge.flow import Flow, Uses


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Count what is left of the service asked about, or of all; None for who bound no policy."""
    policy = policy_in_use(scene)
    if policy is None:
        return None
    flows = list(each_flow(scene, policy))
    lines = [line for flow in flows for line in _lines(scene, policy, flow)]
    clauses = [clause for flow in flows for rule in flow.eligibility.uses for clause in rule.clause]
    cited = [clause_line(scene, policy.product, clauses)] if clauses else []
    name = person_name(policy, next(iter(policy.insured), None))
    text = say("uses_answer", product=scene.short(policy.product), name=name, lines="\n".join([*lines, *cited]))
    return Said(text=text, session=replace(scene.session, policy=policy.id))


def _lines(scene: Scene, policy: Policy, flow: Flow) -> list[str]:
    service = scene.service_name(policy.product, flow.service)
    if not flow.eligibility.uses:
        return [say("uses_line", service=service, left=say("uses_unlimited"))]
    taken = scene.customer.taken(policy, who_uses(policy, flow), flow.service)
    return [
        say("uses_line", service=service + _what(flow, rule), left=_left(scene, policy, rule, taken))
        for rule in flow.eligibility.uses
    ]


def _left(scene: Scene, policy: Policy, rule: Uses, taken: Mapping[tuple[str, str], int]) -> str:
    period = scene.customer.period(policy, rule.per, scene.today)
    left = max(0, rule.count - taken.get((counter_of(rule), period), 0))
    return say("uses_left", count=str(left)) + say(
        "uses_per", period="保险合同期内" if period == CONTRACT else "这个保单年度"
    )


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
