"""A person's own copy of what is stored about them: one sealed file, fetched by a signed link a few times in a day.

The file is a zip: 我的信息.json for machines, 我的信息.html for reading, and the papers they sent.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Connection, delete, insert, or_, select, update

from bot.clock import CHINA
from bot.keys import KeyRing, Unreadable
from bot.sealed_files import SealedFiles
from bot.store.store import Store
from care import audit, media
from care.export_page import page
from care.personal_record import Record, paper_name, personal_record
from care.tables import exports

EXPORT_FOLDER = "exports"  # in the data directory
VALID_FOR = timedelta(hours=24)
DOWNLOADS = 3  # a broken connection, or the wrong device, must not cost the person their copy
_MOST_PAPER_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Export:
    """A copy that can be fetched until `expires_at`."""

    contact_id: int
    file: str
    expires_at: datetime
    downloads_left: int


def make_export(store: Store, *, copies: SealedFiles, papers: SealedFiles, contact_id: int, now: datetime) -> Export:
    """Gather, seal and keep a person's copy; one made earlier is gone. Takes seconds: not for a message's turn.

    Raises Unreadable for a deleted person, RetryLater.
    """
    with store.reading() as connection:
        content = archive(
            personal_record(connection, store.keys, contact_id), _kept(connection, contact_id), papers, now=now
        )
    export = Export(
        contact_id=contact_id, file=copies.write(content), expires_at=now + VALID_FOR, downloads_left=DOWNLOADS
    )
    store.write(lambda connection: _replace(connection, store.keys, export, now))
    return export


def archive(record: Record, kept: list[media.Material], papers: SealedFiles, *, now: datetime) -> bytes:
    """Return the zip of a record and of the kept papers (as many as fit into 200 MB, the newest first)."""
    written, left = io.BytesIO(), _MOST_PAPER_BYTES
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("我的信息.json", json.dumps(record, ensure_ascii=False, indent=2, default=_told))
        folder.writestr("我的信息.html", page(record, now=now))
        for one in reversed(kept):
            left -= one.bytes or 0
            if left < 0:
                break
            try:
                content = papers.read(one.file or "")
            except Unreadable:
                continue  # deleted meanwhile
            folder.writestr(f"材料/{paper_name(one.id, one.media_type)}", content, zipfile.ZIP_STORED)
    return written.getvalue()


def token_of(keys: KeyRing, export: Export) -> str:
    """Return what stands in the link; who has it can fetch the copy."""
    return _serializer(keys).dumps(export.file)


def find(connection: Connection, keys: KeyRing, token: str, *, now: datetime) -> Export | None:
    """Return the copy of a link; None for a wrong signature, after a day, or when it was fetched often enough."""
    try:
        file = _serializer(keys).loads(token)
    except BadSignature:
        return None
    row = connection.execute(select(exports).where(exports.c.file == file, *_is_valid(now))).first()
    if row is None:
        return None
    return Export(
        contact_id=row.contact_id, file=row.file, expires_at=row.expires_at, downloads_left=row.downloads_left
    )


def take(connection: Connection, keys: KeyRing, export: Export, *, now: datetime) -> bool:
    """Use up one download and record it; False when another request used up the last one."""
    counting = update(exports).where(exports.c.file == export.file, *_is_valid(now))
    if connection.execute(counting.values(downloads_left=exports.c.downloads_left - 1)).rowcount != 1:
        return False
    name = f"contact:{export.contact_id}"
    audit.append(connection, keys, actor=name, action="export downloaded", subject=name, now=now)
    return True


def has_expired(connection: Connection, *, now: datetime) -> bool:
    """Whether there is anything for `expire` to do."""
    return connection.scalar(select(exports.c.id).where(_is_over(now)).limit(1)) is not None


def expire(connection: Connection, *, now: datetime) -> tuple[str, ...]:
    """Forget copies that nobody can fetch any more; returns their files, which the caller deletes after the commit.

    What a crash leaves between the two is swept up.
    """
    return tuple(connection.scalars(delete(exports).where(_is_over(now)).returning(exports.c.file)))


def drop(connection: Connection, contact_id: int, *, now: datetime) -> None:
    """End a person's copies at once; `expire` forgets them and names their files."""
    of_contact = update(exports).where(exports.c.contact_id == contact_id)
    connection.execute(of_contact.values(expires_at=now, downloads_left=0))


def sweep(connection: Connection, copies: SealedFiles, *, now: datetime) -> int:
    """Delete the files of copies that no row has named for an hour; returns how many."""
    before = now - timedelta(hours=1)
    known = exports.c.file
    strays = [
        name for name in copies.older_than(before) if connection.scalar(select(known).where(known == name)) is None
    ]
    return sum(copies.delete(name) for name in strays) + copies.discard_drafts(before=before)


def _replace(connection: Connection, keys: KeyRing, export: Export, now: datetime) -> None:
    drop(connection, export.contact_id, now=now)
    connection.execute(
        insert(exports).values(
            contact_id=export.contact_id,
            file=export.file,
            made_at=now,
            expires_at=export.expires_at,
            downloads_left=export.downloads_left,
        )
    )
    name = f"contact:{export.contact_id}"
    audit.append(connection, keys, actor=name, action="export made", subject=name, now=now)


def _kept(connection: Connection, contact_id: int) -> list[media.Material]:
    return [one for one in media.of_contact(connection, contact_id) if one.state == "kept"]


def _is_valid(now: datetime) -> tuple[Any, ...]:
    return exports.c.expires_at > now, exports.c.downloads_left > 0


def _is_over(now: datetime) -> Any:
    return or_(exports.c.expires_at <= now, exports.c.downloads_left <= 0)


def _serializer(keys: KeyRing) -> URLSafeSerializer:
    return URLSafeSerializer(keys.blind_index("export links", "signature"), salt="export")


def _told(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(CHINA).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
