"""Who is writing in which conversation: a sign that fades after some seconds. The words themselves are not stored."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from care.staff_tables import staff, staff_typing

FADES_AFTER = timedelta(seconds=8)


def note(connection: Connection, conversation_id: int, staff_id: int, *, now: datetime) -> None:
    """Note that somebody is writing now; old signs are cleared."""
    connection.execute(delete(staff_typing).where(staff_typing.c.at < now - 10 * FADES_AFTER))
    of_it = (staff_typing.c.conversation_id == conversation_id, staff_typing.c.staff_id == staff_id)
    if connection.execute(update(staff_typing).where(*of_it).values(at=now)).rowcount == 0:
        row = {"conversation_id": conversation_id, "staff_id": staff_id, "at": now}
        connection.execute(insert(staff_typing).values(row))


def end(connection: Connection, conversation_id: int, staff_id: int) -> None:
    """Take the sign away: the answer was sent."""
    of_it = (staff_typing.c.conversation_id == conversation_id, staff_typing.c.staff_id == staff_id)
    connection.execute(delete(staff_typing).where(*of_it))


def current(connection: Connection, *, now: datetime) -> dict[int, tuple[str, ...]]:
    """Return who is writing, by conversation, in the order of their names."""
    found = (
        select(staff_typing.c.conversation_id, staff.c.name)
        .join(staff, staff.c.id == staff_typing.c.staff_id)
        .where(staff_typing.c.at > now - FADES_AFTER)
        .order_by(staff.c.name)
    )
    writing: dict[int, tuple[str, ...]] = {}
    for row in connection.execute(found):
        writing[row.conversation_id] = (*writing.get(row.conversation_id, ()), row.name)
    return writing
