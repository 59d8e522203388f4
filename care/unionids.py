"""WeChat's unionids: whom to ask for, and what was answered. Statements only.

A unionid is the same for a person in all accounts that one owner has bound to one 微信开放平台. Only a keyed blind
index of it is stored, of one kind for every channel: who has the same is joined as one person (care/joins.py).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select

from bot.keys import KeyRing
from bot.store.people import insert_unless_there
from bot.store.schema import contacts, conversations, person_keys
from care.join_tables import unionids
from care.joins import join_same

AGAIN_AFTER = timedelta(days=1)  # who had none is asked for again then at the earliest, once they have written again


def heard_since(connection: Connection, account: str, *, since: datetime, now: datetime, limit: int) -> list[int]:
    """Return contacts of an account who wrote since then and are to be asked for, the longest waiting first."""
    wrote_at = conversations.c.updated_at
    was_long_ago = unionids.c.identity_index.is_(None) & (unionids.c.asked_at <= now - AGAIN_AFTER)
    query = (
        select(conversations.c.contact_id)
        .join(person_keys, person_keys.c.contact_id == conversations.c.contact_id)
        .outerjoin(unionids, unionids.c.contact_id == conversations.c.contact_id)
        .where(conversations.c.account == account, wrote_at >= since)
        .where(or_(unionids.c.contact_id.is_(None), was_long_ago & (wrote_at > unionids.c.asked_at)))
        .order_by(wrote_at)
        .limit(limit)
    )
    return list(connection.scalars(query))


def never_asked(connection: Connection, account: str, *, after: int, limit: int) -> list[int]:
    """Return contacts of an account beyond this number who were never asked for, by number."""
    query = (
        select(contacts.c.id)
        .join(person_keys, person_keys.c.contact_id == contacts.c.id)
        .outerjoin(unionids, unionids.c.contact_id == contacts.c.id)
        .where(contacts.c.account == account, contacts.c.id > after, unionids.c.contact_id.is_(None))
        .order_by(contacts.c.id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def has_any(connection: Connection, account: str) -> bool:
    """Whether the platform has ever told a unionid in this account."""
    query = select(unionids.c.contact_id).join(contacts, contacts.c.id == unionids.c.contact_id)
    told = query.where(contacts.c.account == account, unionids.c.identity_index.is_not(None))
    return connection.execute(told.limit(1)).first() is not None


def note(connection: Connection, keys: KeyRing, contact_id: int, unionid: str, *, now: datetime) -> bool:
    """Note a contact's unionid, once, and join it with who has the same; whether it was joined.

    Once: who took them apart later is not joined again. Nothing is noted of who was deleted meanwhile.
    """
    index = keys.blind_index("unionid", unionid)
    if not _kept(connection, contact_id, index, now):
        return False
    return join_same(connection, keys, contact_id, unionids, index, now=now)


def note_none(connection: Connection, contact_ids: Iterable[int], *, now: datetime) -> None:
    """Note that the platform told no unionid of these contacts."""
    for contact_id in contact_ids:
        _kept(connection, contact_id, None, now)


def _kept(connection: Connection, contact_id: int, index: bytes | None, now: datetime) -> bool:
    """Keep an answer where none was told before; whether it was kept."""
    # Until the commit nobody deletes a person of whom something is noted here: then it would stay behind.
    key = select(person_keys.c.contact_id).where(person_keys.c.contact_id == contact_id).with_for_update(read=True)
    if connection.execute(key).first() is None:
        return False
    had_none = (unionids.c.contact_id == contact_id, unionids.c.identity_index.is_(None))
    connection.execute(delete(unionids).where(*had_none))
    row = insert_unless_there(connection.dialect, unionids)
    row = row.values(contact_id=contact_id, identity_index=index, asked_at=now).returning(unionids.c.contact_id)
    return connection.execute(row).first() is not None
