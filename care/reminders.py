"""Reminders as rows: claimed by one worker for as long as its lease, ended once. Planning is in care/reminder_plan.py.

Statements only: the caller owns the transaction. What a reminder says is not stored: the facts are read again when it
is due, so that what nobody wants any more is never said.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, literal_column, select, update

from bot.store import outbox
from bot.store.people import insert_unless_there
from bot.store.prepared import Prepared
from care.joins import contacts_of
from care.quiet_hours import next_allowed
from care.tables import reminder_opt_outs, reminders

LEASE = timedelta(minutes=2)
EVERY_KIND = "all"
LATER = "/later"  # ends the occurrence of what a person asked to be told again

# Written out rather than bound, so that the databases see that the partial indexes apply.
_PLANNED: Any = literal_column("'planned'")
_CLAIMED: Any = literal_column("'claimed'")


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
    def is_work(self) -> bool:
        """Whether it is work on a case that somebody has to do, whatever the person wants to hear of."""
        return self.calls and self.subject.startswith("case:")

    @property
    def key(self) -> tuple[str, int]:
        return (self.occurrence, self.contact_id)

    @property
    def sends_at(self) -> datetime:
        """When it goes out: not in the quiet hours, nor at the full and the half hour; a task rings nobody."""
        if self.calls:
            return self.due_at
        return next_allowed(self.due_at, seed=f"{self.kind}|{self.subject}|{self.occurrence}")

    def columns(self) -> dict[str, Any]:
        """Return the values of a new row."""
        names = ("kind", "subject", "occurrence", "contact_id", "conversation_id", "until_at")
        told = {name: getattr(self, name) for name in names}
        return told | {"due_at": self.sends_at, "state": "planned", "rung": 0, "tries": 0}


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

    @property
    def way_key(self) -> str:
        """What every way of this reminder is sent under, so that nobody gets it twice: 28 hexadecimal digits.

        Not the row's number: SQLite gives that of a row that is gone to another one.
        """
        told = f"{self.kind}\0{self.subject}\0{self.occurrence}\0{self.contact_id}"
        return hashlib.sha256(told.encode()).hexdigest()[:28]


_AT: Any = bindparam("now", type_=reminders.c.due_at.type)


def _one_of(*wanted: Any) -> Prepared:
    return Prepared(lambda _: select(reminders.c.id).where(*wanted).limit(1))


# Asked every few seconds.
_WAITING = (
    _one_of(reminders.c.state == _PLANNED, reminders.c.due_at <= _AT),
    _one_of(reminders.c.state == _PLANNED, reminders.c.until_at <= _AT),
    _one_of(reminders.c.state == _CLAIMED, reminders.c.lease_until <= _AT),
)


def has_due(connection: Connection, *, now: datetime) -> bool:
    """Whether a round would find something planned, expired, or left by a worker that died. Reads only."""
    return any(query.rows(connection, {"now": now}) for query in _WAITING)


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


def held(reminder: Reminder) -> tuple[Any, ...]:
    """Return the condition that a claim still stands."""
    return (reminders.c.id == reminder.id, reminders.c.claim_token == reminder.claim_token)


def settle(connection: Connection, reminder: Reminder, state: str, *, now: datetime, reason: str | None = None) -> bool:
    """End a claimed reminder: sent | called | dropped | opted_out | expired; False when the claim was lost."""
    ended = {"state": state, "settled_at": now, "reason": reason, "claim_token": None, "lease_until": None}
    return connection.execute(update(reminders).where(*held(reminder)).values(ended)).rowcount == 1


def put_off(
    connection: Connection, reminder: Reminder, due_at: datetime, *, rung: int | None = None, reason: str = ""
) -> bool:
    """Let a claimed reminder be due again later, perhaps on another rung; past its window it expires."""
    values = {"state": "planned", "due_at": due_at, "claim_token": None, "lease_until": None, "reason": reason[:80]}
    values |= {} if rung is None else {"rung": rung}
    return connection.execute(update(reminders).where(*held(reminder)).values(values)).rowcount == 1


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
    """Note that a person doesn't want a kind of reminder (or `EVERY_KIND`); what is planned of it ends at once, and
    what is still on its way is not sent any more. Work on their cases ends with it until the next planning."""
    values = {"contact_id": contact_id, "kind": kind, "at": now}
    row = insert_unless_there(connection.dialect, reminder_opt_outs).values(values)
    is_new = connection.execute(row.returning(reminder_opt_outs.c.kind)).first() is not None
    of_person = reminders.c.contact_id.in_(contacts_of(connection, contact_id))
    of_kind = () if kind == EVERY_KIND else (reminders.c.kind == kind,)
    planned = (of_person, reminders.c.state == "planned", *of_kind)
    connection.execute(update(reminders).where(*planned).values(state="opted_out", settled_at=now))
    on_its_way = (of_person, reminders.c.state == "handed", *of_kind)
    leaving = connection.scalars(select(reminders.c.provider_id).where(*on_its_way, reminders.c.way == "message"))
    outbox.withdraw(connection, [key for key in leaving if key], now=now)
    return is_new


def opt_in(connection: Connection, *, contact_id: int, kind: str = EVERY_KIND) -> bool:
    """Take an opt-out back (all of them for `EVERY_KIND`); re-planning wakes what it ended."""
    of_kind = () if kind == EVERY_KIND else (reminder_opt_outs.c.kind.in_((kind, EVERY_KIND)),)
    mine = reminder_opt_outs.c.contact_id.in_(contacts_of(connection, contact_id))
    gone = connection.execute(delete(reminder_opt_outs).where(mine, *of_kind))
    return gone.rowcount > 0


_OPTED_OUT = Prepared(
    lambda _: (
        select(reminder_opt_outs.c.kind)
        .where(reminder_opt_outs.c.contact_id == bindparam("of_contact"))
        .where(reminder_opt_outs.c.kind.in_((bindparam("of_kind"), EVERY_KIND)))
        .limit(1)
    )
)


def has_opted_out(connection: Connection, *, contact_id: int, kind: str) -> bool:
    """Whether a person doesn't want this kind of reminder, said in any of their channels."""
    mine = contacts_of(connection, contact_id)
    return any(_OPTED_OUT.rows(connection, {"of_contact": one, "of_kind": kind}) for one in mine)


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
    mine = table.c.contact_id.in_(contacts_of(connection, contact_id))
    wanted = (mine, table.c.state.in_(("handed", "sent")), table.c.due_at >= since)
    return connection.execute(select(table).where(*wanted).order_by(table.c.due_at.desc(), table.c.id.desc())).first()


def add_once(connection: Connection, one: Planned) -> bool:
    """Plan one reminder beside what the facts want (a person asked to be told later); False when it is there."""
    row = insert_unless_there(connection.dialect, reminders).values(one.columns()).returning(reminders.c.id)
    return connection.execute(row).first() is not None
