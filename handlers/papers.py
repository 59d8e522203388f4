"""Photos and documents that people send: kept for the application they belong to."""

from dataclasses import replace

from sqlalchemy import Connection

from bot.messages import Committing, Effect, Kind
from care import media
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks.material import choices_of, kept
from handlers.wording import say

KINDS = frozenset({Kind.IMAGE, Kind.FILE, Kind.VIDEO})
_ASKS_WHICH = "material"
_WITH_FORM = "apply"


def received(scene: Scene) -> Said | None:
    """Take a file for an open application, or for one being filled in; None where there is neither."""
    inbound, task = scene.turn.inbound, scene.session.task
    is_applying = task is not None and task.kind == _WITH_FORM
    if not is_applying and not scene.customer.open_cases:
        return None
    if inbound.kind is Kind.VIDEO or not inbound.media_id:
        return Said(text=say("material_video"), session=scene.session)
    effect = _wanting(scene)
    if is_applying:
        return Said(text=say("material_with_form"), session=scene.session, effects=(effect,))
    return replace(_sorted(scene), effects=(effect, *_sorted(scene).effects))


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
