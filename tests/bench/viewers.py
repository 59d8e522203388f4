"""The console's live pages: how soon changes reach twenty managers, and what their looking costs the webhook.

Each manager has a page open that does what a browser's does (open_pages.py), ten of them with a conversation.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from statistics import median

import requests
from sqlalchemy import select

from bot.clock import system_clock
from bot.messages import Owner
from bot.settings import load_settings
from bot.store.conversations import listed
from bot.store.schema import conversations as table
from bot.store.store import Store, open_store
from care.staff import add_member, hash_of_new
from tests.bench.client import Load, closed_loop
from tests.bench.figures import Figure, middle, percentile
from tests.bench.messages import Callers
from tests.bench.open_pages import Seat, Watch, watching
from tests.bench.questions import conversations
from tests.bench.schedule import Schedule
from tests.bench.servers import OURS, Server, serving

BENCH = "viewers"
_MANAGERS, _READING, _OPEN = 20, 10, 200
_PASSWORD = "a-password-of-the-benchmark"
_DELIVERED_SECONDS, _KEPT_THROUGHPUT = 1.0, 0.7
_EVERY_SECONDS = 0.2
_SETTLED_SECONDS = 4.0  # longer than a page ever rests
_CONTACTS = [f"oView{number:023d}" for number in range(_OPEN)]


def measure(schedule: Schedule) -> list[Figure]:
    """Return how late changes arrive, and the webhook's pace with viewers as a ratio of that without them."""
    callers = Callers([conversation[0] for conversation in conversations()], seed=5)
    count = 1000 if schedule.is_quick else 2500
    home = schedule.folder / "viewers"
    with serving(OURS, home) as server, closing(_store(schedule, home)) as store:
        schedule.tell("viewers: opening 200 conversations, signing 20 managers in")
        asking = Callers(["转人工"], seed=1)
        closed_loop(server.port, asking.requests(_OPEN, contacts=_CONTACTS), people=16)
        cookies = _signed_in(store, server)
        reading = [id for id, _ in _conversations(store).values()][:_READING]
        seats = [Seat(cookie=one, conversation=id) for one, id in zip(cookies, reading, strict=False)]
        seats += [Seat(cookie=one) for one in cookies[_READING:]]
        ratios, costs, took = _rounds(schedule, server, seats, callers, count)
        schedule.tell("viewers: how soon changes arrive")
        with watching(server.port, seats) as watch:
            told, shown = _deliveries(server, watch, callers, store, probes=40 if schedule.is_quick else 150)
    longest = f"{len(took)} askings, asking took {median(took):.2f} s, p99 {percentile(took, 0.99):.2f} s"
    return [
        middle(BENCH, "webhook with 20 viewers of that without", ratios, "x", at_least=_KEPT_THROUGHPUT, note=longest),
        # The same by processor time, which a busy machine falsifies less.
        middle(BENCH, "server's time a message, without of that with", costs, "x"),
        _lateness("change told to a manager, p99", told),
        _lateness("change seen in a manager's list, p99", shown),
    ]


def _rounds(
    schedule: Schedule, server: Server, seats: Sequence[Seat], callers: Callers, count: int
) -> tuple[list[float], list[float], list[float]]:
    """Return each round's ratio of pace, and of processor time, and how long the pages' askings took under load."""
    ratios: list[float] = []
    costs: list[float] = []
    took: list[float] = []
    _load(server, callers, count)  # the first messages are dearer: nothing has been seen before
    for number in range(schedule.rounds):
        schedule.tell(f"viewers: round {number + 1} of {schedule.rounds}")
        alone, cost_alone = _load(server, callers, count)
        with watching(server.port, seats) as watch:
            watch.took()
            watched, cost_watched = _load(server, callers, count)
            took += watch.took()
        schedule.tell(
            f"viewers: {alone.per_second:.0f}/s alone, {watched.per_second:.0f}/s with viewers; "
            f"the server's processor time a message {1e3 * cost_alone:.1f} ms, {1e3 * cost_watched:.1f} ms"
        )
        ratios.append(watched.per_second / alone.per_second)
        costs.append(cost_alone / cost_watched)
    return ratios, costs, took


