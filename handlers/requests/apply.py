"""Begins an application: which service, which policy, then the service's form."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from care.consents import ConsentKind
from care.policy import Policy
from handlers import relatives
from handlers.applicants import names_insured
from handlers.customers import covered
from handlers.policy_words import person_name
from handlers.requests import bind
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.wishes import wished
from handlers.wording import say
from intents.match import Context
from intents.normal import compact
from knowledge.flow import Flow
from knowledge.vocabulary import family_names

_BARE = 8  # characters: 我要申请, 帮我办理吧
_DRUG = "specialty-drug"
# Who has bound no policy may only mean to ask (我爸住院了，想用垫付): only a plain request begins with consent then;
# other wishes are answered from the handbook, with the offer to apply.
_ASKED_FOR = re.compile(r"申请|申情|办|预约|登记|报名|开通|启动|提交|发起|帮(我|忙|俺|他|她)|(给|替)(我|俺)|麻烦你")
_NOTHING_NAMED = re.compile(
    r"(?:我们?|你们?|您|他|她|孩子|宝宝|娃|儿子|女儿|老公|老婆|老伴|爸爸?|妈妈?|要|想|得|帮忙?|给|替|请|麻烦|现在|就|马上|赶紧|先|再|来|那|好|行|可以|的|吧|啊|呀|了|一?[下个]|[它这那](?:个|项)?|"
    r"申请|办理|办|预约|登记|提交|开通|启动|发起|使用|用|[,，。!！~])+"
)


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Begin an application, or ask what is missing for it; None when no service is meant."""
    family, meant = (wanted["family"], wanted.get("service")) if "family" in wanted else _meant(scene)
    if family is None:
        return _which_service(scene) if len(scene.text.strip()) <= _BARE and not wanted else None
    text = wanted.get("text", scene.text)
    then = {"request": "apply", "family": family, "service": meant, "text": text}
    having = _products_with(scene, family)
    if not having and not scene.customer.policies:
        return None
    if not scene.customer.policies:
        if not wanted and not _ASKED_FOR.search(scene.text):
            return None
        product = _only(scene, having)
        context = _talking_of(scene, product, _service(scene, product, family)) if product else scene.session.context
        ready = scene.at(replace(scene.session, context=context))
        return bind.needed(ready, what=_spoken_of(scene, having, product, family), then=then, product=product)
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
    narrowed = [policy for policy in narrowed if names_insured(policy, str(then["text"]))] or narrowed
    policy = next((policy for policy in narrowed if policy.id == chosen), None)
    if policy is None and len(narrowed) > 1:
        about: dict[str, Any] = {"policies": [one.id for one in narrowed], "ask": "pick_policy", "then": then}
        session = scene.session.begin(Task(kind="pick_policy", about=about))
        return Said(text="", session=session, reasons=("several policies have the service",))
    policy = policy or narrowed[0]
    service = _service(scene, policy.product, family, then["service"])
    if service is None:
        return None
    flow = scene.flow(policy.product, service)
    other = relatives.told(scene, policy, flow, str(then["text"])) if flow else None
    if flow is not None and other is not None:
        return _for_another(scene, policy, flow, other)
    if not scene.customer.has_agreed(ConsentKind.PERSONAL):
        waiting = {**then, "service": service, "policy": policy.id, "known": wanted.get("known")}
        return bind.first(scene, why=say("consent_changed"), then=waiting, product=policy.product)
    begin = _beginning(scene, policy, service)
    about = {
        "product": policy.product,
        "service": service,
        "policy": policy.id,
        "said": _besides_name(scene, policy.product, service, str(then["text"])),
        "opening": begin,
        "known": wanted.get("known"),
    }
    session = replace(scene.session, wanted=None, policy=policy.id, offered=None)
    context = _talking_of(scene, policy.product, service)
    session = replace(session, context=context).begin(Task(kind="apply", about=about))
    return Said(text="", session=session, reasons=(f"begins {policy.product}/{service}",))


def _for_another(scene: Scene, policy: Policy, flow: Flow, told: Said) -> Said:
    """Refuse who asks for somebody whom the policy does not cover; offer to apply for those whom it does."""
    names = "、".join(person_name(policy, person) for person in covered(policy, flow))
    offered = f"{policy.product}/{flow.service}"
    session = replace(scene.session, wanted=None, policy=policy.id, offered=offered)
    text = f"{told.text}\n{say('apply_for_covered', names=names)}"
    return replace(told, text=text, session=session, reasons=("asked for somebody who is not covered",))


def _beginning(scene: Scene, policy: Policy, service: str) -> str:
    """Return the first sentence of an application; it names another person where it can be for nobody else."""
    name, product = scene.service_name(policy.product, service), scene.short(policy.product)
    flow = scene.flow(policy.product, service)
    people = covered(policy, flow) if flow else ()
    only = people[0] if len(people) == 1 else None
    if only is not None and only.relation != "self":
        return say("apply_begin_for", name=only.name, service=name, product=product)
    return say("apply_begin", service=name, product=product)


