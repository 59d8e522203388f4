"""Ends the binding of a policy."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Ask which policy to unbind, then whether the person is sure."""
    policies = scene.customer.policies
    if not policies:
        return Said(text=say("no_policies"), session=scene.session)
    chosen = scene.customer.policy(wanted.get("policy")) or (policies[0] if len(policies) == 1 else None)
    if chosen is not None:
        session = replace(scene.session, wanted=None)
        return Said(text="", session=session.begin(Task(kind="unbind", about={"policy": chosen.id})))
    about = {"policies": [one.id for one in policies], "ask": "unbind_which", "then": {"request": "unbind"}}
    return Said(text="", session=scene.session.begin(Task(kind="pick_policy", about=about)))
