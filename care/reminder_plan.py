"""Planning reminders: what the facts want is compared with the rows there are. Statements only."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, or_, select, update

from bot.store import outbox
from bot.store.people import insert_unless_there
from care.reminder_done import DONE
from care.reminders import LATER, Planned, has_opted_out
from care.tables import reminders

# How far ahead rows are written; the nightly walk writes the next days'. Without it a newborn's years of vaccinations
# would be a hundred rows, and a million children a hundred million.
HORIZON = timedelta(days=45)
_UNDER_WAY = ("planned", "claimed", "handed")
_REVIVED = ("dropped", "opted_out")  # what was not wanted when it was due may be wanted again

Key = tuple[str, str, int]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is to be done with a subject's rows. `withdrawn`: keys of messages on their way that nobody wants now."""

    fresh: Sequence[Planned] = ()
    moved: Sequence[tuple[Row[Any], Planned]] = ()
    gone: Sequence[int] = ()
    withdrawn: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.fresh or self.moved or self.gone or self.withdrawn)


def replan_all(
    connection: Connection, *, subject: str, kinds: Sequence[str], wanted: Sequence[Planned], now: datetime
) -> int:
    """Make a subject's rows what the facts want; returns how many changed.

    Inserts what is new and due within HORIZON, moves what is still planned, drops what is not wanted any more and
    calls back what of it is on its way; what was sent stays. What is past its window already is not planned.
    """
    stored = _stored(connection, (subject,), kinds, now)
    changes = _compared(connection, stored.get(subject, ()), wanted, now)
    if changes.fresh:
        connection.execute(insert_unless_there(connection.dialect, reminders), [one.columns() for one in changes.fresh])
    moved = sum(_moved(connection, row, one) for row, one in changes.moved)
    if changes.gone:
        still = (reminders.c.id.in_(changes.gone), reminders.c.state == "planned")
        connection.execute(delete(reminders).where(*still))
    if changes.withdrawn:
        outbox.withdraw(connection, changes.withdrawn, now=now)
    return len(changes.fresh) + moved + len(changes.gone)


def differing(
    connection: Connection, wanted: Mapping[str, Sequence[Planned]], *, kinds: Sequence[str], now: datetime
) -> list[str]:
    """Return the subjects whose rows are not what the facts want. Reads only: most nights change little."""
    stored = _stored(connection, tuple(wanted), kinds, now)
    return [subject for subject, ones in wanted.items() if _compared(connection, stored.get(subject, ()), ones, now)]


def _stored(
    connection: Connection, subjects: Sequence[str], kinds: Sequence[str], now: datetime
) -> dict[str, list[Row[Any]]]:
    """Return the rows that may still matter; what ended is needed only while its window is open."""
    matters = or_(reminders.c.state.in_(_UNDER_WAY), reminders.c.until_at > now)
    wanted = (reminders.c.subject.in_(subjects), reminders.c.kind.in_(kinds), matters)
    found = defaultdict(list)
    for row in connection.execute(select(reminders).where(*wanted)):
        found[row.subject].append(row)
    return found


def _compared(connection: Connection, stored: Sequence[Row[Any]], wanted: Sequence[Planned], now: datetime) -> Changes:
    by_key: dict[Key, Row[Any]] = {(row.kind, row.occurrence, row.contact_id): row for row in stored}
    wanted_keys = {(one.kind, *one.key) for one in wanted}
    fresh, moved = [], []
    for one in wanted:
        row = by_key.get((one.kind, *one.key))
        if row is None and now < one.until_at and one.sends_at < min(one.until_at, now + HORIZON):
            fresh.append(one)
        elif row is not None and _is_to_move(connection, row, one, now):
            moved.append((row, one))
    unwanted = [row for key, row in by_key.items() if (key[0], key[1].removesuffix(LATER), key[2]) not in wanted_keys]
    return Changes(
        fresh=fresh,
        moved=moved,
        gone=[row.id for row in unwanted if row.state == "planned"],
        withdrawn=[row.provider_id for row in unwanted if row.state == "handed" and row.way == "message"],
    )


def _is_to_move(connection: Connection, row: Row[Any], one: Planned, now: datetime) -> bool:
    if row.state in _REVIVED:
        is_out = row.state == "opted_out" and not one.is_work
        is_out = is_out and has_opted_out(connection, contact_id=row.contact_id, kind=row.kind)
        return one.until_at > now and not is_out and row.reason != DONE
    if row.state != "planned" or row.rung or row.tries:
        return False
    if (row.due_at, row.until_at) == (one.sends_at, one.until_at):
        return False
    return not (row.due_at > one.sends_at and one.sends_at <= now)  # else it was put off on its way


def _moved(connection: Connection, row: Row[Any], one: Planned) -> int:
    values = {"due_at": one.sends_at, "until_at": one.until_at, "state": "planned", "settled_at": None, "reason": None}
    moving = update(reminders).where(reminders.c.id == row.id, reminders.c.state == row.state).values(values)
    return connection.execute(moving).rowcount
