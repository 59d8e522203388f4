"""Deleting a person at their wish: what goes, what the law keeps, and the summary they are told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.keys import KeyRing
from bot.sealed_files import SealedFiles
from bot.store import people
from care import audit, bindings, consents, media, personal_export
from care.consents import ConsentKind
from care.tables import cases


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What went, what stays. `paper_files` and `copy_files` still lie on the disk: see `delete_files`."""

    bindings: int
    papers: int
    cases_kept: int
    paper_files: tuple[str, ...]
    copy_files: tuple[str, ...]


def forget_person(connection: Connection, keys: KeyRing, contact_id: int, *, now: datetime) -> Forgotten:
    """Delete what may be deleted of a person; everything they wrote and were told is unreadable from the commit on.

    Bindings end, consents are withdrawn, papers of no case and their own copies are deleted, their key is deleted.
    Cases with their answers, timeline and papers stay, and so does the audit trail: the law has the company keep
    records of an insurance service. Attempts at verification stay for their month, so that deleting oneself ends no
    lock. Delete the files after the commit; what is missed then is swept up.
    """
    loose = [one.id for one in media.unassigned(connection, contact_id)]
    consents.withdraw(connection, contact_id=contact_id, kind=ConsentKind.PERSONAL, now=now)
    forgotten = Forgotten(
        bindings=bindings.end_all(connection, contact_id=contact_id, now=now),
        papers=len(loose),
        cases_kept=connection.scalar(select(func.count()).where(cases.c.contact_id == contact_id)) or 0,
        paper_files=media.drop(connection, loose, reason="the person was deleted"),
        copy_files=personal_export.drop(connection, contact_id),
    )
    people.forget(connection, contact_id)
    name = f"contact:{contact_id}"
    audit.append(connection, keys, actor=name, action="person deleted", subject=name, now=now)
    return forgotten


def delete_files(forgotten: Forgotten, *, papers: SealedFiles, copies: SealedFiles) -> None:
    """Delete the files of a deleted person, after the commit."""
    for file in forgotten.paper_files:
        papers.delete(file)
    for file in forgotten.copy_files:
        copies.delete(file)
