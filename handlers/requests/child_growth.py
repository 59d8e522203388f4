"""Records height and weight: 身高105 体重17. It is a record; whether a child grows well a doctor tells."""

import re
from collections.abc import Mapping
from typing import Any

from bot.slots.said import Said as Words
from care.child import Child, Growth
from care.vaccination.told_days import closed, moments_in
from handlers import child_effects
from handlers.child_scene import children_of, the_child
from handlers.child_words import age_of, day_of, growth_words, tell
from handlers.growth_words import growth_in, is_likely
from handlers.scene import Said, Scene

_OTHERS = re.compile(r"出生|生下来|^我(?!们|家)|我妈|我爸|老公|老婆|自己|大人")


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Record what was measured, today or on the day told; None where nothing was."""
    text = str(wanted.get("text", scene.text))
    told = growth_in(text)
    if (told.height_cm is None and told.weight_kg is None) or _OTHERS.search(text):
        return None
    if not wanted and not children_of(scene):
        return None
    child = the_child(scene, wanted, "child_growth", text=text)
    if child is None or isinstance(child, Said):
        return child
    moments = closed(
        moments_in(Words.of(text).plain, birth=child.birth, today=scene.today), birth=child.birth, today=scene.today
    )
    on = next((one.on for one in moments if one.on and not one.is_about), scene.today)
    growth = Growth(on=on, height_cm=told.height_cm, weight_kg=told.weight_kg)
    objection = _objection(scene, child, growth)
    if objection is not None:
        return Said(text=objection, session=scene.session)
    parts = [tell("growth", name=child.name, day=day_of(on), growth=growth_words(growth))]
    before = [one for one in child.growth if one.on < on]
    parts += [tell("growth_before", day=day_of(before[-1].on), growth=growth_words(before[-1]))] if before else []
    if before and (growth.height_cm or 999) < (before[-1].height_cm or 0) - 1:
        parts.append(tell("growth_smaller"))
    parts.append(tell("growth_advice"))
    return Said(
        text="\n".join(parts), session=scene.session, effects=(child_effects.record_growth(scene, child, growth),)
    )


def _objection(scene: Scene, child: Child, growth: Growth) -> str | None:
    if growth.on > scene.today:
        return tell("growth_future", day=day_of(growth.on))
    if growth.on < child.birth:
        return tell("growth_before_birth", day=day_of(growth.on))
    months = (growth.on - child.birth).days // 30
    if is_likely(growth_in(growth_words(growth)), months):
        return None
    return tell("growth_unlikely", growth=growth_words(growth), name=child.name, age=age_of(child.birth, growth.on))
