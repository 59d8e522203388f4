"""Open loop: 150 messages a second, however slow the answers are, on a disk whose flush takes 5 ms."""

import random
from contextlib import ExitStack
from itertools import accumulate

from tests.bench.client import Load, open_loop
from tests.bench.figures import Figure, middle, percentile
from tests.bench.messages import Callers
from tests.bench.questions import conversations
from tests.bench.schedule import Schedule
from tests.bench.servers import ECHO, OURS, Server, serving
from tests.bench.slow_disk import slow_disk

BENCH = "openloop"
_PER_SECOND = 150
_FLUSH_MICROSECONDS = 5000
_P99_MILLISECONDS = 250.0
_LONGEST_MILLISECONDS = 4000.0
_OF_ECHO = 5.0


def measure(schedule: Schedule) -> list[Figure]:
    """Return p50, p99 and the longest latency from the moment a message was due; p99 also beside the bare echo's."""
    callers = Callers([conversation[0] for conversation in conversations()], seed=4)
    seconds = 5 if schedule.is_quick else 20
    slow = slow_disk(schedule.folder, microseconds=_FLUSH_MICROSECONDS)
    with ExitStack() as stack:
        schedule.tell("openloop: starting the servers")
        ours = stack.enter_context(serving(OURS, schedule.folder / "open-ours", **slow))
        echo = stack.enter_context(serving(ECHO, schedule.folder / "open-echo", **slow))
        for server in (ours, echo):
            _load(server, callers, seconds=1, seed=-1)
        loads, echoes = [], []
        for number in range(schedule.rounds):
            schedule.tell(f"openloop: round {number + 1} of {schedule.rounds}")
            loads.append(_load(ours, callers, seconds=seconds, seed=number))
            echoes.append(_load(echo, callers, seconds=max(5, seconds // 2), seed=number))
    latency = [_milliseconds(load) for load in loads]
    ratios = [
        percentile(mine, 0.99) / percentile(_milliseconds(other), 0.99)
        for mine, other in zip(latency, echoes, strict=True)
    ]
    longest = [max(each) for each in latency]
    # Where a turn takes too long, the platform gets "success" in time and the person the answer afterwards.
    late = [100 * sum(not callers.is_answered(reply) for reply in load.replies) / len(load.replies) for load in loads]
    sent = f"{_PER_SECOND}/s for {seconds} s, each by a new contact, 5 ms a flush"
    return [
        middle(BENCH, "latency p50", [percentile(each, 0.5) for each in latency], "ms", note=sent),
        middle(BENCH, "latency p99", [percentile(each, 0.99) for each in latency], "ms", below=_P99_MILLISECONDS),
        Figure(
            bench=BENCH,
            name="longest of all",
            value=max(longest),
            unit="ms",
            below=_LONGEST_MILLISECONDS,
            rounds=longest,
        ),
        middle(BENCH, "acknowledged before the answer", late, "%"),
        middle(BENCH, "p99 of the non-durable echo's", ratios, "x", below=_OF_ECHO),
    ]


def _load(server: Server, callers: Callers, *, seconds: int, seed: int) -> Load:
    """Send at random moments, as people do: a steady beat would never queue."""
    chance = random.Random(seed)
    count = seconds * _PER_SECOND
    due = list(accumulate(chance.expovariate(_PER_SECOND) for _ in range(count)))
    contacts = [f"oOpen{chance.getrandbits(80):023d}" for _ in range(count)]
    return open_loop(server.port, callers.requests(count, contacts=contacts), due=due)


def _milliseconds(load: Load) -> list[float]:
    return [each * 1000 for each in load.latencies]
