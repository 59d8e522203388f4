"""What to mind before and after a vaccination: what the reminders say, said to who asks; the clinic tells the rest."""

import re
from collections.abc import Mapping
from typing import Any

from handlers.child_scene import children_of
from handlers.child_words import tell
from handlers.scene import Said, Scene

_UNWELL = re.compile(r"[发低高]烧|发热|烧[到了]|红肿|[红肿]了|硬块|疹|哭闹|精神|不舒服|拉肚子|吐")
_BEFORE = re.compile(r"之?前|准备|带(什么|哪些|啥)|要带")


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Tell it; None for who has no child here: the handbooks answer."""
    if not children_of(scene):
        return None
    if _UNWELL.search(scene.text):
        return Said(text=tell("visit_unwell"), session=scene.session)
    return Said(text=tell("visit_before" if _BEFORE.search(scene.text) else "visit_after"), session=scene.session)
