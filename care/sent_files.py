"""Files that the staff send to people: kept among the person's papers, and the signed link to one of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Connection, insert, select

from bot.keys import KeyRing
from care.media import SENT
from care.tables import materials

LINK_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class SentFile:
    """A file that may be fetched until `expires_at`."""

    id: int
    contact_id: int
    file: str
    media_type: str
    bytes: int
    expires_at: datetime


def keep(connection: Connection, *, contact_id: int, file: str, media_type: str, size: int, now: datetime) -> int:
    """Name a file that was written for a person; returns its number among their papers.

    It goes with the papers of no case: when the person deletes themselves or takes consent back; and after three
    months.
    """
    row = {"contact_id": contact_id, "material": SENT, "state": "kept", "file": file, "media_type": media_type}
    made = insert(materials).values(**row, bytes=size, received_at=now).returning(materials.c.id)
    return int(connection.execute(made).scalar_one())


def link(keys: KeyRing, public_url: str, *, file: str, now: datetime) -> str:
    """Return the address of a file; who has the link can read it for a week."""
    return f"{public_url}/files/{_serializer(keys).dumps([file, int((now + timedelta(days=LINK_DAYS)).timestamp())])}"


def find(connection: Connection, keys: KeyRing, token: str, *, now: datetime) -> SentFile | None:
    """Return the file of a link; None for a wrong signature, after a week, or when it was deleted."""
    try:
        file, ends = _serializer(keys).loads(token)
        expires_at = datetime.fromtimestamp(ends, UTC)
    except (BadData, TypeError, ValueError, OverflowError, OSError):
        return None
    row = connection.execute(
        select(materials).where(materials.c.file == file, materials.c.material == SENT, materials.c.state == "kept")
    ).first()
    if row is None or now >= expires_at:
        return None
    return SentFile(
        id=row.id,
        contact_id=row.contact_id,
        file=row.file,
        media_type=row.media_type,
        bytes=row.bytes,
        expires_at=expires_at,
    )


def _serializer(keys: KeyRing) -> URLSafeSerializer:
    return URLSafeSerializer(keys.blind_index("links to sent files", "signature"), salt="sent file")
