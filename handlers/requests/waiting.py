"""Tells whether the waiting period is over."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from care.policy import Policy
from handlers.case_words import day_words
from handlers.clauses import cited, clause_lines
from handlers.requests.eligible import by_sentence, each_flow, lacks, policy_in_use, who_uses
from handlers.scene import Said, Scene
from knowledge.flow import Flow


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Say for the service asked about, or for each, whether its waiting period is over; None without a policy."""
    policy = policy_in_use(scene)
    if policy is None:
        return None
    if lacking := lacks(scene, policy):
        return lacking
    flows = list(each_flow(scene, policy))
    lines = by_sentence(_told(scene, policy, flow) for flow in flows)
    clauses = [clause for flow in flows if flow.eligibility.waiting for clause in flow.eligibility.waiting.clause]
    lines += clause_lines(scene, policy.product, clauses)
    session = replace(scene.session, policy=policy.id)
    return Said(text="\n".join(lines), session=session, citations=cited(policy.product, clauses))


def _told(scene: Scene, policy: Policy, flow: Flow) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Return the service, the sentence that is told of it, and what fills the sentence."""
    service = scene.service_name(policy.product, flow.service)
    waiting = flow.eligibility.waiting
    if waiting is None:
        return service, "waiting_none", ()
    verdict = scene.customer.verdict(policy, who_uses(policy, flow), flow.service, now=scene.now, answers={})
    check = next((one for one in verdict.checks if one.check == "waiting_period"), None)
    days = waiting.days if waiting.days is not None else policy.waiting_period_days
    if check is None or days is None:
        return service, "waiting_unknown", (("why", check.why if check else ""),)
    if check.result == "fail":
        return service, "waiting_running", (("why", check.why),)
    return service, "waiting_over", (("date", day_words(policy.effective_on + timedelta(days=days))),)
