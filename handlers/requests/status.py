"""Tells how a person's applications stand."""

import re
from collections.abc import Mapping
from typing import Any

from bot.messages import Citation
from care.case_numbers import read_number
from care.case_records import Case
from handlers.case_words import told
from handlers.scene import Said, Scene
from handlers.wording import say

MOST = 3
_WHERE = re.compile(r"在哪|哪里|哪儿|怎么(查|看)|如何(查|看)|咋(查|看)")


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Tell the newest open cases, the one whose number was sent, or the last closed one."""
    cases = scene.customer.cases()
    number = read_number(scene.text)
    if not cases:
        # Who bound nothing may ask about a claim that was handed in elsewhere: the handbook tells where to look.
        is_own = scene.customer.policies or number or not _WHERE.search(scene.text)
        return Said(text=say("cases_none"), session=scene.session) if is_own else None
    named = [case for case in cases if case.number == number]
    chosen = named or [case for case in cases if case.is_open] or list(cases[:1])
    lines = [told(scene, case) for case in chosen[:MOST]]
    if len(chosen) > MOST:
        lines.append(say("cases_more", count=str(len(chosen) - MOST)))
    if any(case.is_open for case in chosen):
        lines.append(say("case_next"))
    return Said(text="\n\n".join(lines), session=scene.session, citations=citations(scene, chosen[:MOST]))


def citations(scene: Scene, cases: list[Case]) -> tuple[Citation, ...]:
    """Return the clauses behind the steps at which cases are."""
    found = []
    for case in cases:
        flow = scene.flow(case.product, case.service)
        step = flow.step(case.step) if flow else None
        found += [Citation(product=case.product, clause=clause) for clause in (step.clause if step else ())]
    return tuple(found)
