"""Asks for a child's name, birthday and sex where no policy tells them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from bot.forms import Form
from care.child import Profile
from handlers import child_effects, form_files
from handlers.child_words import tell
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind

_MAKING = "child_profile"


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    return form_files.form("child_profile")


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    """What waits for the child goes on by 继续: its row has no number before this turn's commit."""
    profile = Profile(
        name=str(answers["name"]),
        birth=date.fromisoformat(answers["birth"]),
        sex=str(answers["sex"]).upper(),
        record_since=scene.today,
    )
    waits = scene.session.wanted if (scene.session.wanted or {}).get("request") != _MAKING else None
    parts = [tell("made_one", name=profile.name), tell("resume_doses") if waits else tell("made_next")]
    session = replace(scene.session, wanted={**waits, "next": True} if waits else None)
    effect = child_effects.new_child(scene, profile)
    return Said(text="\n".join(parts), session=session, effects=(effect,), reasons=("child added",))


TASK = TaskKind(form=_form, done=_done, confirms=True)
