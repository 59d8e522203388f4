"""Finds faults in the flows that a schema cannot see: against the handbook's services, clauses and facts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.forms import Question
from knowledge.flow import Flow, Promise, Within
from knowledge.library import Handbook
from knowledge.schema import Fact, Service

# Characters that a person can take in at a glance: a step's name in a list, what a move of the case tells.
LONGEST_NAME = 8
LONGEST_TELL = 60

# The optional liabilities that a policy's data can name (column `options` of the policies' file).
OPTIONS = ("vaccine", "dental", "vision")

# How the answer to a yes_no question is written in a condition.
YES_OR_NO = ("yes", "no")


def flow_faults(handbook: Handbook) -> Iterator[str]:
    """Yield every fault in a handbook's flows, one sentence each, with file, entry and remedy."""
    yield from _pairs(handbook)
    for id, flow in handbook.flows.items():
        path = handbook.home / "flows" / f"{id}.yaml"
        yield from _clauses(path, flow, {clause.id for clause in handbook.clauses})
        yield from _steps(path, flow)
        yield from _promised_steps(path, flow)
        yield from _conditions(path, flow)
        yield from _papers(path, flow)
        service = handbook.service(id)
        if service is not None:
            yield from _against_facts(path, flow, service)


def _pairs(handbook: Handbook) -> Iterator[str]:
    services = {service.id for service in handbook.services} - handbook.topics
    for id in sorted(services - handbook.flows.keys()):
        yield (
            f"{handbook.home / 'flows' / f'{id}.yaml'}: service {id!r} has no flow; "
            "write who may use it, what is asked and which steps a case takes (docs/handbooks.md, Flows)"
        )
    for id in sorted(handbook.flows.keys() - services):
        yield (
            f"{handbook.home / 'flows' / f'{id}.yaml'}: flow {id!r} belongs to no service; "
            "name it as its file in services/, or remove it"
        )


def _clauses(path: Path, flow: Flow, known: set[str]) -> Iterator[str]:
    for place, clauses, may_be_silent in _cited(flow):
        for clause in clauses:
            if clause not in known:
                yield f"{path}: {place}: clause {clause!r} is not in clauses.yaml; correct it or add the clause"
        if not clauses and not may_be_silent:
            yield f"{path}: {place}: names no clause; every rule rests on one"


def _cited(flow: Flow) -> Iterator[tuple[str, Sequence[str], bool]]:
    """Yield each place that cites, its clauses, and whether it may have none where the handbook is silent."""
    rules = flow.eligibility
    for place, rule in (
        ("eligibility", rules),
        ("waiting", rules.waiting),
        ("cooling_off", rules.cooling_off),
        ("hours", rules.hours),
        ("lost_on_lapse", rules.lost_on_lapse),
        *(("uses", uses) for uses in rules.uses),
        *((f"need {need.id}", need) for need in rules.needs),
        *((f"refusal {refusal.id}", refusal) for refusal in rules.refusals),
        ("lead_time", flow.lead_time),
        ("cancelling.lead_time", flow.cancelling.lead_time),
        *((f"notice {notice.say[:12]!r}", notice) for notice in flow.notices),
        *((f"material {paper.id}", paper) for paper in flow.materials),
        *((f"promise {promise.id}", promise) for promise in flow.promises),
    ):
        if rule is not None:
            yield place, rule.clause, False
    for place, told in (("cancelling", flow.cancelling), ("proxy", flow.proxy), ("minor", flow.minor)):
        if told is not None:
            yield place, told.clause, True
    for step in flow.steps:
        yield f"step {step.id}", step.clause, True


def _steps(path: Path, flow: Flow) -> Iterator[str]:
    yield from _twice(path, "step", (step.id for step in flow.steps))
    for step in flow.steps:
        if len(step.name) > LONGEST_NAME:
            yield f"{path}: step {step.id}: name has {len(step.name)} characters, {LONGEST_NAME} fit; shorten it"
        if len(step.tell) > LONGEST_TELL:
            yield f"{path}: step {step.id}: tell has {len(step.tell)} characters, {LONGEST_TELL} fit; shorten it"
        if step.ends == "refused" and flow.eligibility.uses and step.use is None:
            yield f"{path}: step {step.id}: a refusal says what becomes of the held use; write use: release, or spend"
        if not any(flow.step(id).ends for id in _ahead(flow, step.id)):  # type: ignore[union-attr]  # checked by Flow
            yield f"{path}: step {step.id}: no end can be reached from it; name one in its next"
    if not any(step.ends == "done" for step in flow.steps):
        yield f"{path}: steps: none ends the case as done; mark the last one with ends: done"


