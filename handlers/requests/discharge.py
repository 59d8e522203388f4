"""Takes the news that somebody leaves the hospital: who was paid for in advance has the discharge arranged."""

from collections.abc import Mapping
from typing import Any

from care.case_records import Case
from handlers.requests import apply
from handlers.scene import Said, Scene

_FAMILY = "inpatient-advance"
_DISCHARGE = "discharge"
_KNOWN = ("insured", "applicant", "guardian", "relation", "hospital", "phone")  # what the advance has told already


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Begin to arrange the discharge for who has one advance under way; None for others: they may ask or apply."""
    advances = [case for case in scene.customer.open_cases if _is_advance(scene, case)]
    if not advances:
        return None
    begin: dict[str, Any] = {"family": _FAMILY, "text": scene.text, "policy": advances[0].policy_id}
    if len(advances) == 1:
        told = advances[0].answers
        begin["known"] = {slot: told[slot] for slot in _KNOWN if slot in told}
    return apply.answer(scene, begin)


def _is_advance(scene: Scene, case: Case) -> bool:
    """Whether a case pays a hospital in advance, in a service that arranges the discharge on another application."""
    flow, found = (
        scene.flow(case.product, case.service),
        scene.house.library.handbooks[case.product].service(case.service),
    )
    kinds = flow.form.question("item") if flow and found and found.family == _FAMILY else None
    ids = [choice.id for choice in kinds.choices] if kinds else []
    return _DISCHARGE in ids and case.answers.get("item") == ids[0]
