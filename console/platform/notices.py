"""Template and subscription messages as the platform keeps them: taken now, reported later, once for each key."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SAME_KEY_SECONDS = 600  # the platform's page promises to recognise `client_msg_id` for ten minutes
DELIVERED = "success"
_MOST_CHARACTERS = 20
# What can be told to happen to the next notice, by the codes of the simulator's page.
LATER = {9001: "failed:user block", 9002: "failed: system failed"}


@dataclass(frozen=True, kw_only=True)
class Report:
    """How one notice ended, as the platform tells the account. `event`: under which name."""

    number: int
    contact: str
    event: str
    status: str

    def fields(self) -> dict[str, str]:
        """Return the event's own fields."""
        if self.event == "TEMPLATESENDJOBFINISH":
            return {"MsgID": str(self.number), "Status": self.status}
        code = "0" if self.status == DELIVERED else "43101"
        return {"List.MsgID": str(self.number), "List.ErrorCode": code, "List.ErrorStatus": self.status}


def fields_of(data: Any) -> list[str] | None:
    """Return the lines of a notice's card; None where the platform would not take its fields."""
    if not isinstance(data, Mapping) or not data:
        return None
    values = [field.get("value") if isinstance(field, Mapping) else None for field in data.values()]
    lines = [value for value in values if isinstance(value, str) and 0 < len(value) <= _MOST_CHARACTERS]
    return lines if len(lines) == len(values) and not any("\n" in line for line in lines) else None


def known(connection: sqlite3.Connection, app_id: str, contact: str, key: str, *, since: float) -> int | None:
    """Return the number of the notice that a key was given to before."""
    if not key:
        return None
    row = connection.execute(
        "SELECT number FROM notices WHERE app_id = ? AND contact = ? AND key = ? AND at >= ?",
        (app_id, contact, key, since),
    ).fetchone()
    return int(row["number"]) if row else None


def keep(connection: sqlite3.Connection, app_id: str, report: Report, *, key: str, at: float) -> int:
    """Keep a notice until its report is delivered; returns its number."""
    row = connection.execute(
        "INSERT INTO notices (app_id, contact, key, at, event, status) VALUES (?, ?, ?, ?, ?, ?)",
        (app_id, report.contact, key, at, report.event, report.status),
    )
    return int(row.lastrowid or 0)


def untold(connection: sqlite3.Connection) -> list[tuple[str, Report]]:
    """Take the reports that nobody was told yet."""
    rows = connection.execute("SELECT * FROM notices WHERE is_told = 0 ORDER BY number").fetchall()
    connection.execute("UPDATE notices SET is_told = 1 WHERE is_told = 0")
    names = ("number", "contact", "event", "status")
    return [(row["app_id"], Report(**{name: row[name] for name in names})) for row in rows]


def status_on_demand(connection: sqlite3.Connection, app_id: str) -> str:
    """Return how the next notice ends: delivered, or as was demanded."""
    row = connection.execute(
        "SELECT id, code FROM faults WHERE app_id = ? AND interface = ? ORDER BY id LIMIT 1", (app_id, "report")
    ).fetchone()
    if row is None:
        return DELIVERED
    connection.execute("DELETE FROM faults WHERE id = ?", (row["id"],))
    return LATER.get(row["code"], DELIVERED)


def agree(connection: sqlite3.Connection, app_id: str, contact: str, template: str, times: int) -> None:
    """Count consents."""
    connection.execute(
        "INSERT INTO agreed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET messages_left = messages_left + ?",
        (app_id, contact, template, times, times),
    )


def use_consent(connection: sqlite3.Connection, app_id: str, contact: str, template: str) -> bool:
    """Use one consent up; False where none is left."""
    used = connection.execute(
        "UPDATE agreed SET messages_left = messages_left - 1"
        " WHERE app_id = ? AND contact = ? AND template = ? AND messages_left > 0",
        (app_id, contact, template),
    )
    return used.rowcount == 1
