"""Records that a child's check-up was done: 体检做好了."""

from collections.abc import Mapping
from typing import Any

from bot.slots.said import Said as Words
from care.child import CheckUp
from care.vaccination.told_days import closed, moments_in
from handlers import child_effects
from handlers.child_scene import children_of, the_child
from handlers.child_words import day_of, tell
from handlers.scene import Said, Scene


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Record it, today or on the day told; None for who has no child here: it may be anybody's check-up."""
    text = str(wanted.get("text", scene.text))
    if not wanted and not children_of(scene):
        return None
    child = the_child(scene, wanted, "child_check_up", text=text)
    if child is None or isinstance(child, Said):
        return child
    moments = moments_in(Words.of(text).plain, birth=child.birth, today=scene.today)
    days = [one.on for one in closed(moments, birth=child.birth, today=scene.today) if one.on]
    on = days[0] if days else scene.today
    if not child.birth <= on <= scene.today:
        told = tell("check_up_date", day=day_of(on), name=child.name, birth=day_of(child.birth))
        return Said(text=told, session=scene.session)
    effect = child_effects.record_check_up(scene, child, CheckUp(on=on))
    text = tell("check_up", name=child.name, day=day_of(on))
    return Said(text=text, session=scene.session, effects=(effect,))
