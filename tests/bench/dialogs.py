"""Dialogs: what a turn of an application costs beside the turn of a plain question, commit included."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

from bot.keys import KeyRing
from bot.store.store import open_store
from handlers.understanding import build_router
from knowledge.library import Library
from tests.bench.figures import Figure, middle
from tests.bench.questions import split
from tests.bench.schedule import Schedule
from tests.clocks import FixedClock
from tests.handlers.office import Office

BENCH = "dialogs"
_TIMES_A_QUESTION = 3.0
_PEOPLE = 8  # a round
_LONG = 600  # messages of a conversation that has gone on for long
_AT_AN_END = 150  # of them are compared
_QUESTIONS = 6  # asked before and after each application


@dataclass(kw_only=True)
class _Turns:
    """Seconds of the turns of one round, by what they were."""

    question: list[float] = field(default_factory=list)
    dialog: list[float] = field(default_factory=list)
    submission: list[float] = field(default_factory=list)


class _Timed(Office):
    """An office that notes how long each turn takes, under the name it was last given."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.seconds: list[float] = []
        unseen = [asked.text for asked in split(options["library"])[1]]
        self._questions = cycle(random.Random(1).sample(unseen, len(unseen)))

    def says(self, *texts: str, contact: str = "o-lin") -> str:
        """Take the turns of texts and return the reply to the last."""
        reply = ""
        for text in texts:
            began = time.perf_counter()
            reply = super().says(text, contact=contact)
            self.seconds.append(time.perf_counter() - began)
        return reply

    def asks(self, count: int, *, contact: str) -> None:
        """Take the turns of unseen questions, each another one: what was just asked costs less."""
        self.says(*islice(self._questions, count), contact=contact)


def measure(library: Library, schedule: Schedule, memory: Path) -> list[Figure]:
    """Return how many times a question's turn the turns of a dialog cost, and what a long history adds."""
    with _office(library, schedule, memory) as office:
        _round(office, "warm")
        schedule.tell(f"dialogs: {_PEOPLE} applications and as many questions × {schedule.rounds} rounds")
        rounds = [_round(office, f"round-{number}") for number in range(schedule.rounds)]
        schedule.tell(f"dialogs: a conversation of {_LONG} messages")
        grown = _growth(office)
    questions = [median(one.question) for one in rounds]

    def times(name: str, turns: list[list[float]], **target: float) -> Figure:
        ratios = [median(some) / question for some, question in zip(turns, questions, strict=True)]
        return middle(BENCH, name, ratios, "x", **target)

    return [
        middle(BENCH, "turn of a question", [1000 * each for each in questions], "ms"),
        times("turn of a dialog, in questions", [one.dialog for one in rounds], below=_TIMES_A_QUESTION),
        times("turn that opens a case, in questions", [one.submission for one in rounds]),
        Figure(bench=BENCH, name=f"question after {_LONG} messages, in first ones", value=grown, unit="x", below=1.5),
    ]


@contextmanager
def _office(library: Library, schedule: Schedule, memory: Path) -> Iterator[_Timed]:
    folder = schedule.folder / "dialogs"
    folder.mkdir()
    store = open_store(f"sqlite:///{folder / 'assistant.db'}", KeyRing(masters=[b"m" * 32], index_key=b"i" * 32))
    router = build_router(library, memory=memory)
    office = _Timed(store, FixedClock(), folder, library=library, router=router)
    try:
        yield office
    finally:
        office.close()
        store.close()


def _round(office: _Timed, name: str) -> _Turns:
    """Let people ask, verify, apply and withdraw, one after another, so that both sorts meet the same machine."""
    turns = _Turns()
    for number in range(_PEOPLE):
        contact = f"{name}-{number}"
        office.seconds = []
        office.verified(contact=f"{contact}-asks")
        office.seconds = turns.dialog
        office.verified(contact=contact)
        office.seconds = turns.question
        office.asks(_QUESTIONS, contact=f"{contact}-asks")
        office.seconds = turns.dialog
        office.applies(contact=contact)
        office.seconds = turns.submission
        _must(office.says("确认", contact=contact), "受理号")
        office.seconds = turns.question
        office.asks(_QUESTIONS, contact=f"{contact}-asks")
        office.seconds = []
        _must(office.says("取消申请", "确定", contact=contact), "已撤回")
    return turns


def _growth(office: _Timed) -> float:
    """Return how many times longer a question takes at the end of a long conversation than at its beginning."""
    office.seconds = taken = []
    office.asks(_LONG, contact="talker")
    return median(taken[-_AT_AN_END:]) / median(taken[:_AT_AN_END])


def _must(reply: str, word: str) -> None:
    if word not in reply:
        raise RuntimeError("an application of the benchmark did not go through")
