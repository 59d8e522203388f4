"""Begins an application: which service, which policy, then the service's form."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from care.policy import Policy
from handlers.requests import bind
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.wording import say
from knowledge.vocabulary import family_names

_BARE = 8  # characters: 我要申请, 帮我办理吧


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Begin an application, or ask what is missing for it; None when no service is meant."""
    family = wanted.get("family") or _family(scene)
    if family is None:
        return _which_service(scene) if len(scene.text.strip()) <= _BARE and not wanted else None
    text = wanted.get("text", scene.text)
    then = {"request": "apply", "family": family, "text": text}
    having = _products_with(scene, family)
    if not having:
        return None
    if not scene.customer.policies:
        product = _only(scene, having)
        name = scene.service_name(having[0], _service(scene, having[0], family) or "")
        return bind.needed(scene, what=name, then=then, product=product)
    policies = [policy for policy in scene.customer.policies if policy.product in having]
    if not policies:
        held = "、".join(dict.fromkeys(scene.short(policy.product) for policy in scene.customer.policies))
        lacking = say("lacks_service", product=held, family=family_names().get(family, family))
        return Said(text=lacking, session=scene.session, reasons=("no policy has the service",))
    return _with_policy(scene, policies, family, wanted, then)


def _with_policy(
    scene: Scene, policies: list[Policy], family: str, wanted: Mapping[str, Any], then: Mapping[str, Any]
) -> Said | None:
    named = scene.house.router.products_in(str(then["text"]))
    chosen = wanted.get("policy") or (scene.session.policy if not named else None)
    narrowed = [policy for policy in policies if policy.product in named] or policies
    policy = next((policy for policy in narrowed if policy.id == chosen), None)
    if policy is None and len(narrowed) > 1:
        about: dict[str, Any] = {"policies": [one.id for one in narrowed], "ask": "pick_policy", "then": then}
        session = scene.session.begin(Task(kind="pick_policy", about=about))
        return Said(text="", session=session, reasons=("several policies have the service",))
    policy = policy or narrowed[0]
    service = _service(scene, policy.product, family)
    if service is None:
        return None
    begin = say("apply_begin", service=scene.service_name(policy.product, service), product=scene.short(policy.product))
    about = {"product": policy.product, "service": service, "policy": policy.id, "said": str(then["text"])}
    session = replace(scene.session, wanted=None, policy=policy.id, offered=None)
    context = replace(session.context, product=policy.product)
    session = replace(session, context=context).begin(Task(kind="apply", about=about))
    return Said(text=begin, session=session, reasons=(f"begins {policy.product}/{service}",))


def _family(scene: Scene) -> str | None:
    """The family of the service named, else of the one offered or talked about last."""
    named = scene.house.router.services_in(scene.text)
    families = dict.fromkeys(place.family for place in named)
    if families:
        return next(iter(families))
    place = scene.session.offered or scene.session.context.topic
    if place is None:
        return None
    product, service = place.split("/")[:2]
    if scene.flow(product, service) is None:
        return None
    found = scene.house.library.handbooks[product].service(service)
    return found.family if found else None


def _products_with(scene: Scene, family: str) -> list[str]:
    return [product for product in scene.products if _service(scene, product, family) is not None]


def _service(scene: Scene, product: str, family: str) -> str | None:
    """Return the service of a family that a product runs, or None."""
    handbook = scene.house.library.handbooks[product]
    return next((one.id for one in handbook.services if one.family == family and one.id in handbook.flows), None)


def _only(scene: Scene, having: list[str]) -> str | None:
    """Return the product that is meant, as far as it is known."""
    named = [product for product in scene.house.router.products_in(scene.text) if product in having]
    settled = [scene.session.context.product] if scene.session.context.product in having else []
    meant = named or settled or having
    return meant[0] if len(meant) == 1 else None


def _which_service(scene: Scene) -> Said:
    policy = scene.customer.policy(scene.session.policy) or next(iter(scene.customer.policies), None)
    product = policy.product if policy else scene.session.context.product or scene.products[0]
    handbook = scene.house.library.handbooks[product]
    services = "、".join(service.short for service in handbook.services if service.id in handbook.flows)
    return Said(text=say("apply_which", product=scene.short(product), services=services), session=scene.session)
