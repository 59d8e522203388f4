"""How cases are told: which papers are wanted, which are missing, until when, what the steps are called."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bot.clock import in_china
from bot.forms import holds
from care import media
from care.case_records import Case
from care.steps import CANCELLED
from handlers.scene import Scene
from handlers.wording import say
from knowledge.flow import Flow, Material


def day_words(day: date) -> str:
    """Return a date as people write it: 2026年11月25日."""
    return f"{day.year}年{day.month}月{day.day}日"


def until_words(at: datetime, unit: str) -> str:
    """Return when something is due as people write it, with the time of day where hours or minutes were promised."""
    china = in_china(at)
    clock = f"{china:%H:%M}" if unit in ("hours", "minutes") else ""
    return f"{day_words(china.date())}{clock}"


def wanted_papers(flow: Flow, own: Mapping[str, Any], answers: Mapping[str, Any]) -> list[Material]:
    """Return the papers that an application needs now: those its answers call for, and a proxy's or a minor's."""
    by = _papers_of_applicant(flow, answers)
    return [
        paper
        for paper in flow.materials
        if (paper.id in by or (not paper.later and not paper.optional)) and holds(paper.when, own)
    ]


def _papers_of_applicant(flow: Flow, answers: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    if "guardian" in answers and flow.minor is not None:
        found |= set(flow.minor.materials)
    if (answers.get("applicant") == "family" or answers.get("guardian") == "other") and flow.proxy is not None:
        found |= set(flow.proxy.materials)
    return found


def acceptable_papers(flow: Flow, case: Case) -> list[Material]:
    """Return every paper that a case may take, also those of a later step and optional ones; a proxy's and a minor's
    only where one applies."""
    of_others = {id for rule in (flow.proxy, flow.minor) if rule is not None for id in rule.materials}
    barred = of_others - _papers_of_applicant(flow, case.answers)
    return [paper for paper in flow.materials if paper.id not in barred and holds(paper.when, case.answers)]


def missing_papers(scene: Scene, flow: Flow, case: Case) -> list[Material]:
    """Return the papers of an open case that are wanted and were not sent yet."""
    with scene.house.customers.store.reading() as connection:
        sent = {paper.material for paper in media.of_case(connection, case.id)}
    return [paper for paper in wanted_papers(flow, case.answers, case.answers) if paper.id not in sent]


def names(papers: Sequence[Material]) -> str:
    """Return papers in one line."""
    return "、".join(paper.name for paper in papers)


def step_name(flow: Flow | None, case: Case) -> str:
    """Return what a case's step is called."""
    if case.step == CANCELLED:
        return "已撤回"
    step = flow.step(case.step) if flow else None
    return step.name if step else case.step


def told(scene: Scene, case: Case) -> str:
    """Return a case in a few lines: its step, what is next, until when, what is missing."""
    flow = scene.flow(case.product, case.service)
    service = scene.service_name(case.product, case.service)
    if flow is None or not case.is_open:
        return say("case_closed_line", service=service, number=case.number, step=step_name(flow, case))
    step = flow.step(case.step)
    line = say(
        "case_line",
        service=service,
        product=scene.short(case.product),
        number=case.number,
        step=step_name(flow, case),
        tell=step.tell if step else "",
    )
    papers = missing_papers(scene, flow, case)
    lacking = [say("case_missing", names=names(papers))] if papers else []
    return "\n".join([line, *_time_left(scene, flow, case), *lacking])


def _time_left(scene: Scene, flow: Flow, case: Case) -> list[str]:
    rows = scene.customer.deadlines(case)
    if not rows:
        return []
    if rows[0].state == "paused":
        return [say("case_paused")]
    promise = next((one for one in flow.promises if one.id == rows[0].promise), None)
    end = flow.step(promise.end) if promise else None
    until = until_words(rows[0].due_at, promise.within.unit if promise else "days")
    return [say("case_due", due=until, what=end.name if end else "办理")]
