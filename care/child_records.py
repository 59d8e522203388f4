"""What is recorded of children: doses, growth, check-ups, immunoglobulin. Statements only; the rows are never altered,
a correction drops one and keeps its trace for a year."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bot.clock import in_china
from bot.keys import KeyRing
from care.child import CheckUp, Child, Dose, Growth, Record, RecordRefused, VaccineEvent, fault_of_day, fault_of_dose
from care.child_tables import child_records, children
from care.vaccination.rule_files import load

_SHAPES: Mapping[str, type[Record]] = {"dose": Dose, "growth": Growth, "check_up": CheckUp, "event": VaccineEvent}
_KINDS = {shape: kind for kind, shape in _SHAPES.items()}
_FIELDS = {"dose": "doses", "growth": "growth", "check_up": "check_ups", "event": "events"}
_IN_COLUMNS = ("id", "source", "recorded_at")
_TIMED = ("dose", "event")
TRACE_KEPT = timedelta(days=365)
_PAGE = 500

Kind = TypeVar("Kind", Dose, Growth, CheckUp, VaccineEvent)


def records_of(connection: Connection, keys: KeyRing, ids: Sequence[int]) -> Mapping[int, dict[str, tuple[Any, ...]]]:
    """Return child → field of `Child` → what stands recorded, in the order of days."""
    found: dict[int, dict[str, list[Record]]] = defaultdict(lambda: {name: [] for name in _FIELDS.values()})
    table = child_records
    query = select(table).where(table.c.child_id.in_(ids), table.c.dropped_at.is_(None)).order_by(table.c.id)
    for row in connection.execute(query) if ids else ():
        found[row.child_id][_FIELDS[row.kind]].append(_opened(keys, row))
    return {
        id: {name: tuple(sorted(records, key=lambda one: one.on)) for name, records in found[id].items()} for id in ids
    }


def add_doses(
    connection: Connection, keys: KeyRing, child: Child, doses: Iterable[Dose], *, by: str, now: datetime
) -> list[Dose]:
    """Record doses and return those that are new; the same vaccine on the same day is the same dose.

    A known dose that the clinic confirms now counts as confirmed, and was recorded when it was first told. Raises
    RecordRefused: then none is stored.
    """
    standing, today = list(_standing(connection, keys, child, Dose)), in_china(now).date()
    new, confirmed = [], []
    for dose in doses:
        known = next((one for one in standing if (one.on, one.vaccine) == (dose.on, dose.vaccine)), None)
        if known is not None:
            confirmed += [(known, dose)] if _is_surer(known, dose) else []
            continue
        fault = fault_of_dose(dose, birth=child.birth, others=standing, today=today, programme=load())
        if fault is not None:
            raise RecordRefused(fault, dose)
        standing.append(dose)
        new.append(dose)
    for known, dose in confirmed:
        surer = replace(dose, product=dose.product or known.product, recorded_at=known.recorded_at)
        _replace(connection, keys, child, known.id or 0, surer, by, now)
    return _insert_all(connection, keys, child, new, by=by, now=now)


def correct_dose(
    connection: Connection, keys: KeyRing, child: Child, id: int, dose: Dose, *, by: str, now: datetime
) -> Dose:
    """Put a dose right; the old row keeps its trace. Raises RecordRefused, KeyError (no such dose stands)."""
    standing = {one.id: one for one in _standing(connection, keys, child, Dose)}
    del standing[id]
    others, today = list(standing.values()), in_china(now).date()
    fault = fault_of_dose(dose, birth=child.birth, others=others, today=today, programme=load())
    if fault is not None:
        raise RecordRefused(fault, dose)
    same = next((one for one in others if (one.on, one.vaccine) == (dose.on, dose.vaccine)), None)
    if same is not None:  # it was recorded twice, once with a slip
        _drop(connection, child, id, by=by, now=now, replaced_by=same.id)
        return same
    return _replace(connection, keys, child, id, replace(dose, recorded_at=None), by, now)


def drop_dose(connection: Connection, child: Child, id: int, *, by: str, now: datetime) -> bool:
    """Take back a dose; False when none with this number stands. Its row keeps the trace."""
    return drop_record(connection, child, id, by=by, now=now)


def drop_record(connection: Connection, child: Child, id: int, *, by: str, now: datetime) -> bool:
    """Take back anything recorded of a child; False when none with this number stands."""
    return _drop(connection, child, id, by=by, now=now, replaced_by=None)


def add_growth(
    connection: Connection, keys: KeyRing, child: Child, growth: Growth, *, by: str, now: datetime
) -> Growth:
    """Record height and weight; a second word on the same day replaces the first, and fills what it leaves out.

    Raises RecordRefused.
    """
    known = _on_day(connection, keys, child, growth, now=now)
    if known is None:
        return _insert(connection, keys, child, growth, by=by, now=now)
    height, weight = growth.height_cm or known.height_cm, growth.weight_kg or known.weight_kg
    if (height, weight) == (known.height_cm, known.weight_kg):
        return known
    whole = replace(growth, height_cm=height, weight_kg=weight)
    return _replace(connection, keys, child, known.id or 0, whole, by, now)


def add_check_up(
    connection: Connection, keys: KeyRing, child: Child, check_up: CheckUp, *, by: str, now: datetime
) -> CheckUp:
    """Record a check-up; one a day. Raises RecordRefused."""
    known = _on_day(connection, keys, child, check_up, now=now)
    return known or _insert(connection, keys, child, check_up, by=by, now=now)


def add_event(
    connection: Connection, keys: KeyRing, child: Child, event: VaccineEvent, *, by: str, now: datetime
) -> VaccineEvent:
    """Record immunoglobulin or another blood product; one a day. Raises RecordRefused."""
    known = _on_day(connection, keys, child, event, now=now)
    return known or _insert(connection, keys, child, event, by=by, now=now)


def prune_traces(connection: Connection, *, now: datetime) -> int:
    """Delete what was taken back or put right more than a year ago; returns how many rows."""
    table = child_records
    old = list(connection.scalars(select(table.c.id).where(table.c.dropped_at < now - TRACE_KEPT).limit(_PAGE)))
    if not old:
        return 0
    connection.execute(update(table).where(table.c.replaced_by.in_(old)).values(replaced_by=None))
    connection.execute(delete(table).where(table.c.id.in_(old)))
    return len(old)


def _on_day(connection: Connection, keys: KeyRing, child: Child, record: Kind, *, now: datetime) -> Kind | None:
    fault = fault_of_day(child.birth, record.on, today=in_china(now).date())
    if fault is not None:
        raise RecordRefused(fault, record)
    found = _standing(connection, keys, child, type(record))
    return next((one for one in found if one.on == record.on), None)


def _standing(connection: Connection, keys: KeyRing, child: Child, shape: type[Kind]) -> tuple[Kind, ...]:
    """What stands now, while nobody else writes to this child (PostgreSQL; SQLite has one writer anyway)."""
    connection.execute(select(children.c.id).where(children.c.id == child.id).with_for_update())
    return records_of(connection, keys, [child.id])[child.id][_FIELDS[_KINDS[shape]]]


def _is_surer(known: Dose, told: Dose) -> bool:
    return told.source == "clinic_confirmed" and known.source != "clinic_confirmed"


def _replace(
    connection: Connection, keys: KeyRing, child: Child, id: int, record: Kind, by: str, now: datetime
) -> Kind:
    made = _insert(connection, keys, child, record, by=by, now=now)
    _drop(connection, child, id, by=by, now=now, replaced_by=made.id)
    return made


def _insert(connection: Connection, keys: KeyRing, child: Child, record: Kind, *, by: str, now: datetime) -> Kind:
    [made] = _insert_all(connection, keys, child, [record], by=by, now=now)
    return made


def _insert_all(
    connection: Connection, keys: KeyRing, child: Child, records: Sequence[Kind], *, by: str, now: datetime
) -> list[Kind]:
    """Sealing needs a row's number: first the rows, then their content."""
    if not records:
        return []
    rows = [
        {"child_id": child.id, "kind": _KINDS[type(one)], "source": one.source, "added_by": by, "sealed": b"",
         "added_at": getattr(one, "recorded_at", None) or now}
        for one in records
    ]  # fmt: skip
    adding = insert(child_records).returning(child_records.c.id, sort_by_parameter_order=True)
    ids = connection.scalars(adding, rows).all()
    sealed = [
        {"row": id, "content": keys.seal(_plain(one), place=_place(id))} for id, one in zip(ids, records, strict=True)
    ]
    filling = update(child_records).where(child_records.c.id == bindparam("row"))
    connection.execute(filling.values(sealed=bindparam("content")), sealed)
    return [replace(one, id=id) for id, one in zip(ids, records, strict=True)]


def _plain(record: Record) -> bytes:
    told = {name: value for name, value in asdict(record).items() if name not in _IN_COLUMNS}
    return json.dumps(told, ensure_ascii=False, default=date.isoformat).encode()


def _drop(connection: Connection, child: Child, id: int, *, by: str, now: datetime, replaced_by: int | None) -> bool:
    table = child_records
    standing = (table.c.id == id, table.c.child_id == child.id, table.c.dropped_at.is_(None))
    dropping = update(table).where(*standing).values(dropped_at=now, dropped_by=by, replaced_by=replaced_by)
    return connection.execute(dropping).rowcount == 1


def _opened(keys: KeyRing, row: Any) -> Record:
    told = json.loads(keys.open(row.sealed, place=_place(row.id)))
    told["on"] = date.fromisoformat(told["on"])
    if row.kind in _TIMED:
        told["recorded_at"] = row.added_at
    return _SHAPES[row.kind](**told, source=row.source, id=row.id)


def _place(id: int) -> str:
    return f"child_records|sealed|{id}"
