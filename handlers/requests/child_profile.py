"""Makes the children's profiles, or shows one: 建宝宝档案, 看宝宝档案."""

import re
from collections.abc import Mapping
from typing import Any

from care.child import Child
from handlers import child_effects
from handlers.child_scene import meant, the_children
from handlers.child_words import age_of, day_of, dose_words, growth_words, tell
from handlers.scene import Said, Scene

_MAKES = re.compile(r"建|创建|新建|做|开|填|登记|设|加|弄")
_HBSAG = {"positive": "阳性", "negative": "阴性", "unknown": "不清楚"}
_SEXES = {"M": "，男孩", "F": "，女孩"}


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Make profiles for the policies' children, or ask for a child of whom no policy tells; show those there are."""
    text = str(wanted.get("text", scene.text))
    ready = the_children(scene, wanted, "child_profile", text=text)
    if ready is None or isinstance(ready, Said):
        return ready
    new = [child for child in ready if not child.id]
    if new:
        names = "、".join(child.name for child in new)
        said = [tell("made_insured", names=names), tell("made_next")]
        return Said(text="\n".join(said), session=scene.session, effects=child_effects.profiles_of_policies(scene, new))
    found = meant(scene, ready, text)
    if _MAKES.search(text) and not any(child.doses for child in found):
        names = "、".join(child.name for child in found)
        said = [tell("made_insured" if found[0].insured_id else "made", names=names), tell("made_next")]
        return Said(text="\n".join(said), session=scene.session)
    if _MAKES.search(text):
        names = "、".join(child.name for child in found)
        return Said(text=tell("here_already", names=names), session=scene.session)
    return Said(text="\n\n".join(shown(scene, child) for child in found), session=scene.session)


def shown(scene: Scene, child: Child) -> str:
    """Return a profile in lines."""
    profile = child.profile
    sex = _SEXES.get(profile.sex, "")
    lines = [tell("shown_birth", birth=day_of(child.birth), age=age_of(child.birth, scene.today), sex=sex)]
    lines += [tell("shown_region", region=profile.region)] if profile.region else []
    lines += [tell("shown_conditions", conditions=profile.conditions)] if profile.conditions else []
    lines += [tell("shown_weight", weight=f"{profile.birth_weight_g:g}")] if profile.birth_weight_g else []
    lines += [tell("shown_hbsag", hbsag=_HBSAG[profile.mother_hbsag])] if profile.mother_hbsag else []
    if child.doses:
        last = child.doses[-1]
        vaccine = dose_words(child, last).split("，")[0]
        lines.append(tell("shown_doses", count=str(len(child.doses)), day=day_of(last.on), vaccine=vaccine))
    else:
        lines.append(tell("shown_no_doses"))
    lines += [tell("shown_growth", growth=growth_words(child.growth[-1]))] if child.growth else []
    lines += [tell("shown_of_policy")] if child.insured_id else []
    return tell("shown", name=child.name, lines="\n".join(lines))
