"""What somebody must know, and agree to, before an application is submitted, with the clauses it rests on."""

from dataclasses import dataclass
from datetime import date

from bot.forms import holds
from care.deadlines import latest
from care.policy import Policy
from handlers.applicants import person_of
from handlers.scene import Scene
from handlers.tasks import Answers
from handlers.wording import say
from knowledge.flow import Flow, LeadTime, Proxy


@dataclass(frozen=True, kw_only=True)
class Cautions:
    """Sentences in the order in which they are told, and the clauses behind them, each once."""

    lines: tuple[str, ...]
    clauses: tuple[str, ...]


def cautions(scene: Scene, policy: Policy, flow: Flow, answers: Answers) -> Cautions:
    """Return what applies to an application with these answers: notices, cancelling, lead time, doubts, papers."""
    own = of_service(flow, answers)
    told = [notice for notice in flow.notices if holds(notice.when, own)]
    lines = [notice.say for notice in told]
    clauses = [clause for notice in told for clause in notice.clause]
    if flow.cancelling.clause and holds(flow.cancelling.when, own):
        lines.append(flow.cancelling.say)
        clauses = [*flow.cancelling.clause, *clauses]
    lines += late(scene, flow.lead_time, own)
    lines += _in_doubt(scene, policy, flow, own)
    for rule in _of_others(flow, answers):
        lines.append(rule.say)
        clauses += rule.clause
    return Cautions(lines=tuple(dict.fromkeys(lines)), clauses=tuple(dict.fromkeys(clauses)))


def late(scene: Scene, lead_time: LeadTime | None, answers: Answers) -> list[str]:
    """Return what is told when it is too late for a planned day; nothing while there is time."""
    planned = answers.get(lead_time.slot) if lead_time else None
    if lead_time is None or not planned:
        return []
    until = latest(date.fromisoformat(str(planned)), lead_time, scene.house.calendar)
    return [lead_time.late] if scene.now > until.at else []


def of_service(flow: Flow, answers: Answers) -> Answers:
    """Return the answers to the service's own questions (and for whom), which its rules speak of."""
    slots = {question.slot for question in flow.questions} | {"insured"}
    return {slot: value for slot, value in answers.items() if slot in slots}


def _in_doubt(scene: Scene, policy: Policy, flow: Flow, own: Answers) -> list[str]:
    insured = person_of(policy, flow, own)
    verdict = scene.customer.verdict(policy, insured, flow.service, now=scene.now, answers=own)
    why = "".join(check.why for check in verdict.against) if verdict.decision == "unknown" else ""
    return [say("apply_unknown", why=why)] if why else []


def _of_others(flow: Flow, answers: Answers) -> list[Proxy]:
    """Return the rules for somebody who applies for a child, or for another person."""
    is_proxy = answers.get("applicant") == "family" or answers.get("guardian") == "other"
    rules = (flow.minor if "guardian" in answers else None, flow.proxy if is_proxy else None)
    return [rule for rule in rules if rule is not None]
