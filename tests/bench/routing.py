"""Routing: how long the assistant thinks about a message, beside a plain search engine on the same questions."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from rank_bm25 import BM25Okapi

from handlers.respond import Assistant
from handlers.understanding import build_router
from intents.match import Context
from knowledge.library import Library
from tests.bench.figures import Figure, middle, percentile
from tests.bench.questions import corpus, recorded
from tests.bench.schedule import Schedule
from tests.bench.servers import ROOT

BENCH = "routing"
_P99_MILLISECONDS = 5.0
_TIMES_FASTER = 20.0
_SEARCHES = 60  # a round; each takes the search engine ten milliseconds or more

Conversation = tuple[str, ...]


def measure(library: Library, schedule: Schedule, memory: Path) -> list[Figure]:
    """Return latencies over all recorded questions, the ratio to BM25, start-up times and memory."""
    starts = _starts(schedule, memory)
    products = tuple(library.handbooks)
    assistant = Assistant(library, build_router(library, memory=memory), products={})
    conversations = recorded() + _phrasings(library)
    schedule.tell(f"routing: {len(conversations)} conversations × {schedule.rounds} rounds")
    _latencies(assistant, conversations[:500], products)  # caches and branches as in service
    rounds = [_latencies(assistant, conversations, products) for _ in range(schedule.rounds)]
    schedule.tell(f"routing: BM25 over 10,000 texts, {_SEARCHES} questions × {schedule.rounds} rounds")
    ratios = _ratios(assistant, library, conversations, schedule)
    return [
        _latency("p50", [percentile(wall, 0.5) for wall, _ in rounds]),
        _latency("p99", [percentile(wall, 0.99) for wall, _ in rounds], below=_P99_MILLISECONDS),
        _latency("p99 of processor time", [percentile(cpu, 0.99) for _, cpu in rounds]),
        middle(BENCH, "times less than rank_bm25, 10,000 texts", ratios, "x", at_least=_TIMES_FASTER),
        *starts,
    ]


def _latency(name: str, seconds: Sequence[float], **target: float) -> Figure:
    return middle(BENCH, f"latency {name}", [each * 1000 for each in seconds], "ms", **target)


def _phrasings(library: Library) -> list[Conversation]:
    texts = [each.text for handbook in library for each in handbook.phrasings]
    return [(text,) for text in random.Random(1).sample(texts, min(1500, len(texts)))]


def _latencies(
    assistant: Assistant, conversations: Sequence[Conversation], products: tuple[str, ...]
) -> tuple[list[float], list[float]]:
    """Return wall time and processor time of each message, in seconds. A conversation's context is carried along."""
    wall, cpu = [], []
    for conversation in conversations:
        context = Context(products=products)
        for message in conversation:
            began, began_cpu = time.perf_counter(), time.thread_time()
            outcome = assistant.discuss(message, context)
            wall.append(time.perf_counter() - began)
            cpu.append(time.thread_time() - began_cpu)
            context = Context.from_state(outcome.state or {}, products=products)
    return wall, cpu


def _ratios(
    assistant: Assistant, library: Library, conversations: Sequence[Conversation], schedule: Schedule
) -> list[float]:
    """Return per round how many times longer the search takes than the whole answer, on the same questions."""
    engine = BM25Okapi([_bigrams(text) for text in corpus(library)])
    context = Context(products=tuple(library.handbooks))
    chance, ratios = random.Random(2), []
    for _ in range(schedule.rounds):
        asked = [conversation[0] for conversation in chance.sample(conversations, _SEARCHES)]
        ours = _seconds(lambda text: assistant.discuss(text, context), asked)
        theirs = _seconds(lambda text: engine.get_scores(_bigrams(text)).argmax(), asked)
        ratios.append(theirs / ours)
    return ratios


def _bigrams(text: str) -> list[str]:
    return [text[at : at + 2] for at in range(len(text) - 1)] or [text]


def _seconds(answer: Callable[[str], object], texts: Sequence[str]) -> float:
    began = time.perf_counter()
    for text in texts:
        answer(text)
    return time.perf_counter() - began


def _starts(schedule: Schedule, memory: Path) -> list[Figure]:
    """Start fresh processes: the first learns, the others remember."""
    schedule.tell("routing: start-up, learning and remembering")
    cold = _start(memory)
    warm = [_start(memory) for _ in range(3)]
    return [
        Figure(bench=BENCH, name="start-up, learning", value=cold["seconds"], unit="s"),
        middle(BENCH, "start-up, remembering", [each["seconds"] for each in warm], "s"),
        Figure(bench=BENCH, name="memory after learning", value=cold["megabytes"], unit="MB", note="resident"),
        Figure(
            bench=BENCH,
            name="memory after remembering",
            value=median(each["megabytes"] for each in warm),
            unit="MB",
            note="resident, with all questions' pages touched",
        ),
    ]


def _start(memory: Path) -> dict[str, float]:
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "tests.bench.start", str(memory)], cwd=ROOT, check=True, capture_output=True, timeout=600
    )
    started: dict[str, float] = json.loads(ended.stdout)
    return started | {"seconds": started["ready_at"] - began}
