"""What supervisors must see on top of the inbox: once for each conversation, by the name that people have elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from bot.store.schema import conversations
from care import hand_overs
from console.office import Office
from console.rights import current_user
from console.who import who_of


@dataclass(frozen=True, kw_only=True)
class Escalated:
    """A conversation that calls for a supervisor. `kind`: danger | untaken | unanswered."""

    id: int
    conversation_id: int
    who: str = field(repr=False)
    kind: str
    since: datetime


def escalated_to_user(office: Office) -> list[Escalated]:
    """Return what nobody has seen yet, danger first, then the oldest; nothing to who is no supervisor."""
    if current_user().role != "supervisor":
        return []
    with office.store.reading() as connection:
        found = hand_overs.unseen_escalations(connection)
        once = list({one.conversation_id: one for one in reversed(found)}.values())[::-1]
        ids = [one.conversation_id for one in once]
        of = select(conversations.c.id, conversations.c.contact_id).where(conversations.c.id.in_(ids))
        contacts = {row.id: row.contact_id for row in connection.execute(of)}
        return [
            Escalated(
                id=one.id,
                conversation_id=one.conversation_id,
                who=who_of(connection, office.store.keys, contact_id=contacts[one.conversation_id]),
                kind=one.kind,
                since=one.since,
            )
            for one in once
        ]
