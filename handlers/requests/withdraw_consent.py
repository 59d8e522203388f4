"""Takes back the consent to using personal data: nothing new is done with them, and no policy stays bound."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from bot.messages import Committing
from care import audit, bindings, consents, joins, media
from care.consents import ConsentKind
from handlers.scene import Said, Scene
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Withdraw it at once: it is the person's right, and can be given again at any time."""
    if not scene.customer.has_agreed(ConsentKind.PERSONAL):
        return Said(text=say("consent_none"), session=scene.session)
    keys = scene.house.customers.store.keys

    def withdraw(connection: Connection, turn: Committing) -> None:
        consents.withdraw(connection, contact_id=turn.contact_id, kind=ConsentKind.PERSONAL, now=turn.now)
        bindings.end_all(connection, contact_id=turn.contact_id, now=turn.now)
        for contact in joins.contacts_of(connection, turn.contact_id):
            media.drop_loose(connection, contact, reason="consent withdrawn")
        actor = f"contact:{turn.contact_id}"
        audit.append(connection, keys, actor=actor, action="withdraw_consent", subject=actor, now=turn.now)

    session = replace(scene.session, tasks=(), wanted=None, policy=None)
    return Said(text=say("consent_withdrawn"), session=session, effects=(withdraw,))
