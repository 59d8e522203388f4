"""Takes note that somebody has done what they were reminded of: 已办好, 付过了, 签好了."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.messages import Inbound
from care.reminders import LATER
from handlers.case_words import missing_papers, names
from handlers.reminder_kind import kind_title
from handlers.reminder_replies import case_of, ending, last_reminder, noting
from handlers.reminders.vaccination import ASKS
from handlers.requests import child_check_up, child_doses
from handlers.scene import Said, Scene
from handlers.wording import say

_GIVEN, _CHECKED = "已接种", "体检做好了"
_LOOKED_AT = re.compile(r"(核实|核对|问)(过|好|清楚|完)|门诊(看过|说)")


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """End the reminders of it and write it into the case; papers that are missing are named once more. None where
    nothing was reminded of."""
    last = last_reminder(scene)
    if last is None:
        return None
    occasion = _question_of(last)
    if occasion is not None and _LOOKED_AT.search(scene.text):
        return Said(text=say("reminder_done_asked"), session=scene.session, effects=(ending(last, occasion=occasion),))
    if _LOOKED_AT.search(scene.text):
        return None
    if last.kind == "vaccination":
        return child_doses.answer(_saying(scene, _GIVEN), {})
    if last.kind == "check_up_next":
        return child_check_up.answer(_saying(scene, _CHECKED), {})
    if not str(last.subject).startswith("case:"):
        return Said(text=say("reminder_done"), session=scene.session, effects=(ending(last),))
    case = case_of(scene, last)
    flow = scene.flow(case.product, case.service) if case else None
    if case is None or flow is None:
        return Said(text=say("reminder_done"), session=scene.session, effects=(ending(last),))
    told = {"service": scene.service_name(case.product, case.service), "number": case.number}
    note = noting(scene, case, f"{kind_title(last.kind)}：{scene.text.strip()}")
    papers = missing_papers(scene, flow, case)
    if last.kind == "material_missing" and papers:
        text = say("reminder_done_papers", papers=names(papers), **told)
        return Said(text=text, session=scene.session, effects=(note,))
    return Said(text=say("reminder_done_case", **told), session=scene.session, effects=(note, ending(last)))


def _question_of(last: Any) -> str | None:
    """Return the occasion of a reminder that asked to have the record looked at, or None."""
    occasion = str(last.occurrence).removesuffix(LATER)
    return occasion if last.kind == "vaccination" and occasion.endswith(f"/{ASKS}") else None


def _saying(scene: Scene, text: str) -> Scene:
    """Return the scene of somebody who said it in the words of the reminder."""
    inbound: Inbound = replace(scene.turn.inbound, text=text)
    return replace(scene, turn=replace(scene.turn, inbound=inbound))
