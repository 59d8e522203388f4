"""Reading the quality record: what the assistant made of a person's messages."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.keys import KeyRing, Unreadable
from bot.messages import Citation, Understanding
from bot.store.people import cipher_of
from bot.store.schema import contacts, conversations, inbound, questions


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A message of a person, what was made of it, and the clauses that the answer rested on."""

    asked_at: datetime
    text: str = field(repr=False)
    decision: str
    product: str | None
    service: str | None
    facts: tuple[str, ...]
    citations: tuple[Citation, ...]


def latest_questions(connection: Connection, keys: KeyRing, conversation_id: int, *, limit: int) -> list[Asked]:
    """Return the newest of a conversation's questions, the oldest of them first; none of a deleted person."""
    answered = (inbound.c.account, inbound.c.message_key, inbound.c.reply, conversations.c.contact_id)
    found = (
        select(questions, *answered)
        .join(inbound, inbound.c.id == questions.c.id)
        .join(conversations, conversations.c.id == questions.c.conversation_id)
        .where(inbound.c.conversation_id == conversation_id)
        .order_by(inbound.c.id.desc())
        .limit(limit)
    )
    return [one for row in reversed(connection.execute(found).all()) for one in _asked(connection, keys, row)]


def _asked(connection: Connection, keys: KeyRing, row: Row[Any]) -> Iterator[Asked]:
    try:
        cipher = cipher_of(connection, keys, row.contact_id)
        text = json.loads(cipher.open(row.detail, place=f"questions|detail|{row.id}"))["text"]
        reply = None if row.reply is None else cipher.open(row.reply, place=_reply_place(row))
    except Unreadable:
        return
    cited = [] if reply is None else [clause for one in json.loads(reply)["replies"] for clause in one["citations"]]
    yield Asked(
        asked_at=row.asked_at,
        text=text,
        decision=row.decision,
        product=row.product,
        service=row.service,
        facts=tuple(row.facts),
        citations=tuple(Citation(product=product, clause=clause) for product, clause in cited),
    )


def _reply_place(row: Row[Any]) -> str:
    return f"inbound|reply|{row.account}|{row.message_key}"


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
