"""The papers people send: a row for each, its bytes sealed in the media folder.

wanted (the platform has it, we do not yet) → kept | refused; kept → deleted. A file is safely on the disk before a row
names it; what a crash leaves between the two is swept up. A deleted paper names its file until that is off the disk,
so that no crash leaves one behind.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from bot.keys import KeyRing
from bot.sealed_files import SealedFiles
from bot.store.schema import contacts
from care.tables import materials

MEDIA_FOLDER = "media"  # in the data directory
LOOSE_FOR = timedelta(days=7)  # as long as an unfinished application is kept
CERTIFICATE = "vaccination_certificate"  # of a child: belongs to no case, a health manager reads it
SENT = "from_staff"  # what the staff sent to the person; belongs to no case
VOICE = "voice"  # said to a health manager; belongs to no case
_KEPT_LONGER = (CERTIFICATE, SENT)
CERTIFICATE_FOR = timedelta(days=90)
_STRAY_AFTER = timedelta(hours=1)  # no row names a file so long after it was written: none ever will


@dataclass(frozen=True, kw_only=True)
class Material:
    """One paper. `material` is its id in the service's list, None while nobody has told which it is."""

    id: int
    contact_id: int
    case_id: int | None
    material: str | None
    media_type: str | None
    bytes: int | None
    file: str | None
    state: str
    reason: str | None
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file that is still at the platform."""

    id: int
    contact_id: int
    account: str
    media_id: str
    received_at: datetime
    material: str | None = None


def want(
    connection: Connection,
    keys: KeyRing,
    *,
    contact_id: int,
    media_id: str,
    now: datetime,
    case_id: int | None = None,
    material: str | None = None,
) -> int:
    """Note that a person sent a file, to be fetched by its `media_id`; returns the paper's number."""
    row = {"contact_id": contact_id, "case_id": case_id, "material": material, "state": "wanted", "received_at": now}
    number = int(connection.execute(insert(materials).values(row).returning(materials.c.id)).scalar_one())
    sealed = keys.seal(media_id.encode(), place=media_id_place(number))
    connection.execute(update(materials).where(materials.c.id == number).values(media_id=sealed))
    return number


def wanted(connection: Connection, keys: KeyRing, *, limit: int = 100) -> list[Wanted]:
    """Return files to be fetched, the oldest first."""
    columns = (materials.c.id, materials.c.contact_id, materials.c.media_id, materials.c.received_at)
    query = (
        select(*columns, materials.c.material, contacts.c.account)
        .join(contacts, contacts.c.id == materials.c.contact_id)
        .where(materials.c.state == "wanted")
        .order_by(materials.c.received_at, materials.c.id)
        .limit(limit)
    )
    return [
        Wanted(
            id=row.id,
            contact_id=row.contact_id,
            account=row.account,
            media_id=keys.open(row.media_id, place=media_id_place(row.id)).decode(),
            received_at=row.received_at,
            material=row.material,
        )
        for row in connection.execute(query)
    ]


def keep(connection: Connection, number: int, *, file: str, media_type: str, size: int) -> bool:
    """Name the file of a wanted paper; False when it is not wanted any more: the file is then nobody's."""
    values = {"state": "kept", "file": file, "media_type": media_type, "bytes": size, "media_id": None}
    return _leave_wanted(connection, number, values)


def refuse(connection: Connection, number: int, *, reason: str) -> bool:
    """Give up a wanted paper for a reason in one word; False when it is not wanted any more."""
    return _leave_wanted(connection, number, {"state": "refused", "reason": reason, "media_id": None})


def assign(connection: Connection, number: int, *, case_id: int | None, material: str | None) -> None:
    """Say which case a paper belongs to, and which paper of the service's list it is."""
    connection.execute(update(materials).where(materials.c.id == number).values(case_id=case_id, material=material))


def material(connection: Connection, number: int) -> Material | None:
    """Return one paper, or None."""
    found = _where(connection, materials.c.id == number)
    return found[0] if found else None


def of_case(connection: Connection, case_id: int) -> list[Material]:
    """Return the papers of a case that are kept or still to be fetched, in the order in which they came."""
    return _where(connection, materials.c.case_id == case_id, _is_here())


