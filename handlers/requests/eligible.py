"""Tells whether a person may use a service now, from their policy's data, with the clause that decides."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from care.eligibility import Verdict
from care.policy import Insured, Policy
from handlers.case_words import day_words
from handlers.clauses import cited, clause_lines, deciding
from handlers.customers import covered
from handlers.policy_words import person_name
from handlers.scene import Said, Scene
from handlers.wording import say
from intents.normal import compact
from knowledge.flow import Flow
from knowledge.vocabulary import family_names


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Judge the service asked about, or all services of the policy; None for who bound no policy."""
    policy = policy_in_use(scene)
    if policy is None:
        return None
    if lacking := lacks(scene, policy):
        return lacking
    flow = flow_meant(scene, policy)
    if flow is not None:
        return _one(scene, policy, flow)
    told, person = [], next(iter(policy.insured), None)
    for each in scene.house.library.handbooks[policy.product].flows.values():
        verdict = scene.customer.verdict(policy, who_uses(policy, each), each.service, now=scene.now)
        why = "".join(dict.fromkeys(check.why for check in verdict.against))
        name = {"eligible": "yes", "not_eligible": "no", "unknown": "unknown"}[verdict.decision]
        told.append((scene.service_name(policy.product, each.service), f"eligible_list_{name}", (("why", why),)))
    lines = "\n".join(by_sentence(told))
    text = say("eligible_list", product=scene.short(policy.product), name=person_name(policy, person), lines=lines)
    return Said(text=text, session=replace(scene.session, policy=policy.id))


def by_sentence(told: Iterable[tuple[str, str, tuple[tuple[str, str], ...]]]) -> list[str]:
    """Return a line for each sentence (its name and what fills it), with all services of which it is told."""
    services: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for service, name, gaps in told:
        services.setdefault((name, gaps), []).append(service)
    return [say(name, service="、".join(names), **dict(gaps)) for (name, gaps), names in services.items()]


def lacks(scene: Scene, policy: Policy) -> Said | None:
    """Say that the policy's product has nothing of the services named; None where it has one, or none is named."""
    families = _families_named(scene)
    handbook = scene.house.library.handbooks[policy.product]
    if not families or any(one.family in families and one.id in handbook.flows for one in handbook.services):
        return None
    family = families[0]
    text = say("lacks_service", product=scene.short(policy.product), family=family_names().get(family, family))
    return Said(text=text, session=scene.session, reasons=("the product has no such service",))


def _families_named(scene: Scene) -> list[str]:
    """The families of the services, of any handbook, that are named in full; else of those that sound like it."""
    text = compact(scene.text)
    spelt = [
        service.family
        for handbook in scene.house.library
        for service in handbook.services
        if service.id in handbook.flows and any(name in text for name in (service.short, *service.called))
    ]
    return spelt or [place.family for place in scene.house.router.services_in(scene.text) if place.offered]


def policy_in_use(scene: Scene) -> Policy | None:
    """Return the policy that a question about "my" cover means: of the product or with the service that is named,
    else the one in use."""
    named = set(scene.house.router.products_in(scene.text))
    named = named or {place.product for place in scene.house.router.services_in(scene.text) if place.offered}
    bound = scene.customer.policies
    policies = [policy for policy in bound if policy.product in named] or list(bound)
    in_use = next((policy for policy in policies if policy.id == scene.session.policy), None)
    return in_use or next(iter(policies), None)


def flow_meant(scene: Scene, policy: Policy) -> Flow | None:
    """Return the service asked about: named, else the one talked about last."""
    handbook = scene.house.library.handbooks[policy.product]
    places = scene.house.router.services_in(scene.text)
    families = [place.family for place in places]
    named = [place.id for place in places if place.product == policy.product]
    named += [service.id for service in handbook.services if service.family in families]
    topic = (scene.session.context.topic or "").split("/")
    before = [topic[1]] if len(topic) > 1 and topic[0] == policy.product else []
    return next((handbook.flows[id] for id in (*named, *before) if id in handbook.flows), None)


def who_uses(policy: Policy, flow: Flow) -> Insured | None:
    """Return for whom a verdict is told when nobody was named: the first person who may use the service."""
    people = covered(policy, flow)
    return people[0] if people else None


def _one(scene: Scene, policy: Policy, flow: Flow) -> Said:
    insured = who_uses(policy, flow)
    verdict = scene.customer.verdict(policy, insured, flow.service, now=scene.now)
    service = scene.service_name(policy.product, flow.service)
    lines = [_verdict_words(service, verdict)]
    clauses = [clause for check in verdict.against or verdict.checks for clause in check.clause]
    lines += clause_lines(scene, policy.product, clauses)
    session = replace(scene.session, policy=policy.id, offered=f"{policy.product}/{flow.service}")
    return Said(text="\n".join(lines), session=session, citations=cited(policy.product, deciding(verdict)))


def _verdict_words(service: str, verdict: Verdict) -> str:
    why = "".join(check.why for check in verdict.against)
    if verdict.decision == "eligible":
        needs = say("eligible_needs", needs="".join(need.say for need in verdict.needs)) if verdict.needs else ""
        return say("eligible_yes", service=service, needs=needs)
    if verdict.decision == "unknown":
        return say("eligible_unknown", service=service, why=why)
    begins = day_words(verdict.eligible_from) if verdict.eligible_from else ""
    from_ = say("apply_refused_from", date=begins) if begins and begins not in why else ""
    return say("eligible_no", service=service, why=why, from_=from_)


def each_flow(scene: Scene, policy: Policy) -> Iterator[Flow]:
    """Yield the service asked about, or all of the product."""
    meant = flow_meant(scene, policy)
    yield from [meant] if meant else scene.house.library.handbooks[policy.product].flows.values()
