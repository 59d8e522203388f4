"""Reading recorded questions across conversations, newest first: the raw material of the quality loop."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from bot.keys import Cipher, KeyRing, Unreadable
from bot.store.people import cipher_of
from bot.store.schema import conversations, questions


@dataclass(frozen=True, kw_only=True)
class Question:
    """A person's message and what was made of it. `next_move` is what the person did after the answer."""

    id: int
    conversation_id: int
    account: str
    asked_at: datetime
    decision: str
    product: str | None
    service: str | None
    attribute: str | None
    facts: tuple[str, ...]
    next_move: str | None
    text: str = field(repr=False)
    reasons: tuple[str, ...] = field(repr=False)


def asked(
    connection: Connection,
    keys: KeyRing,
    *conditions: ColumnElement[bool],
    limit: int,
    accounts: Sequence[str] | None = None,
) -> list[Question]:
    """Return the newest questions that meet the conditions, of these accounts; none of deleted people."""
    found = (
        select(questions, conversations.c.account, conversations.c.contact_id)
        .join(conversations, conversations.c.id == questions.c.conversation_id)
        .where(*conditions)
        .order_by(questions.c.id.desc())
        .limit(limit)
    )
    if accounts is not None:
        found = found.where(conversations.c.account.in_(accounts))
    ciphers: dict[int, Cipher | None] = {}
    return [one for row in connection.execute(found).all() for one in _opened(connection, keys, ciphers, row)]


def numbered(connection: Connection, keys: KeyRing, ids: Sequence[int]) -> dict[int, Question]:
    """Return questions by their numbers; none of deleted people."""
    if not ids:
        return {}
    return {one.id: one for one in asked(connection, keys, questions.c.id.in_(ids), limit=len(ids))}


def _opened(
    connection: Connection, keys: KeyRing, ciphers: dict[int, Cipher | None], row: Row[Any]
) -> Iterator[Question]:
    try:
        if row.contact_id not in ciphers:
            ciphers[row.contact_id] = None  # unless it can be had
            ciphers[row.contact_id] = cipher_of(connection, keys, row.contact_id)
        cipher = ciphers[row.contact_id]
        if cipher is None:
            return
        detail = json.loads(cipher.open(row.detail, place=f"questions|detail|{row.id}"))
    except Unreadable:
        return
    yield Question(
        id=row.id,
        conversation_id=row.conversation_id,
        account=row.account,
        asked_at=row.asked_at,
        decision=row.decision,
        product=row.product,
        service=row.service,
        attribute=row.attribute,
        facts=tuple(row.facts),
        next_move=row.next_move,
        text=detail["text"],
        reasons=tuple(detail["reasons"]),
    )
