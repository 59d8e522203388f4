"""The record of a turn: everything that one turn leaves behind, written in one transaction."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, update

from bot.messages import Committing, Inbound, Outcome, Owner
from bot.store import encoding
from bot.store.inbox import ACKNOWLEDGED, Changed, Loaded, place, record, state_place
from bot.store.prepared import Prepared
from bot.store.schema import conversations, inbound, outbox, questions


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """One text on its way out through the outbox. `key` is the same however often the turn is tried."""

    key: str
    text: str
    kind: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Ending:
    """All that a turn leaves behind besides the message itself."""

    outcome: Outcome
    state: bytes | None
    reply_state: str
    passive: str | None
    leaving: Sequence[Leaving]
    now: datetime


def save(connection: Connection, message: Inbound, found: Loaded, ending: Ending) -> None:
    """Write a whole turn, with its effects.

    Raises Changed (write nothing then) when somebody else changed what it was decided on, and what the effects raise.
    """
    inbound_id = _save_message(connection, message, found, ending)
    _save_question(connection, message, found, ending, inbound_id)
    _save_conversation(connection, found, ending, inbound_id)
    if ending.leaving:
        connection.execute(insert(outbox), [_outbox_values(item, found, ending.now) for item in ending.leaving])
    if ending.outcome.effects:
        _take_effect(connection, message, found, ending)


def _take_effect(connection: Connection, message: Inbound, found: Loaded, ending: Ending) -> None:
    turn = Committing(
        contact_id=found.contact_id,
        conversation_id=found.conversation.id,
        key=turn_key(message),
        now=ending.now,
    )
    for effect in ending.outcome.effects:
        effect(connection, turn)


def turn_key(message: Inbound) -> str:
    """Return what is the same however often the turn of a message is tried: 32 hexadecimal digits."""
    return hashlib.sha256(f"turn\0{message.account}\0{message.key}".encode()).hexdigest()[:32]


_END_ACKNOWLEDGED = Prepared(
    lambda _: (
        update(inbound)
        .where(inbound.c.account == bindparam("of_account"), inbound.c.message_key == bindparam("of_key"))
        .where(inbound.c.reply_state == ACKNOWLEDGED)
        .values(_new(inbound, "reply_state", "reply"))
        .returning(inbound.c.id)
    )
)


def _save_message(connection: Connection, message: Inbound, found: Loaded, ending: Ending) -> int:
    reply = None
    if ending.reply_state != "none":
        plain = encoding.reply_bytes(ending.outcome, passive=ending.passive)
        reply = found.cipher.seal(plain, place=place("reply", message))
    if found.is_acknowledged:
        by = {"of_account": message.account, "of_key": message.key}
        new = {"new_reply_state": ending.reply_state, "new_reply": reply}
        rows = _END_ACKNOWLEDGED.rows(connection, by | new)
        inbound_id: int | None = rows[0].id if rows else None
    else:
        inbound_id = record(connection, message, found, now=ending.now, reply_state=ending.reply_state, reply=reply)
    if inbound_id is None:
        raise Changed
    return inbound_id


_QUESTION = ("id", "conversation_id", "asked_at", "decision", "product", "service", "attribute", "facts", "detail")
_ADD_QUESTION = Prepared(
    lambda _: insert(questions).values({name: bindparam(name, type_=questions.c[name].type) for name in _QUESTION})
)
_SET_NEXT_MOVE = Prepared(
    lambda _: update(questions).where(questions.c.id == bindparam("of_id")).values(_new(questions, "next_move"))
)


def _save_question(connection: Connection, message: Inbound, found: Loaded, ending: Ending, inbound_id: int) -> None:
    what = ending.outcome.understanding
    if what is None:
        return
    if what.next_move is not None and found.last_question_id is not None:
        _SET_NEXT_MOVE.changed(connection, {"of_id": found.last_question_id, "new_next_move": what.next_move})
    detail = encoding.question_bytes(message.text, what)
    _ADD_QUESTION.changed(
        connection,
        {
            "id": inbound_id,
            "conversation_id": found.conversation.id,
            "asked_at": ending.now,
            "decision": what.decision,
            "product": what.product,
            "service": what.service,
            "attribute": what.attribute,
            "facts": list(what.facts),
            "detail": found.cipher.seal(detail, place=f"questions|detail|{inbound_id}"),
        },
    )


_CHANGES: dict[frozenset[str], Prepared] = {}


def _save_conversation(connection: Connection, found: Loaded, ending: Ending, inbound_id: int) -> None:
    conversation, outcome = found.conversation, ending.outcome
    values: dict[str, Any] = {}
    if ending.state is not None:
        values["state"] = found.cipher.seal(ending.state, place=state_place(conversation.id))
    if outcome.understanding is not None:
        values["last_question_id"] = inbound_id
    if outcome.hand_over is not None and conversation.owner is Owner.BOT:
        values |= {"owner": Owner.WAITING, "waiting_since": ending.now, "hand_over_reason": outcome.hand_over}
    if outcome.page:
        values["paged_at"] = ending.now
    values["updated_at"] = ending.now
    by = {"of_id": conversation.id, "of_version": found.version}
    new = {f"new_{name}": value for name, value in values.items()}
    if _change_of(frozenset(values)).changed(connection, by | new) != 1:
        raise Changed


def _change_of(columns: frozenset[str]) -> Prepared:
    # One statement for each set of columns, so that it is compiled once and not at every turn.
    if columns not in _CHANGES:
        table = conversations
        _CHANGES[columns] = Prepared(
            lambda _: (
                update(table)
                .where(table.c.id == bindparam("of_id"), table.c.version == bindparam("of_version"))
                .values(_new(table, *sorted(columns)) | {"version": table.c.version + 1})
            )
        )
    return _CHANGES[columns]


def _new(table: Table, *columns: str) -> dict[str, Any]:
    # Core keeps the columns' own names for itself in an UPDATE.
    return {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns}


def _outbox_values(item: Leaving, found: Loaded, now: datetime) -> dict[str, Any]:
    return {
        "conversation_id": found.conversation.id,
        "owner": found.conversation.owner,
        "epoch": found.conversation.epoch,
        "kind": item.kind,
        "body": found.cipher.seal(encoding.text_bytes(item.text), place=f"outbox|body|{item.key}"),
        "idempotency_key": item.key,
        "state": "pending",
        "attempts": 0,
        "created_at": now,
        "due_at": item.due_at,
    }
