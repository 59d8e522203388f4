"""The console's live pages: how soon changes reach twenty managers, and what their watching costs the webhook."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http import HTTPStatus
from statistics import median

import requests

from bot.clock import system_clock
from bot.settings import load_settings
from bot.store.conversations import listed
from bot.store.store import Store, open_store
from care.staff import add_member, hash_of_new
from tests.bench.client import Load, closed_loop
from tests.bench.figures import Figure, middle, percentile
from tests.bench.messages import Callers
from tests.bench.questions import conversations
from tests.bench.schedule import Schedule
from tests.bench.servers import OURS, Server, serving

BENCH = "viewers"
_MANAGERS, _OPEN = 20, 200
_PASSWORD = "a-password-of-the-benchmark"
_DELIVERED_SECONDS, _KEPT_THROUGHPUT = 1.0, 0.7
_EVERY_SECONDS = 0.2
_SEATED_SECONDS = 60.0
_CONTACTS = [f"oView{number:023d}" for number in range(_OPEN)]


def measure(schedule: Schedule) -> list[Figure]:
    """Return how late changes arrive, and the webhook's pace with viewers as a ratio of that without them."""
    callers = Callers([conversation[0] for conversation in conversations()], seed=5)
    count = 400 if schedule.is_quick else 1500
    home = schedule.folder / "viewers"
    with serving(OURS, home) as server, closing(_store(schedule, home)) as store:
        schedule.tell("viewers: opening 200 conversations, signing 20 managers in")
        asking = Callers(["转人工"], seed=1)
        closed_loop(server.port, asking.requests(_OPEN, contacts=_CONTACTS), people=16)
        sessions = _signed_in(store, server)
        ids = _conversations(store)
        ratios: list[float] = []
        for number in range(schedule.rounds):
            schedule.tell(f"viewers: round {number + 1} of {schedule.rounds}")
            alone = _load(server, callers, count)
            with _watching(server, sessions):
                ratios.append(_load(server, callers, count).per_second / alone.per_second)
        schedule.tell("viewers: how soon changes arrive")
        late = _deliveries(server, sessions, callers, ids, probes=40 if schedule.is_quick else 150)
    return [
        middle(BENCH, "webhook with 20 viewers of that without", ratios, "x", at_least=_KEPT_THROUGHPUT),
        Figure(
            bench=BENCH,
            name="change seen by a manager, p99",
            value=percentile(late, 0.99),
            unit="s",
            below=_DELIVERED_SECONDS,
            note=f"median {median(late):.2f}, longest {max(late):.2f}, {len(late)} deliveries; the turn included",
        ),
    ]


def _store(schedule: Schedule, home: object) -> Store:
    environment = {
        "ASSISTANT_CONFIG": f"{home}/bench.toml",
        "ASSISTANT_DATA_DIR": str(schedule.folder / "data"),
        "DATABASE_URL": f"sqlite:///{home}/assistant.db",
    }
    settings = load_settings(environment)
    return open_store(settings.database_url, settings.keys)


def _signed_in(store: Store, server: Server) -> list[requests.Session]:
    hashed, now = hash_of_new(_PASSWORD), system_clock()
    sessions = []
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
        sessions.append(session)
    return sessions


def _conversations(store: Store) -> dict[str, int]:
    with store.reading() as connection:
        return {row.contact: row.id for row in listed(connection, store.keys)}


def _load(server: Server, callers: Callers, count: int) -> Load:
    return closed_loop(server.port, callers.requests(count, contacts=_CONTACTS), people=32)


@contextmanager
def _watching(
    server: Server, sessions: Sequence[requests.Session], seen: dict[int, list[float]] | None = None
) -> Iterator[None]:
    """Keep a stream open for each manager; `seen` gets the times at which a conversation's change was told."""
    ended, ready = threading.Event(), threading.Barrier(len(sessions) + 1)

    def watch(session: requests.Session) -> None:
        with _stream(session, server) as stream:
            lines = stream.iter_lines()
            next(lines)
            ready.wait(_SEATED_SECONDS)
            for line in lines:
                if ended.is_set():
                    return
                if seen is not None and line.startswith(b"data: "):
                    at = time.perf_counter()
                    for id in json.loads(line[6:])["versions"]:
                        seen[int(id)].append(at)

    threads = [threading.Thread(target=watch, args=(session,), daemon=True) for session in sessions]
    for thread in threads:
        thread.start()
    ready.wait(_SEATED_SECONDS)
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(_SEATED_SECONDS)  # each leaves at the stream's next sign of life


def _stream(session: requests.Session, server: Server) -> requests.Response:
    """Open a stream as soon as there is a seat: the server sees that one was left when it next writes to it."""
    until = time.monotonic() + _SEATED_SECONDS
    while True:
        stream = session.get(f"http://127.0.0.1:{server.port}/console/live", stream=True, timeout=30)
        if stream.status_code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > until:
            stream.raise_for_status()
            return stream
        stream.close()
        time.sleep(0.5)


def _deliveries(
    server: Server, sessions: Sequence[requests.Session], callers: Callers, ids: dict[str, int], *, probes: int
) -> list[float]:
    """Return how late each manager heard of each message: a person writes every fifth of a second."""
    seen: dict[int, list[float]] = defaultdict(list)
    wanted = callers.requests(probes, contacts=_CONTACTS)
    sent: dict[int, float] = {}
    with _watching(server, sessions, seen):
        time.sleep(1.0)  # the snapshots have arrived
        seen.clear()
        for contact, message in zip(_CONTACTS, wanted, strict=False):
            sent[ids[contact]] = time.perf_counter()
            closed_loop(server.port, [message], people=1)
            time.sleep(_EVERY_SECONDS)
        time.sleep(2.0)
    late = [at - began for id, began in sent.items() for at in sorted(seen[id])[: len(sessions)]]
    if len(late) < len(sent) * len(sessions):
        raise RuntimeError(f"{len(sent) * len(sessions) - len(late)} deliveries never arrived")
    return late
