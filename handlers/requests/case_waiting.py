"""Nobody has called about an application yet: until when somebody will, and a person for who can't wait."""

from collections.abc import Mapping
from typing import Any

from handlers.case_words import told
from handlers.requests import status
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Tell the open cases with their deadlines; what is late goes to a person at once. None without an open case."""
    cases = scene.customer.open_cases[: status.MOST]
    if not cases:
        return None
    rows = [row for case in cases for row in scene.customer.deadlines(case)]
    is_late = any(row.state == "running" and row.due_at <= scene.now for row in rows)
    lines = [*([say("waiting_late")] if is_late else []), *(told(scene, case) for case in cases)]
    if not is_late:
        lines.append(say("waiting_person"))
    return Said(
        text="\n\n".join(lines),
        session=scene.session,
        citations=status.citations(scene, list(cases)),
        hand_over="a case is late" if is_late else None,
    )
