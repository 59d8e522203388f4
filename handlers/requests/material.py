"""Tells which papers are missing."""

from collections.abc import Mapping
from typing import Any

from handlers.case_words import missing_papers
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """List what each open application still wants; None for somebody without policies: a handbook question."""
    cases = scene.customer.open_cases
    if not cases:
        return Said(text=say("material_none_open"), session=scene.session) if scene.customer.policies else None
    lines = []
    for case in cases:
        flow = scene.flow(case.product, case.service)
        papers = missing_papers(scene, flow, case) if flow else []
        service, number = scene.service_name(case.product, case.service), case.number
        listed = "\n".join(f"{at}. {paper.name}" for at, paper in enumerate(papers, start=1))
        if papers:
            lines.append(say("material_ask", lines=listed, service=service, number=number))
        else:
            lines.append(say("material_complete", service=service, number=number))
    return Said(text="\n".join(lines), session=scene.session)