def _ahead(flow: Flow, start: str) -> set[str]:
    """Return every step that a case at `start` may still reach, `start` with them."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        id = waiting.pop()
        step = flow.step(id)
        if step is not None and id not in found:
            found.add(id)
            waiting += step.next
    return found


def _promised_steps(path: Path, flow: Flow) -> Iterator[str]:
    yield from _twice(path, "promise", (promise.id for promise in flow.promises))
    for promise in flow.promises:
        if promise.start == promise.end or promise.end not in _ahead(flow, promise.start):
            yield (
                f"{path}: promise {promise.id}: step {promise.end} is not reached after {promise.start}; "
                "name the step that keeps the promise"
            )


def _conditions(path: Path, flow: Flow) -> Iterator[str]:
    for question in flow.questions:
        yield from _twice(path, f"question {question.slot}: choice", (choice.id for choice in question.choices))
    for place, when in flow.conditions():
        for slot, values in when.items():
            allowed = _values(flow.form.question(slot))
            for value in values:
                if allowed and value not in allowed:
                    yield f"{path}: {place}: {slot} is never {value!r}; use one of {', '.join(allowed)}"
    option = flow.eligibility.option
    if option is not None and option not in OPTIONS:
        yield f"{path}: eligibility: option {option!r} is unknown; use one of {', '.join(OPTIONS)}"


def _values(question: Question | None) -> tuple[str, ...]:
    if question is None:
        return ()
    return YES_OR_NO if question.kind == "yes_no" else tuple(choice.id for choice in question.choices)


def _papers(path: Path, flow: Flow) -> Iterator[str]:
    yield from _twice(path, "material", (paper.id for paper in flow.materials))
    optional = {paper.id for paper in flow.materials if paper.optional}
    for place, told in (("proxy", flow.proxy), ("minor", flow.minor)):
        for paper in told.materials if told is not None else ():
            if paper not in optional:
                yield f"{path}: {place}: material {paper} would be asked from everyone; mark it optional: true"


def _twice(path: Path, what: str, ids: Iterable[str]) -> Iterator[str]:
    for id, times in Counter(ids).items():
        if times > 1:
            yield f"{path}: {what} {id!r} stands {times} times; give each its own id"


def _against_facts(path: Path, flow: Flow, service: Service) -> Iterator[str]:
    """What is told and what is done come from two files; where both give a figure it must be the same."""
    for promise in flow.promises:
        yield from _promise_against_facts(path, promise, service)
    waiting, told = flow.eligibility.waiting, _figure(service, "waiting-period", "days")
    if isinstance(told, int) and told != (waiting.days if waiting is not None else 0):
        yield f"{path}: waiting: the fact waiting-period says {told} days; correct the one that is wrong"
    count, per = _figure(service, "uses", "count"), _figure(service, "uses", "per")
    counts = {(uses.count, uses.per) for uses in flow.eligibility.uses}
    if isinstance(count, int) and per is not None and (count, per) not in counts:
        yield f"{path}: uses: the fact uses says {count} per {per}; correct the one that is wrong"


def _promise_against_facts(path: Path, promise: Promise, service: Service) -> Iterator[str]:
    clauses = set(promise.clause)
    facts = [fact for fact in service.facts if clauses & set(fact.clause)]
    if not facts:
        yield (
            f"{path}: promise {promise.id}: no fact of {service.id} rests on {', '.join(promise.clause)}; "
            "correct the clause, or write the fact that tells the promise"
        )
    told = {_most(fact, promise.within) for fact in facts} - {None}
    if told and promise.within.most not in told:
        yield (
            f"{path}: promise {promise.id}: within is {promise.within.most} {promise.within.unit}, the facts on its "
            f"clauses say {', '.join(str(most) for most in sorted(told, key=str))}; correct the one that is wrong"
        )


def _most(fact: Fact, within: Within) -> Any:
    """Return the longest time that a fact gives in the unit of a promise, or None."""
    figure = fact.value.get(within.unit) if isinstance(fact.value, dict) else None
    return figure[-1] if isinstance(figure, list) and figure else figure


def _figure(service: Service, key: str, name: str) -> Any:
    """Return a figure of the plain fact under `key`, or None."""
    values = (fact.value for fact in service.facts if fact.key == key)
    return next((value.get(name) for value in values if isinstance(value, dict)), None)
