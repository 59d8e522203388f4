"""Whether a child that is ill or takes medicine may be vaccinated: the clinic's doctor tells, nobody here."""

from collections.abc import Mapping
from typing import Any

from handlers.child_scene import promising
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Refer to the clinic; None where the account's products remind nobody of vaccinations."""
    return Said(text=say("child_fit"), session=scene.session) if promising(scene) else None
