"""Changes a child's profile: 宝宝对鸡蛋过敏，记一下; 出生体重3200克; 我们在上海."""

import re
from collections.abc import Mapping
from typing import Any

from care.child import Child
from handlers import child_effects
from handlers.child_scene import children_of, key_of, the_child
from handlers.child_words import tell
from handlers.profile_words import changes_in
from handlers.scene import Said, Scene
from handlers.session import Task

_OF_POLICY = re.compile(r"名字|姓名|生日|出生日期|性别")
_OF_PLAN = frozenset({"mother_hbsag", "birth_weight_g", "region"})
_HBSAG = {"positive": "阳性", "negative": "阴性"}


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Change what is told, or ask what to change; None for who has no child here."""
    text = str(wanted.get("text", scene.text))
    if not wanted and not children_of(scene):
        return None
    child = the_child(scene, wanted, "child_change", text=text)
    if child is None or isinstance(child, Said):
        return child
    return changed(scene, child, text) or _asked(scene, child, text)


def changed(scene: Scene, child: Child, text: str) -> Said | None:
    """Change the profile as a text tells; None where it tells nothing."""
    changes = changes_in(text.replace(child.name, ""), conditions=child.profile.conditions)
    if not changes:
        return None
    end = "changed_plan" if changes.keys() & _OF_PLAN else "changed_conditions"
    said = tell("changed", name=child.name, what=_words(changes), next=tell(end))
    effect = child_effects.change_profile(scene, child, **changes)
    return Said(text=said, session=scene.session, effects=(effect,), reasons=("profile changed",))


def _words(changes: Mapping[str, Any]) -> str:
    told = {
        "conditions": lambda value: tell("shown_conditions", conditions=value),
        "mother_hbsag": lambda value: tell("shown_hbsag", hbsag=_HBSAG[value]),
        "birth_weight_g": lambda value: tell("shown_weight", weight=f"{value:g}"),
        "region": lambda value: tell("shown_region", region=value),
    }
    return "，".join(told[name](value) for name, value in changes.items())


def _asked(scene: Scene, child: Child, text: str) -> Said:
    if _OF_POLICY.search(text) and child.insured_id:
        return Said(text=tell("changed_of_policy"), session=scene.session)
    task = Task(kind="child_change", about={"child": key_of(child)})
    return Said(text="", session=scene.session.begin(task), reasons=("asks what to change",))
