"""Changes the policy in use."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handlers.policy_words import names_of
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Ask which policy to use from now on; None where there is nothing to switch."""
    policies = scene.customer.policies
    chosen = scene.customer.policy(wanted.get("policy"))
    if chosen is not None:
        context = replace(scene.session.context, product=chosen.product)
        session = replace(scene.session, context=context, policy=chosen.id, wanted=None)
        return Said(text=say("switched", **_called(scene, chosen)), session=session)
    if not policies:
        return Said(text=say("no_policies"), session=scene.session) if "保单" in scene.text else None
    if len(policies) == 1:
        return Said(text=say("only_one_policy", **_called(scene, policies[0])), session=scene.session)
    about = {"policies": [one.id for one in policies], "ask": "switch_which", "then": {"request": "switch"}}
    return Said(text="", session=scene.session.begin(Task(kind="pick_policy", about=about)))


def _called(scene: Scene, policy: Any) -> dict[str, str]:
    called = names_of(scene, policy)
    return {"product": called["product"], "number": called["number"]}