def all_of_case(connection: Connection, case_id: int) -> list[Material]:
    """Return all papers of a case, refused and deleted ones too, in the order in which they came."""
    return _where(connection, materials.c.case_id == case_id)


def of_contact(connection: Connection, contact_id: int) -> list[Material]:
    """Return everything a person ever sent, refused and deleted papers too."""
    return _where(connection, materials.c.contact_id == contact_id)


def unassigned(connection: Connection, contact_id: int) -> list[Material]:
    """Return a person's papers that belong to no case yet."""
    return _where(
        connection,
        materials.c.contact_id == contact_id,
        materials.c.case_id.is_(None),
        _is_here(),
    )


def unsorted(connection: Connection, contact_id: int) -> list[Material]:
    """Return a person's papers that belong to no case and of which nobody has told what they are."""
    return [one for one in unassigned(connection, contact_id) if one.material is None]


def drop(connection: Connection, numbers: Iterable[int], *, reason: str) -> int:
    """Delete papers that are kept or wanted; returns how many. Their rows name the files until `to_delete` is done."""
    chosen = (materials.c.id.in_(list(numbers)), _is_here())
    values = {"state": "deleted", "media_id": None, "reason": reason}
    return connection.execute(update(materials).where(*chosen).values(values)).rowcount


def drop_loose(connection: Connection, contact_id: int, *, reason: str) -> int:
    """Delete a person's papers that belong to no case; returns how many."""
    return drop(connection, [one.id for one in unassigned(connection, contact_id)], reason=reason)


def drop_forgotten(connection: Connection, *, now: datetime) -> int:
    """Delete papers that no application has taken within a week, certificates and what was sent to people after three
    months; returns how many."""
    is_kept_longer = materials.c.material.in_(_KEPT_LONGER)
    is_old = or_(
        and_(or_(materials.c.material.is_(None), ~is_kept_longer), materials.c.received_at < now - LOOSE_FOR),
        and_(is_kept_longer, materials.c.received_at < now - CERTIFICATE_FOR),
    )
    is_forgotten = (materials.c.case_id.is_(None), is_old)
    numbers = connection.scalars(select(materials.c.id).where(*is_forgotten, _is_here()))
    return drop(connection, numbers.all(), reason="no application")


def to_delete(connection: Connection, *, limit: int = 100) -> dict[int, str]:
    """Return papers that were deleted and whose files still lie on the disk: number → file."""
    is_left = (materials.c.state == "deleted", materials.c.file.is_not(None))
    rows = connection.execute(select(materials.c.id, materials.c.file).where(*is_left).limit(limit))
    return {row.id: row.file for row in rows}


def is_gone(connection: Connection, numbers: Iterable[int]) -> None:
    """Note that the files of deleted papers are off the disk."""
    deleted = (materials.c.id.in_(list(numbers)), materials.c.state == "deleted")
    connection.execute(update(materials).where(*deleted).values(file=None))


def sweep(connection: Connection, files: SealedFiles, *, now: datetime) -> int:
    """Delete files that no row has named for an hour, and half-written ones; returns how many."""
    before = now - _STRAY_AFTER
    strays = [name for name in files.older_than(before) if not _is_named(connection, name)]
    return sum(files.delete(name) for name in strays) + files.discard_drafts(before=before)


def media_id_place(number: int) -> str:
    """Name the place of a sealed media id."""
    return f"materials|media_id|{number}"


def _leave_wanted(connection: Connection, number: int, values: dict[str, Any]) -> bool:
    is_wanted = (materials.c.id == number, materials.c.state == "wanted")
    return connection.execute(update(materials).where(*is_wanted).values(values)).rowcount == 1


def _is_here() -> ColumnElement[bool]:
    return materials.c.state.in_(("wanted", "kept"))


def _is_named(connection: Connection, file: str) -> bool:
    return connection.execute(select(materials.c.id).where(materials.c.file == file)).first() is not None


_SHOWN = [materials.c[name] for name in Material.__dataclass_fields__]


def _where(connection: Connection, *which: ColumnElement[bool]) -> list[Material]:
    rows = connection.execute(select(*_SHOWN).where(*which).order_by(materials.c.id))
    return [Material(**row._mapping) for row in rows]
