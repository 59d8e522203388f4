"""Deleting a person at their wish: what goes, and what the law keeps."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.keys import KeyRing
from bot.store import conversations, people
from care import audit, bindings, children, consents, errands, hand_overs, media, personal_export, reminders
from care.consents import ConsentKind
from care.tables import cases


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What went, and what stays."""

    bindings: int
    papers: int
    cases_kept: int


def forget_person(connection: Connection, keys: KeyRing, contact_id: int, *, now: datetime) -> Forgotten:
    """Delete what may be deleted of a person; everything they wrote and were told is unreadable from the commit on.

    Bindings end, consents are withdrawn, papers of no case and their own copies are deleted, their key is deleted;
    so are the children that nobody else looks after, with all that was recorded of them.
    Cases with their answers, timeline and papers stay, and so does the audit trail: the law has the company keep
    records of an insurance service. Attempts at verification stay for their month, so that deleting oneself ends no
    lock. The files of what is deleted go off the disk after the commit (care/clearing.py).
    """
    consents.withdraw(connection, contact_id=contact_id, kind=ConsentKind.PERSONAL, now=now)
    children.erase_children_of(connection, keys, contact_id, now=now)  # while their policies are still bound
    forgotten = Forgotten(
        bindings=bindings.end_all(connection, contact_id=contact_id, now=now),
        papers=media.drop_loose(connection, contact_id, reason="the person was deleted"),
        cases_kept=connection.scalar(select(func.count()).where(cases.c.contact_id == contact_id)) or 0,
    )
    reminders.drop_of_contact(connection, contact_id)
    personal_export.drop(connection, contact_id, now=now)
    errands.drop(connection, contact_id)
    _let_go(connection, contact_id, now)
    people.forget(connection, contact_id)
    name = f"contact:{contact_id}"
    audit.append(connection, keys, actor=name, action="person deleted", subject=name, now=now)
    return forgotten


def _let_go(connection: Connection, contact_id: int, now: datetime) -> None:
    """End the hand-over under way: nobody is there to be answered any more."""
    conversation_id = people.conversation_of(connection, contact_id)
    hand_over = None if conversation_id is None else hand_overs.open_of(connection, conversation_id)
    if conversation_id is None or hand_over is None:
        return
    actor = f"contact:{contact_id}"
    hand_overs.end(connection, hand_over, how="closed", actor=actor, now=now, reason="deleted")
    hand_overs.settle_escalations(connection, hand_over.id)
    if not conversations.stop_waiting(connection, conversation_id, now=now):
        conversations.give_back(connection, conversation_id, now=now)
