"""Cases as they are stored: found by number, person or policy, and no more of them than asked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from bot.keys import KeyRing
from care.joins import contacts_of
from care.tables import cases


@dataclass(frozen=True, kw_only=True)
class Case:
    """One application under way or closed. `answers`: slot → value; `labels`: slot → what the person was shown.

    `corrected`: slot → when its answer was last changed; the others were told when the case was opened.
    """

    id: int
    number: str
    contact_id: int
    conversation_id: int
    policy_id: int
    insured_id: int | None
    product: str
    service: str
    flow_version: int
    step: str
    is_open: bool
    owner: str | None
    version: int
    opened_at: datetime
    changed_at: datetime
    request_key: str
    answers: Mapping[str, Any] = field(repr=False)
    labels: Mapping[str, str] = field(repr=False)
    corrected: Mapping[str, datetime] = field(default_factory=dict, repr=False)

    def told_at(self, slot: str) -> datetime:
        """Return when the standing answer of a slot was told."""
        return self.corrected.get(slot, self.opened_at)


def case_of(connection: Connection, keys: KeyRing, number: str) -> Case | None:
    """Return the case with a number, or None."""
    return _one(connection, keys, cases.c.number == number)


def case_with_key(connection: Connection, keys: KeyRing, request_key: str) -> Case | None:
    """Return the case that a turn opened, or None."""
    return _one(connection, keys, cases.c.request_key == request_key)


def case_with_id(connection: Connection, keys: KeyRing, id: int) -> Case | None:
    """Return the case with a row number, or None."""
    return _one(connection, keys, cases.c.id == id)


def cases_of_contact(
    connection: Connection,
    keys: KeyRing,
    contact_id: int,
    *,
    only_open: bool = False,
    limit: int = 20,
    before_id: int | None = None,
) -> Iterator[Case]:
    """Yield a person's cases of all their channels, the newest first; `before_id` goes on after the last one seen."""
    mine = cases.c.contact_id.in_(contacts_of(connection, contact_id))
    return _several(connection, keys, _newest_first(mine & cases.c.is_open if only_open else mine, limit, before_id))


def cases_of_policy(
    connection: Connection, keys: KeyRing, policy_id: int, *, limit: int = 20, before_id: int | None = None
) -> Iterator[Case]:
    """Yield the cases on a policy, the newest first; `before_id` goes on after the last one seen."""
    return _several(connection, keys, _newest_first(cases.c.policy_id == policy_id, limit, before_id))


def all_cases(
    connection: Connection, keys: KeyRing, *, limit: int = 500, after_id: int | None = None
) -> Iterator[Case]:
    """Yield all cases in the order of their opening; `after_id` goes on after the last one seen."""
    wanted = select(cases).order_by(cases.c.id).limit(limit)
    return _several(connection, keys, wanted if after_id is None else wanted.where(cases.c.id > after_id))


def open_cases(connection: Connection, keys: KeyRing, *, limit: int = 100, owner: str | None = None) -> Iterator[Case]:
    """Yield open cases (of one owner), those longest without a change first."""
    wanted = select(cases).where(cases.c.is_open).order_by(cases.c.changed_at, cases.c.id).limit(limit)
    return _several(connection, keys, wanted if owner is None else wanted.where(cases.c.owner == owner))


def sealed_answers(
    keys: KeyRing,
    id: int,
    answers: Mapping[str, Any],
    labels: Mapping[str, str],
    corrected: Mapping[str, datetime] | None = None,
) -> bytes:
    """Seal what was answered for the row `id`. Raises TypeError for what JSON cannot hold."""
    days = {slot: at.isoformat() for slot, at in (corrected or {}).items()}
    told = {"answers": dict(answers), "labels": dict(labels), "corrected": days}
    return keys.seal(json.dumps(told).encode(), place=_place(id))


def _newest_first(wanted: ColumnElement[bool], limit: int, before_id: int | None) -> Select[Any]:
    found = select(cases).where(wanted).order_by(cases.c.id.desc()).limit(limit)
    return found if before_id is None else found.where(cases.c.id < before_id)


def _one(connection: Connection, keys: KeyRing, wanted: ColumnElement[bool]) -> Case | None:
    row = connection.execute(select(cases).where(wanted)).first()
    return None if row is None else _read(keys, row)


def _several(connection: Connection, keys: KeyRing, wanted: Select[Any]) -> Iterator[Case]:
    return (_read(keys, row) for row in connection.execute(wanted).all())


def _read(keys: KeyRing, row: Row[Any]) -> Case:
    columns = dict(row._mapping)
    told = json.loads(keys.open(columns.pop("answers"), place=_place(row.id)))
    corrected = {slot: datetime.fromisoformat(at) for slot, at in told.get("corrected", {}).items()}
    return Case(**columns, answers=told["answers"], labels=told["labels"], corrected=corrected)


def _place(id: int) -> str:
    return f"cases|answers|{id}"
