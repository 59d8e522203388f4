"""Reminders as rows: planned from facts, claimed by one worker for as long as its lease, ended once.

Statements only: the caller owns the transaction. What a reminder says is not stored: the facts are read again when it
is due, so that what nobody wants any more is never said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, literal_column, select, update

from bot.keys import KeyRing
from bot.store.people import insert_unless_there
from care.quiet_hours import next_allowed
from care.tables import reminder_opt_outs, reminders

LEASE = timedelta(minutes=2)
EVERY_KIND = "all"
LATER = "/later"  # ends the occurrence of what a person asked to be told again

# Written out rather than bound, so that the databases see that the partial indexes apply.
_PLANNED: Any = literal_column("'planned'")
_CLAIMED: Any = literal_column("'claimed'")
_REVIVED = ("dropped", "opted_out")  # what was not wanted when it was due may be wanted again


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One reminder as the facts want it: due at a time, and of no use from `until_at` on.

    `subject`: what it is about ("case:7"). `occurrence`: which of its occasions, with the day it hangs on, so that a
    day that moves makes a new one. `calls`: a person is to call, no message is sent. `detail` is for the words.
    """

    kind: str
    subject: str
    occurrence: str
    contact_id: int
    conversation_id: int
    due_at: datetime
    until_at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)
    calls: bool = False

    @property
    def key(self) -> tuple[str, int]:
        return (self.occurrence, self.contact_id)

    @property
    def sends_at(self) -> datetime:
        """When it goes out: not in the quiet hours."""
        return next_allowed(self.due_at, seed=f"{self.kind}|{self.subject}|{self.occurrence}")


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """A claimed row. `rung`: how many ways failed already; `tries`: how often it was handed on."""

    id: int
    kind: str
    subject: str
    occurrence: str
    contact_id: int
    conversation_id: int
    due_at: datetime
    until_at: datetime
    rung: int
    tries: int
    claim_token: str

    @property
    def key(self) -> tuple[str, int]:
        return (self.occurrence, self.contact_id)


def replan(
    connection: Connection, keys: KeyRing, *, kind: str, subject: str, wanted: Sequence[Planned], now: datetime
) -> int:
    """Make one kind's planned rows of a subject what the facts want; returns how many changed. See `replan_all`."""
    return replan_all(connection, subject=subject, kinds=(kind,), wanted=wanted, now=now)


def replan_all(
    connection: Connection, *, subject: str, kinds: Sequence[str], wanted: Sequence[Planned], now: datetime
) -> int:
    """Insert what is new, move what is still planned, drop what is not wanted any more; what was sent stays.

    What is past its window already is not planned.
    """
    stored = connection.execute(
        select(reminders).where(reminders.c.subject == subject, reminders.c.kind.in_(kinds))
    ).all()
    by_key = {(row.kind, row.occurrence, row.contact_id): row for row in stored}
    wanted_keys: set[tuple[str, str, int]] = set()
    changed, fresh = 0, []
    for one in wanted:
        key = (one.kind, *one.key)
        row = by_key.get(key)
        wanted_keys.add(key)
        if row is None:
            if one.until_at > now and one.sends_at < one.until_at:
                fresh.append(_columns(one))
        elif row.state in _REVIVED or (row.state == "planned" and row.rung == row.tries == 0):
            changed += _moved(connection, row, one, now)
    if fresh:
        connection.execute(insert_unless_there(connection.dialect, reminders), fresh)
    gone = [row.id for key, row in by_key.items() if _is_gone(row, key, wanted_keys)]
    if gone:
        connection.execute(delete(reminders).where(reminders.c.id.in_(gone), reminders.c.state == _PLANNED))
    return changed + len(fresh) + len(gone)


def _is_gone(row: Row[Any], key: tuple[str, str, int], wanted: set[tuple[str, str, int]]) -> bool:
    return row.state == "planned" and (key[0], key[1].removesuffix(LATER), key[2]) not in wanted


def _columns(one: Planned) -> dict[str, Any]:
    names = ("kind", "subject", "occurrence", "contact_id", "conversation_id", "until_at")
    told = {name: getattr(one, name) for name in names}
    return told | {"due_at": one.sends_at, "state": "planned", "rung": 0, "tries": 0}


