"""Lists the policies that a person bound."""

from collections.abc import Mapping
from typing import Any

from care.policy import Policy, standing
from handlers.case_words import day_words
from handlers.policy_words import names_of, plan_of
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Say which policies are bound, and which one is in use."""
    policies = scene.customer.policies
    if not policies:
        return Said(text=say("no_policies"), session=scene.session)
    lines = "\n".join(_line(scene, at, policy) for at, policy in enumerate(policies, start=1))
    return Said(text=say("policies_list", lines=lines), session=scene.session)


def _line(scene: Scene, at: int, policy: Policy) -> str:
    called = names_of(scene, policy)
    in_use = len(scene.customer.policies) > 1 and policy.id == scene.session.policy
    return say(
        "policy_line",
        at=str(at),
        plan=plan_of(policy),
        from_=day_words(policy.effective_on),
        to=day_words(policy.expires_on),
        standing=say(f"standing_{standing(policy, scene.today)}"),
        using=say("policy_using") if in_use else "",
        **called,
    )