def _lateness(name: str, late: Sequence[float]) -> Figure:
    note = f"median {median(late):.2f}, longest {max(late):.2f}, {len(late)} deliveries; the turn included"
    return Figure(bench=BENCH, name=name, value=percentile(late, 0.99), unit="s", below=_DELIVERED_SECONDS, note=note)


def _store(schedule: Schedule, home: object) -> Store:
    environment = {
        "ASSISTANT_CONFIG": f"{home}/bench.toml",
        "ASSISTANT_DATA_DIR": str(schedule.folder / "data"),
        "DATABASE_URL": f"sqlite:///{home}/assistant.db",
    }
    settings = load_settings(environment)
    return open_store(settings.database_url, settings.keys)


def _signed_in(store: Store, server: Server) -> list[str]:
    hashed, now = hash_of_new(_PASSWORD), system_clock()
    cookies = []
    for number in range(_MANAGERS):
        name = f"manager-{number}"
        store.write(
            lambda connection, name=name: add_member(
                connection, name=name, role="manager", password_hash=hashed, must_change=False, now=now
            )
        )
        session = requests.Session()
        address = f"http://127.0.0.1:{server.port}/console/login"
        session.get(address, timeout=20)
        answer = session.post(address, data={"username": name, "password": _PASSWORD}, timeout=20)
        if not answer.url.rstrip("/").endswith("/console"):
            raise RuntimeError(f"{name} could not sign in: {answer.status_code} {answer.url}")
        cookies.append("; ".join(f"{one.name}={one.value}" for one in session.cookies))
    return cookies


def _conversations(store: Store) -> dict[str, tuple[int, Owner]]:
    with store.reading() as connection:
        return {row.contact: (row.id, row.owner) for row in listed(connection, store.keys)}


def _versions(store: Store) -> dict[int, int]:
    with store.reading() as connection:
        return {row.id: row.version for row in connection.execute(select(table.c.id, table.c.version))}


def _load(server: Server, callers: Callers, count: int) -> tuple[Load, float]:
    """Return how a load went, and the server's processor time for each message of it, in seconds."""
    requests = callers.requests(count, contacts=_CONTACTS)
    before = server.cpu_seconds()
    load = closed_loop(server.port, requests, people=32)
    return load, (server.cpu_seconds() - before) / count


def _deliveries(
    server: Server, watch: Watch, callers: Callers, store: Store, *, probes: int
) -> tuple[list[float], list[float]]:
    """Return how late each manager heard of each message, and how late it stood in their list: a person writes every
    fifth of a second."""
    time.sleep(_SETTLED_SECONDS)
    watch.seen()
    ids = {contact: id for contact, (id, owner) in _conversations(store).items() if owner == Owner.WAITING}
    before = _versions(store)
    sent: dict[int, float] = {}
    for contact, message in zip(ids, callers.requests(probes, contacts=list(ids)), strict=False):
        sent[ids[contact]] = time.perf_counter()
        closed_loop(server.port, [message], people=1)
        time.sleep(_EVERY_SECONDS)
    time.sleep(_SETTLED_SECONDS)
    first: dict[tuple[bool, int, int], float] = defaultdict(lambda: float("inf"))
    for one in watch.seen():
        if one.conversation in sent and one.version > before[one.conversation]:
            place = (one.is_row, one.page, one.conversation)
            first[place] = min(first[place], one.at)
    told = [at - sent[id] for (is_row, _, id), at in first.items() if not is_row]
    shown = [at - sent[id] for (is_row, _, id), at in first.items() if is_row]
    if min(len(told), len(shown)) < len(sent) * _MANAGERS:
        raise RuntimeError(f"of {len(sent) * _MANAGERS} deliveries {len(told)} were told, {len(shown)} shown")
    return told, shown
