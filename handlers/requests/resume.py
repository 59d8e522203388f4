"""Takes up what was interrupted. While a dialog is open the desk repeats its question before it comes to this."""

from collections.abc import Mapping
from typing import Any

from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Say that nothing is open."""
    return Said(text=say("nothing_to_resume"), session=scene.session)
