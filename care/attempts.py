"""Attempts to verify a policy: guessing is slowed for who guesses and for what is guessed at.

Five failures within 24 hours lock a person for 24 hours from the fifth; twenty within 24 hours lock what they looked
for, whoever tried. A success undoes only the person's own earlier failures at the same policy: otherwise somebody with
one policy of their own could verify it after every four guesses at others.

While a lock stands nothing is verified and nothing is recorded here (the refusal goes to the audit): a lock would
otherwise never end for who keeps trying.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select

from care.tables import verification_attempts

WINDOW = timedelta(hours=24)
LOCKED_FOR = timedelta(hours=24)
MOST_OF_CONTACT = 5
MOST_OF_POLICY = 20
KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Lock:
    """Who or what is locked, and until when."""

    of: Literal["contact", "policy"]
    until: datetime


def record(
    connection: Connection, *, contact_id: int, policy_index: bytes | None, succeeded: bool, now: datetime
) -> None:
    """Record an attempt that was verified. `policy_index` is the blind index of what was looked for."""
    row = {"contact_id": contact_id, "policy_index": policy_index, "at": now, "succeeded": succeeded}
    connection.execute(insert(verification_attempts).values(row))


def is_locked(connection: Connection, *, contact_id: int, policy_index: bytes | None, now: datetime) -> Lock | None:
    """Return the lock that forbids verifying now, or None. Ask before verifying, with the same index as `record`."""
    until = _locked_until(_failures_of_contact(connection, contact_id, now), most=MOST_OF_CONTACT)
    if until is not None and until > now:
        return Lock(of="contact", until=until)
    until = _locked_until(_failures_at_policy(connection, policy_index, now), most=MOST_OF_POLICY)
    return Lock(of="policy", until=until) if until is not None and until > now else None


def tries_left(connection: Connection, *, contact_id: int, now: datetime) -> int:
    """Return how many failures a person has left before they are locked; 0 while they are."""
    failures = _failures_of_contact(connection, contact_id, now)
    until = _locked_until(failures, most=MOST_OF_CONTACT)
    if until is not None and until > now:
        return 0
    return MOST_OF_CONTACT - sum(at > now - WINDOW for at in failures)


def locks_of(connection: Connection, contact_id: int, *, now: datetime) -> list[Lock]:
    """Return what keeps a person from verifying: their own lock, and those of what they looked for lately."""
    own = is_locked(connection, contact_id=contact_id, policy_index=None, now=now)
    found = [own] if own is not None else []
    for index in _looked_for(connection, contact_id, now):
        until = _locked_until(_failures_at_policy(connection, index, now), most=MOST_OF_POLICY)
        if until is not None and until > now:
            found.append(Lock(of="policy", until=until))
    return found


def unlock(connection: Connection, contact_id: int, *, now: datetime) -> int:
    """Let a person try again who proved who they are in another way; returns how many locks that ended.

    Their own failures are forgotten, and those of anybody at what they looked for while it is locked.
    """
    table, ended = verification_attempts, len(locks_of(connection, contact_id, now=now))
    for index in _looked_for(connection, contact_id, now):
        until = _locked_until(_failures_at_policy(connection, index, now), most=MOST_OF_POLICY)
        if until is not None and until > now:
            connection.execute(delete(table).where(table.c.policy_index == index, table.c.succeeded.is_(False)))
    connection.execute(delete(table).where(table.c.contact_id == contact_id, table.c.succeeded.is_(False)))
    return ended


def unlock_policy(connection: Connection, policy_index: bytes, *, now: datetime) -> bool:
    """Let a policy be verified again; False when it wasn't locked."""
    until = _locked_until(_failures_at_policy(connection, policy_index, now), most=MOST_OF_POLICY)
    if until is None or until <= now:
        return False
    table = verification_attempts
    connection.execute(delete(table).where(table.c.policy_index == policy_index, table.c.succeeded.is_(False)))
    return True


def locked_contacts(connection: Connection, *, now: datetime) -> list[tuple[int, Lock]]:
    """Return who is locked now, with the lock; those that failed last come first."""
    table = verification_attempts
    recent = (table.c.at > now - WINDOW - LOCKED_FOR, table.c.succeeded.is_(False))
    query = select(table.c.contact_id, func.count(), func.max(table.c.id)).where(*recent).group_by(table.c.contact_id)
    rows = [row for row in connection.execute(query) if row[1] >= MOST_OF_CONTACT]
    locks = ((row[0], is_locked(connection, contact_id=row[0], policy_index=None, now=now))
             for row in sorted(rows, key=lambda row: -row[2]))  # fmt: skip
    return [(contact_id, lock) for contact_id, lock in locks if lock is not None]


def prune(connection: Connection, *, now: datetime) -> int:
    """Delete attempts older than 30 days; returns how many."""
    return connection.execute(delete(verification_attempts).where(verification_attempts.c.at < now - KEPT)).rowcount


def _locked_until(failures: Sequence[datetime], *, most: int) -> datetime | None:
    """Return the end of the latest lock that `failures` (ascending) led to."""
    for last in range(len(failures) - 1, most - 2, -1):
        if failures[last] - failures[last - most + 1] < WINDOW:
            return failures[last] + LOCKED_FOR
    return None


def _failures_of_contact(connection: Connection, contact_id: int, now: datetime) -> list[datetime]:
    failures: list[tuple[datetime, bytes | None]] = []
    for row in _attempts(connection, verification_attempts.c.contact_id == contact_id, now):
        if row.succeeded:
            failures = [one for one in failures if row.policy_index is None or one[1] != row.policy_index]
        else:
            failures.append((row.at, row.policy_index))
    return [at for at, _ in failures]


def _failures_at_policy(connection: Connection, policy_index: bytes | None, now: datetime) -> list[datetime]:
    if policy_index is None:
        return []
    rows = _attempts(connection, verification_attempts.c.policy_index == policy_index, now)
    return [row.at for row in rows if not row.succeeded]


def _looked_for(connection: Connection, contact_id: int, now: datetime) -> list[bytes]:
    rows = _attempts(connection, verification_attempts.c.contact_id == contact_id, now)
    return list(dict.fromkeys(row.policy_index for row in rows if row.policy_index is not None and not row.succeeded))


def _attempts(connection: Connection, whose: Any, now: datetime) -> Sequence[Any]:
    table = verification_attempts
    # A lock that still stands began within the last 24 hours, by failures of the 24 hours before that.
    recent = table.c.at > now - WINDOW - LOCKED_FOR
    query = select(table.c.at, table.c.policy_index, table.c.succeeded).where(whose, recent).order_by(table.c.id)
    return connection.execute(query).all()
