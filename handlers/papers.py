"""Photos and documents that people send: kept for the application they belong to, once personal data may be used."""

from dataclasses import replace

from sqlalchemy import Connection

from bot.messages import Committing, Effect, Kind
from care import media
from care.child import Child
from care.consents import ConsentKind
from handlers import child_effects
from handlers.child_scene import children_of
from handlers.child_words import tell
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks.material import choices_of, kept
from handlers.wording import say

KINDS = frozenset({Kind.IMAGE, Kind.FILE, Kind.VIDEO})
_ASKS_WHICH = "material"
_WITH_FORM = "apply"
_OF_DOSES = frozenset({"child_doses", "child_given", "child_dose_right"})


def received(scene: Scene) -> Said | None:
    """Take a file for an open application, one being filled in or one to come.

    None where the person has nothing to do with personal data yet: a file is not even fetched without their consent.
    """
    if not scene.customer.has_agreed(ConsentKind.PERSONAL):
        is_asked = scene.session.task is not None
        return Said(text=say("material_before_consent"), session=scene.session) if is_asked else None
    if scene.turn.inbound.kind is Kind.VIDEO:
        return Said(text=say("material_video"), session=scene.session)
    if not scene.turn.inbound.media_id:
        return Said(text=say("material_not_given"), session=scene.session)
    placed = _placed(scene)
    return replace(placed, effects=(_wanting(scene), *placed.effects))


def _placed(scene: Scene) -> Said:
    if _is_applying(scene):
        return Said(text=say("material_with_form"), session=scene.session)
    children = _children(scene)
    if children and (not scene.customer.open_cases or _talks_of_doses(scene)):
        names = "、".join(child.name for child in children)
        effect = child_effects.keep_certificate(scene, children)
        return Said(text=tell("certificate", names=names), session=scene.session, effects=(effect,))
    if not scene.customer.open_cases:
        return Said(text=say("material_before"), session=scene.session)
    return _sorted(scene)


def _children(scene: Scene) -> tuple[Child, ...]:
    """Return the children whose certificate it may be: a guardian agreed that they are recorded."""
    return children_of(scene) if scene.customer.has_agreed(ConsentKind.GUARDIAN) else ()


def _talks_of_doses(scene: Scene) -> bool:
    return any(task.kind in _OF_DOSES for task in scene.session.tasks)


def _is_applying(scene: Scene) -> bool:
    wanted = scene.session.wanted or {}
    return wanted.get("request") == _WITH_FORM or any(task.kind == _WITH_FORM for task in scene.session.tasks)


def _sorted(scene: Scene) -> Said:
    """Put a file where it can only belong, else ask which paper it is."""
    choices, task = choices_of(scene), scene.session.task
    if not choices:
        return kept(scene, scene.customer.open_cases[0], None)
    if len(choices) == 1:
        return kept(scene, *choices[0])
    if task is not None and task.kind == _ASKS_WHICH:
        return Said(text=say("material_another"), session=scene.session)
    return Said(text="", session=scene.session.begin(Task(kind=_ASKS_WHICH)))


def _wanting(scene: Scene) -> Effect:
    keys, media_id = scene.house.customers.store.keys, scene.turn.inbound.media_id

    def want(connection: Connection, turn: Committing) -> None:
        media.want(connection, keys, contact_id=turn.contact_id, media_id=media_id, now=turn.now)

    return want