def _talking_of(scene: Scene, product: str, service: str | None) -> Context:
    """Return the context in which a question that comes in the middle is about this service."""
    found = scene.house.library.handbooks[product].service(service or "")
    topic = f"{product}/{service}/{found.facts[0].key}" if found else None
    return replace(scene.session.context, product=product, topic=topic)


def _spoken_of(scene: Scene, having: list[str], product: str | None, family: str) -> str:
    """Return how to call what is wanted while the product may be unknown: the service that was named, else its kind."""
    candidates = [product] if product else having
    names = [scene.service_name(one, _service(scene, one, family) or "") for one in candidates]
    named = [name for name in names if name in scene.text]
    return named[0] if named else names[0] if len(set(names)) == 1 else family_names().get(family, family)


def _besides_name(scene: Scene, product: str, service: str, text: str) -> str:
    """Return a wish without the service's own name, unless it is a choice's: 住院绿通 tells no 住院 from 手术."""
    found, flow = scene.house.library.handbooks[product].service(service), scene.flow(product, service)
    if found is None or flow is None:
        return text
    chosen = {name for question in flow.questions for one in question.choices for name in (one.label, *one.called)}
    own = {found.name, found.short, *(name for name in found.called if _lengthens(name, found.short, chosen))}
    for name in sorted(own - chosen, key=len, reverse=True):
        text = text.replace(name, "，")
    return text


def _lengthens(name: str, short: str, chosen: set[str]) -> bool:
    """Whether a name only says a short one at length (住院绿色通道), with no choice's word that the short one lacks."""
    rest = iter(name)
    return all(one in rest for one in short) and not any(word in name and word not in short for word in chosen)


def _meant(scene: Scene) -> tuple[str | None, str | None]:
    """Return family and service that are meant: told in the words of a flow, named, understood, or talked about.

    A name goes before another service's words where as much was said of it: 申请住院垫付 holds 申请 and 住院, and means
    no bed; 报销 is only a part of 体检费报销帮我办.
    """
    told, named = wished(scene), _named(scene)
    spelt = _spelt(scene, least=told.length) if told is not None else []
    is_told = told is not None and (not spelt or told.service in {service for _, service in spelt})
    if told is not None and is_told and not (named and _is_place(scene, told.service)):
        return _at(scene, f"{told.product}/{told.service}")
    if named:
        return named[0]
    if any(scene.house.router.drugs_in(scene.text, product) for product in scene.products):
        return _DRUG, None
    talked_of = scene.session.offered or scene.session.context.topic
    return _at(scene, talked_of if _NOTHING_NAMED.fullmatch(compact(scene.text)) else _understood(scene))


def _at(scene: Scene, place: str | None) -> tuple[str | None, str | None]:
    """Return family and service of a place in a handbook, where it is a service that is run."""
    product, service = (place or "/").split("/")[:2]
    found = scene.house.library.handbooks[product].service(service) if scene.flow(product, service) else None
    return (found.family, service) if found else (None, None)


def _named(scene: Scene) -> list[tuple[str | None, str | None]]:
    """The families and services named. A name spelt in full beats one that only looks alike."""
    heard = [(place.family, place.id) for place in scene.house.router.services_in(scene.text)]
    spelt = _spelt(scene)
    named: list[tuple[str, str]] = [*heard] if not spelt or set(heard) & set(spelt) else [*spelt]
    return [*([one for one in named if not _is_place(scene, one[1])] or named)]


def _is_place(scene: Scene, service: str) -> bool:
    """Whether a service's name only tells the hospital: 申请肿瘤二诊，在厦门弘爱医院."""
    text = compact(scene.text)
    found = [scene.house.library.handbooks[product].service(service) for product in scene.products]
    names = [name for one in found if one is not None for name in one.called if name.endswith("医院") and name in text]
    return bool(names) and f"在{max(names, key=len)}" in text


def _spelt(scene: Scene, *, least: int = 0) -> list[tuple[str, str]]:
    """The families and services named as written, by a name of at least so many characters."""
    text = compact(scene.text)
    return [
        (service.family, service.id)
        for product in scene.products
        for service in scene.house.library.handbooks[product].services
        if any(len(name) >= least and name in text for name in (service.short, *service.called))
    ]


def _understood(scene: Scene) -> str | None:
    """The place in a handbook that a message is about: 帮我先垫一下钱 names no service and means one."""
    match = scene.house.router.route(scene.text, scene.session.context)
    return match.topics[0] if match.decision == "answer" and match.topics else None


def _products_with(scene: Scene, family: str) -> list[str]:
    return [product for product in scene.products if _service(scene, product, family) is not None]


def _service(scene: Scene, product: str, family: str, meant: str | None = None) -> str | None:
    """Return the service of a family that a product runs, rather the one meant; None where it has none."""
    handbook = scene.house.library.handbooks[product]
    having = [one.id for one in handbook.services if one.family == family and one.id in handbook.flows]
    return meant if meant in having else next(iter(having), None)


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
