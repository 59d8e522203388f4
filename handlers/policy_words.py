"""How policies and their people are called in a sentence: products by short names, numbers by their last four."""

from care.policy import Insured, Policy
from handlers.scene import Scene

_PLANS = {"plus": "PLUS", "standard": "", "": ""}


def names_of(scene: Scene, policy: Policy) -> dict[str, str]:
    """Return what sentences say of a policy: `product`, `number`, `names`."""
    return {
        "product": scene.short(policy.product),
        "number": f"尾号{policy.number[-4:]}",
        "names": "、".join(person.name for person in policy.insured) or "无",
    }


def plan_of(policy: Policy) -> str:
    """Return the plan as it is printed, "" for the plain one."""
    return _PLANS.get(policy.plan, policy.plan)


def person_name(policy: Policy, insured: Insured | None) -> str:
    """Return the name of an insured person, or of the holder (None)."""
    return insured.name if insured is not None else policy.holder_name


def label_of(scene: Scene, policy: Policy) -> str:
    """Return a policy as one line to choose it by."""
    called = names_of(scene, policy)
    return f"{called['product']}（{called['number']}，{called['names']}）"