def _moved(connection: Connection, row: Row[Any], one: Planned, now: datetime) -> int:
    if row.state in _REVIVED and one.until_at <= now:
        return 0
    if row.state == "planned" and (row.due_at, row.until_at) == (one.sends_at, one.until_at):
        return 0
    if row.state == "planned" and row.due_at > one.sends_at and one.sends_at <= now:
        return 0  # it was put off on its way
    values = {"due_at": one.sends_at, "until_at": one.until_at, "state": "planned", "settled_at": None, "reason": None}
    moving = update(reminders).where(reminders.c.id == row.id, reminders.c.state == row.state).values(values)
    return connection.execute(moving).rowcount


def has_due(connection: Connection, *, now: datetime) -> bool:
    """Whether a round would find something planned, expired, or left by a worker that died. Reads only."""
    table = reminders
    due = select(table.c.id).where(table.c.state == _PLANNED, table.c.due_at <= now).limit(1)
    over = select(table.c.id).where(table.c.state == _PLANNED, table.c.until_at <= now).limit(1)
    left = select(table.c.id).where(table.c.state == _CLAIMED, table.c.lease_until <= now).limit(1)
    handed = select(table.c.id).where(table.c.state == literal_column("'handed'")).limit(1)
    return any(connection.execute(query).first() is not None for query in (due, over, left, handed))


