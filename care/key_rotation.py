"""Change of the master key: what the old one sealed is sealed anew with the newest, while the service goes on.

Every process must know the new key before this begins, and none may seal with the old one when it ends. It works in
small transactions, finds only what is left to do, and so may be broken off and run again at any time.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, func, select, update

from bot.keys import KeyRing, Unreadable, WrappedKey
from bot.sealed_files import Gone, SealedFiles
from bot.store.schema import person_keys, tokens
from bot.store.store import Store
from care import case_work_tables, child_tables, staff_tables, tables

_BATCH = 200


@dataclass(frozen=True, kw_only=True)
class SealedColumn:
    """A column that the master key seals. The place is "table|column|<key column's value>"."""

    column: Column[Any]
    key: Column[Any]

    def place(self, key: Any) -> str:
        """Name the place of one row's value."""
        return f"{self.column.table.name}|{self.column.name}|{key}"


def _by_id(table: Table, column: str) -> SealedColumn:
    return SealedColumn(column=table.c[column], key=table.c.id)


MASTER_SEALED = (
    SealedColumn(column=tokens.c.token, key=tokens.c.account),
    SealedColumn(column=tables.audit.c.detail, key=tables.audit.c.digest),
    _by_id(tables.policies, "sealed"),
    _by_id(tables.insured, "sealed"),
    _by_id(tables.cases, "answers"),
    _by_id(tables.case_events, "detail"),
    _by_id(tables.materials, "media_id"),
    _by_id(tables.call_tasks, "detail"),
    _by_id(staff_tables.staff, "totp_secret"),
    _by_id(child_tables.children, "sealed"),
    _by_id(child_tables.child_records, "sealed"),
    _by_id(case_work_tables.material_reviews, "reason"),
    _by_id(case_work_tables.call_attempts, "note"),
)


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What one run did: `changed` rows and files; `unreadable` ones that no key here opens, by their places."""

    changed: int
    unreadable: tuple[str, ...]


Progress = Callable[[str, int], None]  # told the name of each table, column or folder, and what was done in it


def rotate(store: Store, folders: Iterable[SealedFiles], *, progress: Progress = lambda _name, _count: None) -> Rotated:
    """Seal everything with the newest master key. Raises ConfigurationFault when an older one is not here."""
    changed, unreadable = 0, list[str]()
    works = [_people(store, unreadable)]
    works += [_column(store, one, unreadable) for one in MASTER_SEALED]
    works += [_folder(folder, unreadable) for folder in folders]
    for name, work in works:
        count = work()
        progress(name, count)
        changed += count
    return Rotated(changed=changed, unreadable=tuple(unreadable))


def left_to_do(connection: Connection, keys: KeyRing) -> int:
    """Return how many rows are not sealed by the newest master key; the older ones may go when it is 0, and
    `rotate` over the folders changes nothing more."""
    counts = [func.count()]
    left = connection.scalar(select(*counts).where(person_keys.c.master_key_id != keys.current_id)) or 0
    for one in MASTER_SEALED:
        left += connection.scalar(select(*counts).select_from(one.column.table).where(_is_old(one.column, keys))) or 0
    return left


_Work = tuple[str, Callable[[], int]]


def _column(store: Store, one: SealedColumn, unreadable: list[str]) -> _Work:
    def work() -> int:
        return _in_batches(
            store,
            select(one.key.label("key"), one.column.label("sealed")).where(_is_old(one.column, store.keys)),
            one.key,
            lambda connection, row: _reseal(connection, store.keys, one, row),
            unreadable,
        )

    return f"{one.column.table.name}.{one.column.name}", work


def _people(store: Store, unreadable: list[str]) -> _Work:
    query = select(person_keys.c.contact_id.label("key"), person_keys.c.master_key_id, person_keys.c.wrapped)

    def work() -> int:
        return _in_batches(
            store,
            query.where(person_keys.c.master_key_id != store.keys.current_id),
            person_keys.c.contact_id,
            lambda connection, row: _rewrap(connection, store.keys, row),
            unreadable,
        )

    return "person_keys", work


def _folder(folder: SealedFiles, unreadable: list[str]) -> _Work:
    def work() -> int:
        changed = 0
        for name in list(folder.names()):
            try:
                changed += folder.rewrap(name)
            except Gone:
                continue  # deleted meanwhile
            except Unreadable:
                unreadable.append(f"{folder.name}|{name}")
        return changed

    return folder.name, work


def _in_batches(
    store: Store,
    query: Select[Any],
    key: Column[Any],
    change: Callable[[Connection, Any], bool],
    unreadable: list[str],
) -> int:
    """Walk along the key, a short transaction for each batch, so that the service's own writes get in between."""
    changed, last = 0, None
    while True:
        going_on = query if last is None else query.where(key > last)
        with store.reading() as connection:
            rows = connection.execute(going_on.order_by(key).limit(_BATCH)).all()
        if not rows:
            return changed
        last = rows[-1].key
        count, faults = store.write(partial(_batch, rows=rows, change=change))
        changed += count
        unreadable += [f"{key.table.name}|{fault}" for fault in faults]


def _batch(
    connection: Connection, *, rows: Iterable[Any], change: Callable[[Connection, Any], bool]
) -> tuple[int, list[Any]]:
    changed, faults = 0, []
    for row in rows:
        try:
            changed += change(connection, row)
        except Unreadable:
            faults.append(row.key)
    return changed, faults


def _reseal(connection: Connection, keys: KeyRing, one: SealedColumn, row: Any) -> bool:
    place = one.place(row.key)
    sealed = keys.seal(keys.open(row.sealed, place=place), place=place)
    # Only what is still as it was read: the service may have changed the row since, and sealed it with its newest key.
    unchanged = (one.key == row.key, one.column == row.sealed)
    written = connection.execute(update(one.column.table).where(*unchanged).values({one.column.name: sealed}))
    return written.rowcount == 1


def _rewrap(connection: Connection, keys: KeyRing, row: Any) -> bool:
    fresh = keys.rewrapped(row.key, WrappedKey(master_key_id=row.master_key_id, wrapped=row.wrapped))
    unchanged = (person_keys.c.contact_id == row.key, person_keys.c.wrapped == row.wrapped)
    values = {"master_key_id": fresh.master_key_id, "wrapped": fresh.wrapped}
    return connection.execute(update(person_keys).where(*unchanged).values(values)).rowcount == 1


def _is_old(column: Column[Any], keys: KeyRing) -> ColumnElement[bool]:
    newest = keys.current_id.encode()
    # The shortest value is a row's empty one, before its content is sealed into it.
    return (func.length(column) > 0) & (func.substr(column, 1, len(newest)) != newest)
