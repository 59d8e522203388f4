"""Reminding: what a tick costs with few and many planned rows, and how fast the night plans everything anew; on both
databases, beside APScheduler's own job store with one job a reminder."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from sqlalchemy import Connection, delete, insert, select, text

from bot.clock import CHINA, in_china
from bot.keys import KeyRing
from bot.store.people import introduce
from bot.store.schema import conversations
from bot.store.store import Store, open_store
from care import children, consents
from care.child import Profile
from care.consents import ConsentKind
from care.tables import reminders
from care.workdays import WorkCalendar
from handlers.remind import Rounds
from handlers.reminder_facts import Desk
from handlers.reminder_ways import Ways
from handlers.replanning import walks
from knowledge.library import Library
from tests.bench.figures import Figure, middle
from tests.bench.schedule import Schedule
from tests.postgresql import Cluster, binaries

BENCH = "reminding"
_NOW = datetime(2026, 11, 23, 9, 11, tzinfo=CHINA).astimezone(UTC)
_DUE = 100  # at each tick, whatever the number of rows
_TIMES_MORE = 1.5
_MILLION = 1_000_000

# Rows of the years to come, made inside the database: a row a second from tomorrow on.
_FILL = {
    "sqlite": """
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows)
        INSERT INTO reminders
            (kind, subject, occurrence, contact_id, conversation_id, due_at, until_at, state, rung, tries)
        SELECT 'vaccination', 'child:' || (n + 1000000), 'o', 1, 1,
            :now + (n + 86400) * 1000000, :now + (n + 172800) * 1000000, 'planned', 0, 0 FROM numbers""",
    "postgresql": """
        INSERT INTO reminders
            (kind, subject, occurrence, contact_id, conversation_id, due_at, until_at, state, rung, tries)
        SELECT 'vaccination', 'child:' || (n + 1000000), 'o', 1, 1,
            to_timestamp(:now / 1000000.0 + n + 86400), to_timestamp(:now / 1000000.0 + n + 172800), 'planned', 0, 0
        FROM generate_series(1, :rows) AS n""",
}


def measure(schedule: Schedule) -> list[Figure]:
    """Return the figures of both databases; without PostgreSQL those of SQLite."""
    found = []
    with _databases(schedule.folder) as urls:
        for name, make in urls.items():
            found += _ticks(schedule, name, make)
            found += _nights(schedule, name, make)
            found += _jobs(schedule, name, make)
    return found


@contextmanager
def _databases(folder: Path) -> Iterator[dict[str, Callable[[], str]]]:
    numbers, programs = itertools.count(), binaries()
    made: dict[str, Callable[[], str]] = {"SQLite": lambda: f"sqlite:///{folder / f'reminding-{next(numbers)}.db'}"}
    cluster = Cluster(programs) if programs else None
    if cluster is not None:
        made["PostgreSQL"] = lambda: cluster.url(cluster.create())
    try:
        yield made
    finally:
        if cluster is not None:
            cluster.stop()


def _ticks(schedule: Schedule, name: str, make: Callable[[], str]) -> list[Figure]:
    sizes = (10_000, 100_000) if schedule.is_quick else (10_000, 100_000, _MILLION)
    taken: dict[int, list[float]] = {}
    idle: dict[int, float] = {}
    stores = {rows: _filled(make(), rows) for rows in sizes}
    schedule.tell(f"reminding: ticks on {name}, {schedule.rounds} rounds over {', '.join(map(str, sizes))} rows")
    for rows, store in stores.items():
        taken[rows] = []
        idle[rows] = median(_seconds(lambda store=store: _rounds(store).has_due(_NOW)) for _ in range(50))
    for _ in range(schedule.rounds):
        for rows, store in stores.items():  # paired: what else runs on the machine meets all sizes
            taken[rows].append(_tick(store))
    for store in stores.values():
        store.close()
    most = max(sizes)
    ratios = [big / small for big, small in zip(taken[most], taken[sizes[0]], strict=True)]
    return [
        middle(BENCH, f"{name}: tick with {most:,} rows, in those of {sizes[0]:,}", ratios, "x", below=_TIMES_MORE),
        *(
            middle(BENCH, f"{name}: tick of {_DUE} due among {rows:,} rows", [1000 * one for one in taken[rows]], "ms")
            for rows in sizes
        ),
        Figure(bench=BENCH, name=f"{name}: idle tick with {most:,} rows", value=1000 * idle[most], unit="ms"),
    ]


def _filled(url: str, rows: int) -> Store:
    store = open_store(url, KeyRing(masters=[b"m" * 32], index_key=b"i" * 32))

    def fill(connection: Connection) -> None:
        introduce(connection, store.keys, account="demo", platform_id="o", now=_NOW)
        now = int(_NOW.timestamp() * 1_000_000)
        connection.execute(text(_FILL[connection.dialect.name]), {"rows": rows, "now": now})

    store.write(fill, timeout_seconds=600)
    store.write(lambda connection: connection.execute(text("ANALYZE reminders")), timeout_seconds=60)
    return store


def _rounds(store: Store) -> Rounds:
    house = Desk(library=Library(handbooks={}), calendar=WorkCalendar.load(), keys=store.keys)
    return Rounds(store=store, house=house, ways=Ways())


def _tick(store: Store) -> float:
    """Return the seconds of the rounds over what is due: reminders that nobody wants any more, so that the figure is
    the engine's own, without a message's."""
    told = {"kind": "vaccination", "occurrence": "now", "contact_id": 1, "conversation_id": 1, "state": "planned"}
    times = {"due_at": _NOW - timedelta(minutes=1), "until_at": _NOW + timedelta(hours=5), "rung": 0, "tries": 0}
    due = [{**told, **times, "subject": f"child:{number}"} for number in range(1, _DUE + 1)]
    store.write(lambda connection: connection.execute(insert(reminders), due))
    seconds = _seconds(lambda: _rounds(store).until_done(_NOW))
    ended = delete(reminders).where(reminders.c.state == "dropped")
    dropped = store.write(lambda connection: connection.execute(ended).rowcount)
    if dropped != _DUE:
        raise RuntimeError(f"{dropped} of {_DUE} reminders ended")
    return seconds


def _nights(schedule: Schedule, name: str, make: Callable[[], str]) -> list[Figure]:
    """The walk through all children, when everything is planned anew and when nothing has changed."""
    count = 300 if schedule.is_quick else 2000
    store = open_store(make(), KeyRing(masters=[b"m" * 32], index_key=b"i" * 32))
    house = _rounds(store).house
    schedule.tell(f"reminding: the night on {name}, {count} children")
    for start in range(0, count, 100):
        store.write(lambda connection, start=start: _born(connection, store, start), timeout_seconds=60)
    first, _ = _walked(store, house)
    again, grown = _walked(store, house)
    store.close()
    cores_hours = _MILLION / (count / again) / 3600
    return [
        Figure(bench=BENCH, name=f"{name}: children a second, planned first", value=count / first, unit="1/s"),
        Figure(
            bench=BENCH, name=f"{name}: children a second at night", value=count / again, unit="1/s",
            note=f"a million in {cores_hours:.1f} h",
        ),
        Figure(bench=BENCH, name=f"{name}: memory a night adds", value=grown, unit="MB", below=20.0),
    ]  # fmt: skip


def _born(connection: Connection, store: Store, start: int) -> None:
    today = in_china(_NOW).date()
    for number in range(start, start + 100):
        introduce(connection, store.keys, account="demo", platform_id=f"o-{number}", now=_NOW)
        row = connection.execute(select(conversations).order_by(conversations.c.id.desc()).limit(1)).one()
        consents.give(connection, contact_id=row.contact_id, kind=ConsentKind.PERSONAL, version=1, now=_NOW)
        profile = Profile(name="宝宝", birth=today - timedelta(days=number % 2000), sex="F")
        children.add_child(connection, store.keys, profile, contact_id=row.contact_id, now=_NOW)


def _walked(store: Store, house: Any) -> tuple[float, float]:
    """Return the seconds of the walks through everything, and by how many MB the process grew."""
    before = psutil.Process(os.getpid()).memory_info().rss
    began = time.perf_counter()
    for walk in walks(house, now=_NOW):
        place = 0
        while True:
            place, _ = walk.step(store, place)
            if not place:
                break
    grown = psutil.Process(os.getpid()).memory_info().rss - before
    return time.perf_counter() - began, max(0.0, grown / 1e6)


def _nothing() -> None:
    """What APScheduler's jobs do."""


