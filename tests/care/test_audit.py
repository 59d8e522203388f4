"""The audit trail: a chain that shows every change, and does not fork."""

import threading

import pytest
from sqlalchemy import delete, select, update

from bot.keys import KeyRing
from bot.store.store import Store
from care import audit
from care.tables import audit as table
from tests.clocks import FixedClock


def note(connection, keys: KeyRing, clock: FixedClock, subject: str = "policy:1", **detail) -> None:
    audit.append(connection, keys, actor="command", action="import", subject=subject, now=clock(), detail=detail)


@pytest.fixture
def five(store: Store, keys: KeyRing, clock: FixedClock) -> list[int]:
    """Five rows and their numbers."""
    for number in range(5):
        store.write(lambda connection, n=number: note(connection, keys, clock, f"policy:{n}", rows=n))
        clock.move(seconds=1)
    with store.reading() as connection:
        return list(connection.scalars(select(table.c.id).order_by(table.c.id)))


def broken(store: Store, keys: KeyRing, **known) -> int | None:
    with store.reading() as connection:
        return audit.verify(connection, keys, **known)


def test_an_untouched_trail_is_whole_and_tells_what_was_done(store: Store, keys: KeyRing, five: list[int]) -> None:
    assert broken(store, keys) is None
    with store.reading() as connection:
        assert [one.detail for one in audit.entries(connection, keys, subject="policy:3")] == [{"rows": 3}]
        assert [one.subject for one in audit.entries(connection, keys, actor="command", limit=2)] == [
            "policy:4",
            "policy:3",
        ]


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "user:x"},
        {"action": "reveal"},
        {"subject": "policy:9"},
        {"detail": None},
        {"detail": b"12345678" + b"\x01" + b"x" * 40},
        {"digest": "f" * 64},
    ],
)
def test_an_altered_row_is_the_first_broken_one(store: Store, keys: KeyRing, five: list[int], change: dict) -> None:
    store.write(lambda c: c.execute(update(table).where(table.c.id == five[2]).values(change)) and None)
    assert broken(store, keys) == five[2]


def test_an_altered_time_shows(store: Store, keys: KeyRing, five: list[int], clock: FixedClock) -> None:
    store.write(lambda c: c.execute(update(table).where(table.c.id == five[1]).values(at=clock())) and None)
    assert broken(store, keys) == five[1]


def test_a_removed_row_shows_at_the_one_after_it(store: Store, keys: KeyRing, five: list[int]) -> None:
    store.write(lambda c: c.execute(delete(table).where(table.c.id == five[0])) and None)
    assert broken(store, keys) == five[1]


def test_rows_cut_off_the_end_show_to_who_noted_the_head(store: Store, keys: KeyRing, five: list[int]) -> None:
    with store.reading() as connection:
        head = audit.head(connection)
    assert head is not None
    assert broken(store, keys, known=head) is None
    store.write(lambda c: c.execute(delete(table).where(table.c.id >= five[3])) and None)
    assert broken(store, keys) is None
    assert broken(store, keys, known=head) == five[4]


def test_who_lacks_the_index_key_cannot_write_a_row_that_fits(
    store: Store, keys: KeyRing, five: list[int], clock: FixedClock
) -> None:
    foreign = KeyRing(masters=[b"m" * 32], index_key=b"another index key".ljust(32))
    store.write(lambda connection: note(connection, foreign, clock))
    assert broken(store, keys) == five[4] + 1


def test_a_detail_lies_sealed(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    store.write(lambda c: audit.reveal(c, keys, actor="user:wang", subject="case:1", fields=("电话",), now=clock()))
    with store.reading() as connection:
        [row] = connection.execute(select(table)).all()
        assert "电话".encode() not in row.detail
        assert "\\u7535" not in row.detail.decode("latin-1")
        [entry] = audit.entries(connection, keys)
    assert (entry.action, entry.actor, entry.detail) == ("reveal", "user:wang", {"fields": ["电话"]})


def test_writers_at_once_make_one_chain(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def write_ten() -> None:
        for _ in range(10):
            if store.embedded:
                store.write(lambda connection: note(connection, keys, clock))
            else:
                store.transact(lambda connection: note(connection, keys, clock))

    threads = [threading.Thread(target=write_ten) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with store.reading() as connection:
        digests = list(connection.scalars(select(table.c.digest)))
    assert len(digests) == len(set(digests)) == 60
    assert broken(store, keys) is None


def test_two_processes_on_one_database_make_one_chain(
    store: Store, database_url: str, keys: KeyRing, clock: FixedClock
) -> None:
    other = Store(database_url, keys)
    threads = [
        threading.Thread(target=lambda s=each: [s.write(lambda c: note(c, keys, clock)) for _ in range(10)])
        for each in (store, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    other.close()
    assert broken(store, keys) is None
    with store.reading() as connection:
        assert len(audit.entries(connection, keys)) == 20


def test_what_was_undone_leaves_no_row_and_no_gap_in_the_chain(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def fails(connection) -> None:
        note(connection, keys, clock)
        raise LookupError

    store.write(lambda connection: note(connection, keys, clock))
    with pytest.raises(LookupError):
        store.write(fails)
    store.write(lambda connection: note(connection, keys, clock))
    assert broken(store, keys) is None
