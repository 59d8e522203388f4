"""The promises of a case as rows with a due time: started, paused while the customer is awaited, met, missed, dropped.

A promise starts when its first step is reached and its condition holds, and is kept when its last step, or one past
it, is reached in time. Once missed it stays missed; `ended_at` then tells when it was kept after all, or given up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from bot.forms import holds
from care.deadlines import due, resumed
from care.rules import Answers, CaseStep, Flow, Promise
from care.steps import is_past
from care.tables import case_deadlines, cases
from care.workdays import WorkCalendar

_table = case_deadlines


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """One promise of one case. `state`: running | paused | met | missed | dropped; times are UTC."""

    id: int
    case_id: int
    promise: str
    started_at: datetime
    due_at: datetime
    is_provisional: bool
    paused_at: datetime | None
    state: str
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """A promise that was missed, with what a person must know to act on it."""

    deadline: Deadline
    number: str
    product: str
    service: str
    owner: str | None
    conversation_id: int


def reached(
    connection: Connection,
    flow: Flow,
    step: CaseStep,
    *,
    case_id: int,
    answers: Answers,
    now: datetime,
    calendar: WorkCalendar,
) -> None:
    """Let the promises of a case follow it to `step`: end, start, pause or resume them."""
    promises = {promise.id: promise for promise in flow.promises}
    going_on = []
    for row in _unended(connection, case_id):
        promise = promises.get(row.promise)
        if promise is not None and _is_kept(flow, promise, step):
            _end(connection, row, "met", now=now)
        elif step.ends:
            _end(connection, row, "dropped", now=now)
        else:
            going_on.append(row)
    if step.ends:
        return
    waits = step.waits_for == "customer"
    for row in going_on:
        if waits:
            _pause(connection, row, now=now)
        elif row.state == "paused" and row.promise in promises:
            _resume(connection, flow, promises[row.promise], row, now=now, calendar=calendar)
    running = {row.promise for row in going_on}
    for promise in flow.promises:
        if promise.start == step.id and promise.id not in running and holds(promise.when, answers):
            _start(connection, flow, promise, case_id=case_id, waits=waits, now=now, calendar=calendar)


def dropped(connection: Connection, case_id: int, *, now: datetime) -> None:
    """End what still runs because the case was withdrawn."""
    for row in _unended(connection, case_id):
        _end(connection, row, "dropped", now=now)


def pause(connection: Connection, case_id: int, *, now: datetime) -> int:
    """Stop the clocks of a case where it stands; returns how many ran. What is late already is missed, not paused."""
    running = [row for row in _unended(connection, case_id) if row.state == "running"]
    for row in running:
        _pause(connection, row, now=now)
    return sum(row.due_at >= now for row in running)


def resume(connection: Connection, flow: Flow, case_id: int, *, now: datetime, calendar: WorkCalendar) -> int:
    """Let the paused clocks of a case run on; returns how many were paused."""
    promises = {promise.id: promise for promise in flow.promises}
    paused = [row for row in _unended(connection, case_id) if row.state == "paused" and row.promise in promises]
    for row in paused:
        _resume(connection, flow, promises[row.promise], row, now=now, calendar=calendar)
    return len(paused)


def deadlines_of(connection: Connection, case_id: int) -> Iterator[Deadline]:
    """Yield the promises of a case in the order they started."""
    rows = connection.execute(select(_table).where(_table.c.case_id == case_id).order_by(_table.c.id)).all()
    return (_deadline(row) for row in rows)


def missed(connection: Connection, now: datetime, *, limit: int = 500) -> Sequence[Overdue]:
    """Mark what is overdue as missed, the longest overdue first, and return it; each is returned once."""
    overdue = (
        select(_table.c.id)
        .where(_table.c.state == "running", _table.c.due_at < now)
        .order_by(_table.c.due_at, _table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # what is being moved at this moment tells by itself
    )
    ids = list(connection.scalars(overdue))
    if not ids:
        return []
    connection.execute(update(_table).where(_table.c.id.in_(ids)).values(state="missed"))
    told = (cases.c.number, cases.c.product, cases.c.service, cases.c.owner, cases.c.conversation_id)
    rows = connection.execute(
        select(_table, *told)
        .join(cases, cases.c.id == _table.c.case_id)
        .where(_table.c.id.in_(ids))
        .order_by(_table.c.due_at, _table.c.id)
    )
    return [_overdue(row) for row in rows]


def _unended(connection: Connection, case_id: int) -> Sequence[Row[Any]]:
    wanted = select(_table).where(_table.c.case_id == case_id, _table.c.ended_at.is_(None)).order_by(_table.c.id)
    return connection.execute(wanted.with_for_update()).all()


def _is_kept(flow: Flow, promise: Promise, step: CaseStep) -> bool:
    # A refusal on the way ends the case before the promised step; it is past it, and yet nothing was kept.
    return step.id == promise.end or (step.ends != "refused" and is_past(flow, step.id, promise.end))


def _start(
    connection: Connection,
    flow: Flow,
    promise: Promise,
    *,
    case_id: int,
    waits: bool,
    now: datetime,
    calendar: WorkCalendar,
) -> None:
    until = due(now, promise.within, flow.eligibility.hours, calendar)
    connection.execute(
        insert(_table).values(
            case_id=case_id,
            promise=promise.id,
            started_at=now,
            due_at=until.at,
            is_provisional=until.is_provisional,
            paused_at=now if waits else None,
            state="paused" if waits else "running",
        )
    )


def _pause(connection: Connection, row: Row[Any], *, now: datetime) -> None:
    if row.state == "running":
        late = row.due_at < now
        _set(connection, row, state="missed" if late else "paused", paused_at=None if late else now)


def _resume(
    connection: Connection, flow: Flow, promise: Promise, row: Row[Any], *, now: datetime, calendar: WorkCalendar
) -> None:
    until = resumed(
        row.due_at,
        paused_at=row.paused_at,
        now=now,
        within=promise.within,
        hours=flow.eligibility.hours,
        calendar=calendar,
    )
    provisional = row.is_provisional or until.is_provisional
    _set(connection, row, state="running", paused_at=None, due_at=until.at, is_provisional=provisional)


def _end(connection: Connection, row: Row[Any], state: str, *, now: datetime) -> None:
    late = row.state == "missed" or (row.state == "running" and row.due_at < now)
    _set(connection, row, state="missed" if late else state, ended_at=now)


def _set(connection: Connection, row: Row[Any], **values: Any) -> None:
    connection.execute(update(_table).where(_table.c.id == row.id).values(**values))


def _deadline(row: Row[Any]) -> Deadline:
    return Deadline(**{name: getattr(row, name) for name in Deadline.__dataclass_fields__})


def _overdue(row: Row[Any]) -> Overdue:
    told = ("number", "product", "service", "owner", "conversation_id")
    return Overdue(deadline=_deadline(row), **{name: getattr(row, name) for name in told})
