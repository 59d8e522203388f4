"""还要什么材料, said while an application is under way: what this case still wants, rather than the handbook's list."""

from collections.abc import Mapping
from typing import Any

from handlers.requests import material
from handlers.scene import Said, Scene


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """List what is missing; None for who has nothing under way, or is only about to apply: the handbook tells."""
    if not scene.customer.open_cases or scene.session.task is not None:
        return None
    return material.answer(scene, wanted)
