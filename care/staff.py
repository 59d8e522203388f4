"""The people who work at the console: who they are, what they may, whether they are on duty, and how they prove it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyotp
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from bot.errors import UserFault
from bot.keys import KeyRing
from bot.store.prepared import Prepared
from care import passwords
from care.staff_sessions import end_all
from care.staff_tables import staff

ROLES = ("manager", "supervisor", "operator", "auditor")
CAPACITY = 30  # conversations at a time, unless somebody says otherwise
FAILURES_ALLOWED = 5
LOCK = timedelta(minutes=15)
_NAME = re.compile(r"[\w.@-]{1,64}")
_TOTP_SECONDS = 30
_NUMBERED = Prepared(lambda _: select(staff).where(staff.c.id == bindparam("number")))  # at every request


@dataclass(frozen=True, kw_only=True)
class Member:
    """One of the staff. `products` None means all."""

    id: int
    name: str
    role: str
    is_active: bool
    is_demo: bool
    must_change: bool
    has_totp: bool
    on_duty: bool
    products: tuple[str, ...] | None
    capacity: int
    locked_until: datetime | None


def add_member(
    connection: Connection, *, name: str, role: str, password_hash: str, must_change: bool, now: datetime,
    is_demo: bool = False,
) -> int:  # fmt: skip
    """Add somebody, on duty for all products, and return their number. Raises UserFault for a name that is taken."""
    if not _NAME.fullmatch(name):
        raise UserFault(f"{name!r}: a name is 1–64 letters, digits, dots, hyphens or underscores")
    if role not in ROLES:
        raise UserFault(f"{role}: no role; use {', '.join(ROLES)}")
    if named(connection, name) is not None:
        raise UserFault(f"{name}: this name is taken; see `flask users list`")
    values = {
        "name": name, "role": role, "password_hash": password_hash, "must_change": must_change, "totp_step": 0,
        "failures": 0, "is_active": True, "is_demo": is_demo, "on_duty": True, "capacity": CAPACITY, "made_at": now,
    }  # fmt: skip
    return int(connection.execute(insert(staff).values(values).returning(staff.c.id)).scalar_one())


def named(connection: Connection, name: str) -> Member | None:
    """Return the member of that name."""
    return _one(connection.execute(select(staff).where(staff.c.name == name)).first())


def numbered(connection: Connection, staff_id: int) -> Member | None:
    """Return the member of that number."""
    rows = _NUMBERED.rows(connection, {"number": staff_id})
    return _one(rows[0] if rows else None)


def everybody(connection: Connection) -> list[Member]:
    """Return all staff by name; who left is among them."""
    return [_member(row) for row in connection.execute(select(staff).order_by(staff.c.name))]


def names_by_id(connection: Connection) -> dict[int, str]:
    """Return how everybody is called."""
    return {row.id: row.name for row in connection.execute(select(staff.c.id, staff.c.name))}


def set_password(connection: Connection, staff_id: int, *, password_hash: str, must_change: bool) -> None:
    """Give a new password; every session of the member ends, and a lock does."""
    _change(connection, staff_id, password_hash=password_hash, must_change=must_change, failures=0, locked_until=None)
    end_all(connection, staff_id)


def set_active(connection: Connection, staff_id: int, *, is_active: bool) -> None:
    """Let somebody in again or keep them out; their sessions end at once."""
    _change(connection, staff_id, is_active=is_active, failures=0, locked_until=None)
    end_all(connection, staff_id)


def set_role(connection: Connection, staff_id: int, *, role: str) -> None:
    """Change what somebody may do; their sessions end, so that it holds at once."""
    _change(connection, staff_id, role=role)
    end_all(connection, staff_id)


def set_duty(connection: Connection, staff_id: int, *, on_duty: bool) -> None:
    """Go on duty or off it: who is off gets no conversations."""
    _change(connection, staff_id, on_duty=on_duty)


def set_work(connection: Connection, staff_id: int, *, products: Sequence[str] | None, capacity: int) -> None:
    """Say which products somebody knows (None: all), and how many conversations they can have at a time."""
    _change(connection, staff_id, products=None if products is None else sorted(products), capacity=capacity)


def set_totp(connection: Connection, keys: KeyRing, staff_id: int) -> str:
    """Ask for one-time codes from now on; return the new secret (base32), which is shown only here."""
    secret = pyotp.random_base32()
    sealed = keys.seal(secret.encode(), place=_totp_place(staff_id))
    _change(connection, staff_id, totp_secret=sealed, totp_step=0)
    end_all(connection, staff_id)
    return secret


def drop_totp(connection: Connection, staff_id: int) -> None:
    """Ask for no one-time codes any more."""
    _change(connection, staff_id, totp_secret=None)


def stored_hash(connection: Connection, staff_id: int) -> str:
    """Return what a password is compared with."""
    return str(connection.execute(select(staff.c.password_hash).where(staff.c.id == staff_id)).scalar_one())


def is_locked(member: Member, *, now: datetime) -> bool:
    """Whether too many failures keep somebody out for a while."""
    return member.locked_until is not None and member.locked_until > now


def failed(connection: Connection, staff_id: int, *, now: datetime) -> bool:
    """Count a wrong password or code; True when it was the one that locks."""
    row = connection.execute(
        update(staff).where(staff.c.id == staff_id).values(failures=staff.c.failures + 1).returning(staff.c.failures)
    ).one()
    if row.failures < FAILURES_ALLOWED:
        return False
    _change(connection, staff_id, failures=0, locked_until=now + LOCK)
    return True


def succeeded(connection: Connection, staff_id: int) -> None:
    """Forget the failures before."""
    _change(connection, staff_id, failures=0, locked_until=None)


def take_code(connection: Connection, keys: KeyRing, staff_id: int, code: str, *, now: datetime) -> bool:
    """Whether a one-time code is right (one step of 30 s early or late will do). Each is taken once."""
    row = connection.execute(
        select(staff.c.totp_secret, staff.c.totp_step).where(staff.c.id == staff_id).with_for_update()
    ).one()
    if row.totp_secret is None:
        return False
    totp = pyotp.TOTP(keys.open(row.totp_secret, place=_totp_place(staff_id)).decode())
    current = int(now.timestamp()) // _TOTP_SECONDS
    for step in (current, current - 1, current + 1):
        if step > row.totp_step and pyotp.utils.strings_equal(totp.at(step * _TOTP_SECONDS), code):
            _change(connection, staff_id, totp_step=step)
            return True
    return False


def actor(name: str) -> str:
    """Return how the audit trail calls a member."""
    return f"user:{name}"


def hash_of_new(password: str) -> str:
    """Return the hash of a new password. Raises UserFault, in Chinese, for one that will not do."""
    fault = passwords.fault_of(password)
    if fault is not None:
        raise UserFault(fault)
    return passwords.hashed(password)


def _change(connection: Connection, staff_id: int, **values: Any) -> None:
    connection.execute(update(staff).where(staff.c.id == staff_id).values(values))


def _one(row: Row[Any] | None) -> Member | None:
    return None if row is None else _member(row)


def _member(row: Row[Any]) -> Member:
    return Member(
        id=row.id,
        name=row.name,
        role=row.role,
        is_active=row.is_active,
        is_demo=row.is_demo,
        must_change=row.must_change,
        has_totp=row.totp_secret is not None,
        on_duty=row.on_duty,
        products=None if row.products is None else tuple(row.products),
        capacity=row.capacity,
        locked_until=row.locked_until,
    )


def _totp_place(staff_id: int) -> str:
    return f"staff|totp_secret|{staff_id}"
