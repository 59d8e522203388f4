"""Several processes that remind on one database, killed with kill -9: no reminder twice, none lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from bot.clock import CHINA, in_china
from bot.store.people import introduce
from bot.store.schema import conversations, inbound
from bot.store.store import Store, open_store
from care import children, consents
from care.child import Profile
from care.consents import ConsentKind
from care.tables import reminders
from care.workdays import WorkCalendar
from handlers.reminder_facts import Desk
from handlers.replanning import replan_child
from knowledge.library import Library
from tests.proof.reminder_worker import KEYS

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 23, 8, 41, tzinfo=CHINA)


class Workers:
    """The processes; one that is killed is started again."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._running = [self._started() for _ in range(count)]

    def _started(self) -> "subprocess.Popen[bytes]":
        errors = (self._folder / "errors").open("ab")
        command = [sys.executable, "-m", "tests.proof.reminder_worker", str(self._folder)]
        with errors:
            return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)

    def kill_one(self, chance: random.Random) -> None:
        place = chance.randrange(len(self._running))
        self._running[place].send_signal(signal.SIGKILL)
        self._running[place].wait()
        self._running[place] = self._started()

    def are_ready(self) -> bool:
        return all((self._folder / f"ready-{process.pid}").exists() for process in self._running)

    def stop(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()


def _due(connection: Connection, numbers: range) -> None:
    """Write children who are to be told of today's doses; every second guardian has an open window."""
    house = Desk(library=Library(handbooks={}), calendar=WorkCalendar.load(), keys=KEYS)
    now, yesterday = AT - timedelta(hours=1), AT - timedelta(hours=20)
    for number in numbers:
        introduce(connection, KEYS, account="demo", platform_id=f"o-{number}", now=yesterday)
        row = connection.execute(select(conversations).order_by(conversations.c.id.desc()).limit(1)).one()
        consents.give(connection, contact_id=row.contact_id, kind=ConsentKind.PERSONAL, version=1, now=yesterday)
        if number % 2:
            told = {"account": "demo", "message_key": f"m{number}", "kind": "text", "body": b"", "reply_state": "none"}
            connection.execute(insert(inbound).values(**told, conversation_id=row.id, received_at=yesterday))
        profile = Profile(name="宝宝", birth=in_china(AT).date(), sex="F")
        child = children.add_child(connection, KEYS, profile, contact_id=row.contact_id, now=now)
        replan_child(connection, house, child, now=now)


def _open_ones(store: Store) -> int:
    table = reminders
    with store.reading() as connection:
        now_due = (table.c.due_at <= AT, table.c.state.in_(("planned", "claimed")))
        on_its_way = (table.c.state == "handed", table.c.way == "message")
        return sum(connection.scalar(select(func.count()).where(*some)) or 0 for some in (now_due, on_its_way))


def _until(done: object, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if done():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    "empty_database_url", ["postgresql", pytest.param("sqlite", marks=pytest.mark.proof)], indirect=True
)
@pytest.mark.parametrize(
    ("people", "kills"), [(40, 1), pytest.param(3000, 25, marks=pytest.mark.proof)], ids=["small", "whole"]
)
def test_killed_workers_remind_everybody_once(tmp_path: Path, empty_database_url: str, people: int, kills: int) -> None:
    store = open_store(empty_database_url, KEYS)
    for start in range(0, people, 500):
        numbers = range(start, min(start + 500, people))
        store.write(lambda connection, numbers=numbers: _due(connection, numbers), timeout_seconds=300)
    sent = tmp_path / "sent.jsonl"
    sent.touch()
    told = {"url": empty_database_url, "at": AT.astimezone().isoformat(), "wall": time.time()}
    (tmp_path / "begin").write_text(json.dumps(told))
    workers = Workers(tmp_path, 1 if store.embedded else 2)
    chance = random.Random(kills)
    try:
        for number in range(1, kills + 1):
            assert _until(workers.are_ready, 60), (tmp_path / "errors").read_text()[-2000:]
            share = people * number // (kills + 2)
            _until(lambda: len(sent.read_bytes().splitlines()) >= share, 30)  # noqa: B023 - used in this round only
            workers.kill_one(chance)
        assert _until(lambda: _open_ones(store) == 0, 30 + people / 5), (tmp_path / "errors").read_text()[-2000:]
    finally:
        workers.stop()
    lines = [json.loads(line) for line in sent.read_text().splitlines()]
    keys: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        keys[line["contact"]].add(line["key"])
    # Sent again after a kill is sent under the same key, by which the platform knows it.
    assert Counter(len(each) for each in keys.values()) == {1: people}
    with store.reading() as connection:
        states = connection.execute(
            select(reminders.c.state, func.count()).where(reminders.c.due_at <= AT).group_by(reminders.c.state)
        )
        print(f"{people} reminders, {kills} kills, {len(lines) - people} under a known key again; {dict(states.all())}")
    store.close()
    assert os.path.getsize(tmp_path / "errors") < 1_000_000
