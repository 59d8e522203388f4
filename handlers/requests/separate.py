"""Takes a channel out of the person it was joined with. It can be joined again at any time."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from bot.messages import Committing
from bot.store.schema import contacts
from care import joins
from handlers.replanning import replan_person
from handlers.requests.join import tell
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Do it at once: each channel keeps what was done in it."""
    house, contact_id = scene.house, scene.turn.conversation.contact_id
    with house.customers.store.reading() as connection:
        others = joins.others_of(connection, contact_id)
        accounts = list(connection.scalars(select(contacts.c.account).where(contacts.c.id.in_(others))))
    if not others:
        return Said(text=say("separate_none"), session=scene.session)
    here = house.channels.named([scene.turn.inbound.account])

    def separate(connection: Connection, turn: Committing) -> None:
        left = joins.separate(connection, house.keys, turn.contact_id, now=turn.now)
        for each in (turn.contact_id, *left):
            replan_person(connection, house, each, now=turn.now)
        for each in left:
            tell(scene, connection, turn, each, say("separated", where=here))

    session = replace(scene.session, tasks=(), wanted=None, policy=None)
    text = say("separated", where=house.channels.named(accounts))
    return Said(text=text, session=session, effects=(separate,), reasons=("separated",))
