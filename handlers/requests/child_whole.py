"""Takes note that all doses were told: what is not recorded was not given."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handlers import child_effects
from handlers.child_scene import children_of, key_of, the_child
from handlers.child_words import next_words, tell
from handlers.scene import Said, Scene


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Count the record as whole; None for who has no child with a record that may lack doses."""
    text = str(wanted.get("text", scene.text))
    open_ended = [child for child in children_of(scene) if child.profile.record_since is not None]
    told = [child for child in open_ended if child.doses]
    if not wanted and not told:
        return None
    if len(told) == 1 and not wanted:
        wanted = {"child": key_of(told[0])}
    child = the_child(scene, wanted, "child_whole", text=text)
    if child is None or isinstance(child, Said):
        return child
    after = replace(child, profile=replace(child.profile, record_since=None))
    lines = [tell("whole", name=child.name), next_words(after, scene.today), tell("rule")]
    effect = child_effects.change_profile(scene, child, record_since=None)
    return Said(text="\n".join(lines), session=scene.session, effects=(effect,))
