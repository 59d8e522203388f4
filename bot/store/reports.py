"""What platforms tell later of the notices that they took: delivered, or not and why. Statements only."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from bot.store.people import insert_unless_there
from bot.store.schema import delivery_reports

_KEPT = timedelta(days=3)  # a report may come before its notice is noted as sent, but not days before
_REASON_LENGTH = 80


def record(connection: Connection, *, account: str, provider_id: str, reason: str | None, now: datetime) -> bool:
    """Keep one report; False when the notice was reported before. `reason` None: it was delivered."""
    row = {"account": account, "provider_id": provider_id, "received_at": now}
    row |= {"reason": None if reason is None else reason[:_REASON_LENGTH]}
    adding = insert_unless_there(connection.dialect, delivery_reports).values(row)
    return connection.execute(adding.returning(delivery_reports.c.provider_id)).first() is not None


def drop(connection: Connection, read: Sequence[tuple[str, str]], *, now: datetime) -> None:
    """Drop the reports (account, provider id) that were read, and those of notices that nobody knows."""
    table = delivery_reports
    for account, provider_id in read:
        connection.execute(delete(table).where(table.c.account == account, table.c.provider_id == provider_id))
    connection.execute(delete(table).where(table.c.received_at <= now - _KEPT))