def claim_due(
    connection: Connection, *, now: datetime, limit: int, claim_token: str, lease: timedelta = LEASE
) -> list[Reminder]:
    """Take up to `limit` reminders that are due, the longest due first; each is in one worker's hands only."""
    table = reminders
    chosen = (
        select(table.c.id)
        .where(table.c.state == _PLANNED, table.c.due_at <= now, table.c.until_at > now)
        .order_by(table.c.due_at, table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = connection.scalars(chosen).all()
    if not ids:
        return []
    claimed = connection.execute(
        update(table)
        .where(table.c.id.in_(ids), table.c.state == "planned")
        .values(state="claimed", claim_token=claim_token, lease_until=now + lease)
        .returning(table)
    ).all()
    return [_reminder(row) for row in sorted(claimed, key=lambda row: (row.due_at, row.id))]


def _reminder(row: Row[Any]) -> Reminder:
    return Reminder(**{name: getattr(row, name) for name in Reminder.__dataclass_fields__})


def is_held(connection: Connection, reminder: Reminder) -> bool:
    """Whether a claim still stands; keeps it from ending while the transaction runs."""
    query = select(reminders.c.id).where(*_held(reminder)).with_for_update()
    return connection.execute(query).first() is not None


def _held(reminder: Reminder) -> tuple[Any, ...]:
    return (reminders.c.id == reminder.id, reminders.c.claim_token == reminder.claim_token)


def settle(connection: Connection, reminder: Reminder, state: str, *, now: datetime, reason: str | None = None) -> bool:
    """End a claimed reminder: sent | called | dropped | opted_out | expired; False when the claim was lost."""
    ended = {"state": state, "settled_at": now, "reason": reason, "claim_token": None, "lease_until": None}
    return connection.execute(update(reminders).where(*_held(reminder)).values(ended)).rowcount == 1


def hand_on(
    connection: Connection, reminder: Reminder, way: str, *, provider_id: str | None = None, now: datetime
) -> bool:
    """Note that a reminder is on its way since now, its end told later; False when the claim was lost."""
    values = {"state": "handed", "way": way, "provider_id": provider_id, "tries": reminder.tries + 1, "settled_at": now}
    free = {"claim_token": None, "lease_until": None}
    return connection.execute(update(reminders).where(*_held(reminder)).values(**values, **free)).rowcount == 1


def put_off(
    connection: Connection, reminder: Reminder, due_at: datetime, *, rung: int | None = None, reason: str = ""
) -> bool:
    """Let a claimed reminder be due again later, perhaps on another rung; past its window it expires."""
    values = {"state": "planned", "due_at": due_at, "claim_token": None, "lease_until": None, "reason": reason[:80]}
    values |= {} if rung is None else {"rung": rung}
    return connection.execute(update(reminders).where(*_held(reminder)).values(values)).rowcount == 1


def fell_through(connection: Connection, id: int, *, due_at: datetime, rung: int, reason: str) -> bool:
    """Let a reminder that was handed on and not delivered be due again on its next rung."""
    back = {"state": "planned", "due_at": due_at, "rung": rung, "reason": reason[:80], "provider_id": None}
    wanted = (reminders.c.id == id, reminders.c.state == "handed")
    return connection.execute(update(reminders).where(*wanted).values(back)).rowcount == 1


def arrived(connection: Connection, ids: Sequence[int], *, now: datetime) -> int:
    """End reminders that were handed on and delivered."""
    wanted = (reminders.c.id.in_(ids), reminders.c.state == "handed")
    return connection.execute(update(reminders).where(*wanted).values(state="sent", settled_at=now)).rowcount


def expire(connection: Connection, *, now: datetime, limit: int = 1000) -> int:
    """End what is past its window, so that nothing fires late; returns how many."""
    over = (
        select(reminders.c.id)
        .where(reminders.c.state == _PLANNED, reminders.c.until_at <= now)
        .order_by(reminders.c.until_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = connection.scalars(over).all()
    if not ids:
        return 0
    ending = update(reminders).where(reminders.c.id.in_(ids), reminders.c.state == "planned")
    return connection.execute(ending.values(state="expired", settled_at=now)).rowcount


def release_expired(connection: Connection, *, now: datetime) -> int:
    """Free what died with its worker; returns how many."""
    left = and_(reminders.c.state == _CLAIMED, reminders.c.lease_until <= now)
    free = {"state": "planned", "claim_token": None, "lease_until": None}
    return connection.execute(update(reminders).where(left).values(free)).rowcount


def opt_out(connection: Connection, *, contact_id: int, kind: str, now: datetime) -> bool:
    """Note that a person doesn't want a kind of reminder (or `EVERY_KIND`); what is planned of it ends at once."""
    values = {"contact_id": contact_id, "kind": kind, "at": now}
    row = insert_unless_there(connection.dialect, reminder_opt_outs).values(values)
    is_new = connection.execute(row.returning(reminder_opt_outs.c.kind)).first() is not None
    of_kind = () if kind == EVERY_KIND else (reminders.c.kind == kind,)
    planned = (reminders.c.contact_id == contact_id, reminders.c.state == "planned", *of_kind)
    connection.execute(update(reminders).where(*planned).values(state="opted_out", settled_at=now))
    return is_new


def opt_in(connection: Connection, *, contact_id: int, kind: str = EVERY_KIND) -> bool:
    """Take an opt-out back (all of them for `EVERY_KIND`); re-planning wakes what it ended."""
    of_kind = () if kind == EVERY_KIND else (reminder_opt_outs.c.kind.in_((kind, EVERY_KIND)),)
    gone = connection.execute(delete(reminder_opt_outs).where(reminder_opt_outs.c.contact_id == contact_id, *of_kind))
    return gone.rowcount > 0


def has_opted_out(connection: Connection, *, contact_id: int, kind: str) -> bool:
    """Whether a person doesn't want this kind of reminder."""
    table = reminder_opt_outs
    query = select(table.c.kind).where(table.c.contact_id == contact_id, table.c.kind.in_((kind, EVERY_KIND)))
    return connection.execute(query).first() is not None


def drop_of_contact(connection: Connection, contact_id: int) -> int:
    """Drop what is still planned for a person."""
    planned = (reminders.c.contact_id == contact_id, reminders.c.state.in_(("planned", "claimed")))
    return connection.execute(delete(reminders).where(*planned)).rowcount


def due_count(connection: Connection, *, now: datetime) -> int:
    """Count what is due now."""
    wanted = (reminders.c.state == _PLANNED, reminders.c.due_at <= now, reminders.c.until_at > now)
    return connection.scalar(select(func.count()).where(*wanted)) or 0


def counted(connection: Connection) -> dict[tuple[str, str], int]:
    """Count all reminders by kind and state."""
    query = select(reminders.c.kind, reminders.c.state, func.count()).group_by(reminders.c.kind, reminders.c.state)
    return {(row[0], row[1]): row[2] for row in connection.execute(query.order_by(*query.selected_columns[:2]))}


def coming(connection: Connection, *, until: datetime, limit: int = 100) -> list[Row[Any]]:
    """Return what is planned until a time, the soonest first."""
    query = select(reminders).where(reminders.c.state == _PLANNED, reminders.c.due_at <= until)
    return list(connection.execute(query.order_by(reminders.c.due_at, reminders.c.id).limit(limit)).all())


def last_told(connection: Connection, contact_id: int, *, since: datetime) -> Row[Any] | None:
    """Return the newest reminder that went to a person since a time: what their answer is about."""
    table = reminders
    wanted = (table.c.contact_id == contact_id, table.c.state.in_(("handed", "sent")), table.c.due_at >= since)
    return connection.execute(select(table).where(*wanted).order_by(table.c.due_at.desc(), table.c.id.desc())).first()


def add_once(connection: Connection, one: Planned) -> bool:
    """Plan one reminder beside what the facts want (a person asked to be told later); False when it is there."""
    row = insert_unless_there(connection.dialect, reminders).values(_columns(one)).returning(reminders.c.id)
    return connection.execute(row).first() is not None
