"""The papers people send: a row for each, its bytes sealed in the media folder.

wanted (the platform has it, we do not yet) → kept | refused; kept → deleted. A file is safely on the disk before a row
names it, and is deleted only after no row names it any more; what a crash leaves between the two is swept up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from bot.keys import KeyRing
from bot.sealed_files import SealedFiles
from bot.store.schema import contacts
from care.tables import materials

MEDIA_FOLDER = "media"  # in the data directory
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
    account: str
    media_id: str
    received_at: datetime


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
    query = (
        select(materials.c.id, materials.c.media_id, materials.c.received_at, contacts.c.account)
        .join(contacts, contacts.c.id == materials.c.contact_id)
        .where(materials.c.state == "wanted")
        .order_by(materials.c.received_at, materials.c.id)
        .limit(limit)
    )
    return [
        Wanted(
            id=row.id,
            account=row.account,
            media_id=keys.open(row.media_id, place=media_id_place(row.id)).decode(),
            received_at=row.received_at,
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
    return _where(connection, materials.c.case_id == case_id, materials.c.state.in_(("wanted", "kept")))


def of_contact(connection: Connection, contact_id: int) -> list[Material]:
    """Return everything a person ever sent, refused and deleted papers too."""
    return _where(connection, materials.c.contact_id == contact_id)


def unassigned(connection: Connection, contact_id: int) -> list[Material]:
    """Return a person's papers that belong to no case yet."""
    return _where(
        connection,
        materials.c.contact_id == contact_id,
        materials.c.case_id.is_(None),
        materials.c.state.in_(("wanted", "kept")),
    )


def drop(connection: Connection, numbers: Iterable[int], *, reason: str) -> tuple[str, ...]:
    """Delete papers; returns their files, which the caller deletes after the commit."""
    chosen = (materials.c.id.in_(list(numbers)), materials.c.state.in_(("wanted", "kept")))
    files = connection.scalars(select(materials.c.file).where(*chosen, materials.c.file.is_not(None))).all()
    values = {"state": "deleted", "file": None, "media_id": None, "reason": reason}
    connection.execute(update(materials).where(*chosen).values(values))
    return tuple(files)


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


def _is_named(connection: Connection, file: str) -> bool:
    return connection.execute(select(materials.c.id).where(materials.c.file == file)).first() is not None


_SHOWN = [materials.c[name] for name in Material.__dataclass_fields__]


def _where(connection: Connection, *which: ColumnElement[bool]) -> list[Material]:
    rows = connection.execute(select(*_SHOWN).where(*which).order_by(materials.c.id))
    return [Material(**row._mapping) for row in rows]
