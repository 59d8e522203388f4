"""Reading the quality record: what the assistant made of a person's messages."""

import json

from sqlalchemy import Connection, select

from bot.keys import KeyRing, Unreadable
from bot.messages import Understanding
from bot.store.people import cipher_of
from bot.store.schema import contacts, conversations, questions


def latest_understanding(
    connection: Connection, keys: KeyRing, *, account: str, platform_id: str
) -> Understanding | None:
    """Return what was made of a person's last message; None for who never wrote or has been deleted."""
    row = connection.execute(
        select(questions, contacts.c.id.label("contact_id"))
        .join(conversations, conversations.c.last_question_id == questions.c.id)
        .join(contacts, contacts.c.id == conversations.c.contact_id)
        .where(contacts.c.account == account, contacts.c.blind_index == keys.blind_index(account, platform_id))
    ).first()
    if row is None:
        return None
    try:
        detail = cipher_of(connection, keys, row.contact_id).open(row.detail, place=f"questions|detail|{row.id}")
    except Unreadable:
        return None
    return Understanding(
        decision=row.decision,
        product=row.product,
        service=row.service,
        attribute=row.attribute,
        facts=tuple(row.facts),
        reasons=tuple(json.loads(detail)["reasons"]),
        next_move=row.next_move,
    )
