"""Puts together what is stored about a person, to be fetched by a signed link."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from bot.messages import Committing
from care import errands
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Note that the copy is wanted; the link follows when it is made."""

    def want(connection: Connection, turn: Committing) -> None:
        errands.want(
            connection,
            errands.EXPORT,
            contact_id=turn.contact_id,
            conversation_id=turn.conversation_id,
            now=turn.now,
        )

    return Said(text=say("export_begin"), session=scene.session, effects=(want,))
