"""Deletes what is stored of a person."""

from collections.abc import Mapping
from typing import Any

from handlers.scene import Said, Scene
from handlers.session import Task


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Tell what is deleted and what is kept, and ask whether the person is sure."""
    return Said(text="", session=scene.session.begin(Task(kind="forget")))
