"""Takes the news that somebody leaves the hospital: who was paid for in advance has the discharge arranged.

Where the service takes an application for that, it begins; else the day becomes the advance's own `discharged_on`, and
its reminders are planned from it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.forms import Question
from bot.slots import kinds
from bot.slots.reading import Found, Scope
from bot.slots.said import Said as Words
from care.case_records import Case
from handlers import form_files
from handlers.case_words import day_words
from handlers.reminder_replies import case_of, changing_day, last_reminder, noting
from handlers.requests import apply
from handlers.scene import Said, Scene
from handlers.wording import say

_FAMILY = "inpatient-advance"
_DISCHARGE = "discharge"
_KNOWN = ("insured", "applicant", "guardian", "relation", "hospital", "phone")  # what the advance has told already


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Begin to arrange the discharge for who has one advance under way, or note its day; None for others: they may
    ask or apply."""
    under_way = [case for case in scene.customer.open_cases if _is_of_family(scene, case)]
    advances = [case for case in under_way if _is_advance(scene, case)]
    if not advances:
        return _noted(scene, [case for case in under_way if not _arranges_discharge(scene, case)])
    begin: dict[str, Any] = {"family": _FAMILY, "text": scene.text, "policy": advances[0].policy_id}
    if len(advances) == 1:
        told = advances[0].answers
        begin["known"] = {slot: told[slot] for slot in _KNOWN if slot in told}
    return apply.answer(scene, begin)


def _noted(scene: Scene, cases: list[Case]) -> Said | None:
    """Write the day into the case; into the one last reminded of where there are several."""
    last = last_reminder(scene) if len(cases) > 1 else None
    reminded = case_of(scene, last) if last is not None else None
    case = cases[0] if len(cases) == 1 else next((one for one in cases if reminded and one.id == reminded.id), None)
    if case is None:
        return None
    day = _day(scene)
    if day is None:
        return Said(text=_asked().ask, session=scene.session)
    told = say(
        "discharge_noted",
        day=day_words(day),
        service=scene.service_name(case.product, case.service),
        number=case.number,
    )
    flow = scene.flow(case.product, case.service)
    kept = changing_day(scene, flow, case, _asked(), day) if flow else noting(scene, case, f"出院日期：{day}")
    return Said(text=told, session=scene.session, effects=(kept,))


def _day(scene: Scene) -> date | None:
    found = kinds.read(_asked(), Words.of(scene.text), Scope(today=scene.today))
    return date.fromisoformat(found.value) if isinstance(found, Found) else None


def _asked() -> Question:
    return form_files.question("told_later", "discharged_on")


def _is_of_family(scene: Scene, case: Case) -> bool:
    service = scene.house.library.handbooks[case.product].service(case.service)
    return service is not None and service.family == _FAMILY


def _arranges_discharge(scene: Scene, case: Case) -> bool:
    """Whether the case's service takes an application to arrange the discharge."""
    return _DISCHARGE in _items(scene, case)


def _is_advance(scene: Scene, case: Case) -> bool:
    """Whether a case pays a hospital in advance, in a service that arranges the discharge on another application."""
    return _arranges_discharge(scene, case) and case.answers.get("item") == _items(scene, case)[0]


def _items(scene: Scene, case: Case) -> list[str]:
    flow = scene.flow(case.product, case.service)
    asked = flow.form.question("item") if flow else None
    return [choice.id for choice in asked.choices] if asked else []
