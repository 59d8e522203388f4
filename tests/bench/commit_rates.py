"""Stores messages by 32 writers at once and by one alone; prints a JSON line a round.

Run as `python -m tests.bench.commit_rates FOLDER ROUNDS`. A process of
its own, since the slow disk is preloaded into it.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from sqlalchemy import Connection

from bot.keys import KeyRing
from bot.messages import Inbound, Kind, Outcome, Reply, Turn, Understanding
from bot.store.engine import parse_url, sqlite_engine
from bot.store.store import open_store
from bot.store.writer import GroupWriter, wait_for
from bot.turns import Turns

_AT_ONCE = 32
_SECONDS = 1.5
_ROW = b"x" * 500
_ANSWER = "臻爱无限的住院垫付等待期是30天，从保险合同生效日起算。\n（京东安联臻爱无限手册 一、表）" * 2

Store = Callable[[int], object]


def main(folder: Path, rounds: int) -> None:
    """Measure rows and turns, alone and at once, in each round."""
    folder.mkdir(parents=True)
    row, end_rows = _rows(folder)
    turn, end_turns = _turns(folder)
    for number in range(_AT_ONCE):
        turn(number)  # everybody is known before the clock runs
    for _ in range(rounds):
        print(json.dumps({name: _rates(store) for name, store in (("rows", row), ("turns", turn))}), flush=True)
    end_turns()
    end_rows()


def _rates(store: Store) -> dict[str, float]:
    return {"alone": _per_second(store, at_once=1), "grouped": _per_second(store, at_once=_AT_ONCE)}


def _per_second(store: Store, *, at_once: int) -> float:
    stored = [0] * at_once
    until = time.perf_counter() + _SECONDS

    def write(person: int) -> None:
        while time.perf_counter() < until:
            store(person)
            stored[person] += 1

    began = time.perf_counter()
    threads = [threading.Thread(target=write, args=(person,)) for person in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(stored) / (time.perf_counter() - began)


def _rows(folder: Path) -> tuple[Store, Callable[[], None]]:
    """A row of 500 bytes by the store's own writer and connection."""
    engine = sqlite_engine(parse_url(f"sqlite:///{folder / 'rows.db'}"), reading=False, connections=1)
    writer = GroupWriter(engine)
    wait_for(
        writer, lambda connection: connection.exec_driver_sql("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB)")
    )

    def insert(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO rows (body) VALUES (?)", (_ROW,))

    def end() -> None:
        writer.stop()
        engine.dispose()

    return lambda _: wait_for(writer, insert), end


def _turns(folder: Path) -> tuple[Store, Callable[[], None]]:
    """A whole turn with an answer as long as a usual one, without the thinking."""
    keys = KeyRing(masters=[b"m" * 32], index_key=b"i" * 32)
    store = open_store(f"sqlite:///{folder / 'turns.db'}", keys)
    turns = Turns(store=store, handler=_answer, max_bytes=lambda _: 2048)
    numbers = count()

    def take(person: int) -> object:
        now = datetime.now(UTC)
        message = Inbound(
            account="bench",
            contact=f"o{person}",
            key=str(next(numbers)),
            kind=Kind.TEXT,
            sent_at=now,
            text="等待期多久",
        )
        return turns.take(message)

    def end() -> None:
        turns.stop()
        store.close()

    return take, end


def _answer(turn: Turn) -> Outcome:
    number = turn.conversation.state.get("number", 0) + 1
    return Outcome(
        replies=(Reply(text=_ANSWER),),
        state={"number": number},
        understanding=Understanding(decision="answer", reasons=("a benchmark",)),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
