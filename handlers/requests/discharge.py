"""Takes the news that somebody leaves the hospital: who was paid for in advance has the discharge arranged."""

from collections.abc import Mapping
from typing import Any

from handlers.requests import apply
from handlers.scene import Said, Scene

_FAMILY = "inpatient-advance"


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Begin to arrange the discharge for who has an advance under way; None for others: they may ask or apply."""
    if not any(_is_advance(scene, case.product, case.service) for case in scene.customer.open_cases):
        return None
    return apply.answer(scene, {"family": _FAMILY, "text": scene.text})


def _is_advance(scene: Scene, product: str, service: str) -> bool:
    found = scene.house.library.handbooks[product].service(service)
    return found is not None and found.family == _FAMILY
