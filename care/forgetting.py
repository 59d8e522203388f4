"""Deleting a person at their wish: what goes, and what the law keeps."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.keys import KeyRing
from bot.store import conversations, people
from care import audit, bindings, children, consents, errands, hand_overs, joins, media, personal_export, reminders
from care.consents import ConsentKind
from care.tables import cases


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What went, and what stays. `channels`: how many contacts the person had."""

    bindings: int
    papers: int
    cases_kept: int
    channels: int


def forget_person(connection: Connection, keys: KeyRing, contact_id: int, *, now: datetime) -> Forgotten:
    """Delete what may be deleted of a person; everything they wrote and were told is unreadable from the commit on.

    Bindings end, consents are withdrawn, papers of no case and their own copies are deleted, their key is deleted;
    so are the children that nobody else looks after, with all that was recorded of them. All of it goes in every
    channel that is joined with this one.
    Cases with their answers, timeline and papers stay, and so does the audit trail: the law has the company keep
    records of an insurance service. Attempts at verification stay for their month, so that deleting oneself ends no
    lock. The files of what is deleted go off the disk after the commit (care/clearing.py).
    """
    everywhere = joins.contacts_of(connection, contact_id)
    consents.withdraw(connection, contact_id=contact_id, kind=ConsentKind.PERSONAL, now=now)
    children.erase_children_of(connection, keys, contact_id, now=now)  # while their policies are still bound
    forgotten = Forgotten(
        bindings=bindings.end_all(connection, contact_id=contact_id, now=now),
        papers=sum(media.drop_loose(connection, one, reason="the person was deleted") for one in everywhere),
        cases_kept=connection.scalar(select(func.count()).where(cases.c.contact_id.in_(everywhere))) or 0,
        channels=len(everywhere),
    )
    for one in everywhere:
        reminders.drop_of_contact(connection, one)
        personal_export.drop(connection, one, now=now)
        errands.drop(connection, one)
        _let_go(connection, one, now)
        # First the key: who is noting something of them meanwhile holds it, and what they noted is deleted, too.
        people.forget(connection, one)
        joins.forget(connection, one, now=now)
    actor = f"contact:{contact_id}"
    for one in everywhere:
        subject = f"contact:{one}"
        audit.append(connection, keys, actor=actor, action="person deleted", subject=subject, now=now)
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
