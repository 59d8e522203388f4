"""What the processes that remind agree on: which one ticks, whether broadcasts pause, how far a re-plan has come."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from bot.store.people import insert_unless_there
from care.tables import reminder_controls

_TICKER, _PAUSE = "ticker", "pause"
TICKER_LEASE = timedelta(seconds=90)


def take_ticker(connection: Connection, holder: str, *, now: datetime, lease: timedelta = TICKER_LEASE) -> bool:
    """Become or stay the one process that ticks; False while another one's lease runs."""
    _ensure(connection, _TICKER)
    table = reminder_controls
    free = or_(table.c.holder == holder, table.c.until_at.is_(None), table.c.until_at <= now)
    taking = update(table).where(table.c.name == _TICKER, free).values(holder=holder, until_at=now + lease)
    return connection.execute(taking).rowcount == 1


def pause(connection: Connection, *, until: datetime | None) -> None:
    """Let nothing go out until a time; None ends a pause."""
    _ensure(connection, _PAUSE)
    connection.execute(update(reminder_controls).where(reminder_controls.c.name == _PAUSE).values(until_at=until))


def paused_until(connection: Connection, *, now: datetime) -> datetime | None:
    """Return until when nothing goes out, or None."""
    query = select(reminder_controls.c.until_at).where(reminder_controls.c.name == _PAUSE)
    until: datetime | None = connection.scalar(query)
    return until if until is not None and until > now else None


def position(connection: Connection, name: str) -> tuple[int, datetime | None]:
    """Return how far a walk through a table has come, and when the last whole one ended."""
    row = connection.execute(select(reminder_controls).where(reminder_controls.c.name == name)).first()
    return (0, None) if row is None else (row.position, row.until_at)


def set_position(connection: Connection, name: str, place: int, *, ended_at: datetime | None) -> None:
    """Note how far a walk has come."""
    _ensure(connection, name)
    values = {"position": place, "until_at": ended_at}
    connection.execute(update(reminder_controls).where(reminder_controls.c.name == name).values(values))


def _ensure(connection: Connection, name: str) -> None:
    connection.execute(insert_unless_there(connection.dialect, reminder_controls).values(name=name, position=0))
