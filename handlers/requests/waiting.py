"""Tells whether the waiting period is over."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from care.policy import Policy
from handlers.case_words import day_words
from handlers.requests.eligible import each_flow, policy_in_use, who_uses
from handlers.scene import Said, Scene
from handlers.tasks.apply import clause_line
from handlers.wording import say
from knowledge.flow import Flow


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Say for the service asked about, or for each, whether its waiting period is over; None without a policy."""
    policy = policy_in_use(scene)
    if policy is None:
        return None
    flows = list(each_flow(scene, policy))
    lines = list(dict.fromkeys(_line(scene, policy, flow) for flow in flows))
    clauses = [clause for flow in flows if flow.eligibility.waiting for clause in flow.eligibility.waiting.clause]
    lines += [clause_line(scene, policy.product, clauses)] if clauses else []
    return Said(text="\n".join(lines), session=replace(scene.session, policy=policy.id))


def _line(scene: Scene, policy: Policy, flow: Flow) -> str:
    service = scene.service_name(policy.product, flow.service)
    waiting = flow.eligibility.waiting
    if waiting is None:
        return say("waiting_none", service=service)
    verdict = scene.customer.verdict(policy, who_uses(policy, flow), flow.service, now=scene.now, answers={})
    check = next((one for one in verdict.checks if one.check == "waiting_period"), None)
    days = waiting.days if waiting.days is not None else policy.waiting_period_days
    if check is None or days is None:
        return say("eligible_unknown", service=service, why=check.why if check else "")
    if check.result == "fail":
        return say("waiting_running", service=service, why=check.why)
    return say("waiting_over", service=service, date=day_words(policy.effective_on + timedelta(days=days)))
