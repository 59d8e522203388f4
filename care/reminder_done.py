"""Reminders that a person has no use for any more, because what they remind of is done. The caller owns the
transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from care.tables import reminders

DONE = "the person has it done"  # the reason of rows that no re-planning wakes


def end(connection: Connection, told: Any, *, now: datetime, occasion: str | None = None) -> int:
    """End what is still planned of the kind and subject of `told`, a row that reached its person; returns how many.

    With `occasion` only what follows from it, for whoever it is planned: the call after a question. A new occasion
    (another step, another day) is planned as ever.
    """
    same = (
        reminders.c.subject == told.subject,
        reminders.c.kind == told.kind,
        reminders.c.state == "planned",
        reminders.c.contact_id == told.contact_id
        if occasion is None
        else reminders.c.occurrence.startswith(f"{occasion}/", autoescape=True),
    )
    values = {"state": "dropped", "settled_at": now, "reason": DONE}
    return connection.execute(update(reminders).where(*same).values(values)).rowcount