def _jobs(schedule: Schedule, name: str, make: Callable[[], str]) -> list[Figure]:
    """APScheduler's own store, one job a reminder: adding them, and taking what is due as its scheduler does."""
    sizes = (10_000,) if schedule.is_quick else (10_000, 100_000)
    found = []
    for rows in sizes:
        schedule.tell(f"reminding: APScheduler on {name}, {rows} jobs")
        scheduler = BackgroundScheduler(timezone="UTC")
        store = SQLAlchemyJobStore(url=make().replace("postgresql://", "postgresql+psycopg://"))
        store.start(scheduler, "default")
        began = time.perf_counter()
        for number in range(rows):
            at = _NOW + timedelta(days=1, seconds=number) if number >= _DUE else _NOW - timedelta(minutes=1)
            store.add_job(_job(scheduler, number, at))
        adding = rows / (time.perf_counter() - began)
        began = time.perf_counter()
        due = store.get_due_jobs(_NOW)
        for job in due:
            store.remove_job(job.id)
        store.get_next_run_time()
        tick = time.perf_counter() - began
        store.shutdown()
        note = "loses what is due when it is killed"
        found += [
            Figure(bench=BENCH, name=f"{name}: APScheduler, jobs added a second, {rows:,}", value=adding, unit="1/s"),
            Figure(
                bench=BENCH, name=f"{name}: APScheduler, tick of {len(due)} due among {rows:,}", value=1000 * tick,
                unit="ms", note=note,
            ),
        ]  # fmt: skip
    return found


def _job(scheduler: BackgroundScheduler, number: int, at: datetime) -> Any:
    trigger = DateTrigger(at, timezone="UTC")
    return Job(
        scheduler, id=f"child-{number}", func=_nothing, args=(), kwargs={}, name="reminder", trigger=trigger,
        executor="default", misfire_grace_time=3600, coalesce=True, max_instances=1, next_run_time=at,
    )  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
