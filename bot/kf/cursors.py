"""How far each service point was fetched, and which process fetches it now."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, literal, update

from bot.kf.tables import kf_cursors
from bot.store.people import insert_unless_there

LEASE = timedelta(seconds=20)  # longer than a call with its time-outs and the commit after it


def take(
    connection: Connection, *, account: str, open_kfid: str, holder: str, now: datetime, is_alone: bool = False
) -> str | None:
    """Take the right to fetch a service point; returns its cursor, or None while another process has the right.

    `is_alone`: one process serves, so whoever has the right is gone.
    """
    table = kf_cursors
    start = {"account": account, "open_kfid": open_kfid, "cursor": "", "began_at": now}
    connection.execute(insert_unless_there(connection.dialect, table).values(**start))
    is_free = table.c.holder.is_(None) | (table.c.holder == holder) | (table.c.lease_until <= now) | literal(is_alone)
    taken = connection.execute(
        update(table)
        .where(table.c.account == account, table.c.open_kfid == open_kfid, is_free)
        .values(holder=holder, lease_until=now + LEASE)
        .returning(table.c.cursor)
    ).first()
    return None if taken is None else taken.cursor


def release(connection: Connection, *, account: str, open_kfid: str, holder: str) -> None:
    """Give the right back, if it is still there."""
    table = kf_cursors
    connection.execute(
        update(table)
        .where(table.c.account == account, table.c.open_kfid == open_kfid, table.c.holder == holder)
        .values(holder=None, lease_until=None)
    )


def start_anew(connection: Connection, *, account: str, open_kfid: str) -> None:
    """Forget a cursor that the platform does not take: what it still keeps is fetched again, and known by its keys."""
    table = kf_cursors
    connection.execute(
        update(table).where(table.c.account == account, table.c.open_kfid == open_kfid).values(cursor="")
    )
