"""Group commit: messages stored a second when one flush serves many at once, beside a flush for each."""

import json
import os
import subprocess
import sys

from tests.bench.figures import Figure, middle
from tests.bench.schedule import Schedule
from tests.bench.servers import ROOT
from tests.bench.slow_disk import slow_disk

BENCH = "commits"
_FLUSH_MICROSECONDS = 5000
_TIMES = 6.0


def measure(schedule: Schedule) -> list[Figure]:
    """Return the ratio for rows of 500 bytes, and for whole turns, with 5 ms a flush."""
    schedule.tell(f"commits: {schedule.rounds} rounds with 5 ms a flush")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.bench.commit_rates", str(schedule.folder / "commits"), str(schedule.rounds)],
        cwd=ROOT,
        env={**os.environ, **slow_disk(schedule.folder, microseconds=_FLUSH_MICROSECONDS)},
        check=True,
        stdout=subprocess.PIPE,
        timeout=600,
    )
    rounds = [json.loads(line) for line in ended.stdout.splitlines()]
    return [*_figures(rounds, "rows", target={"at_least": _TIMES}), *_figures(rounds, "turns", target={})]


def _figures(rounds: list[dict[str, dict[str, float]]], what: str, *, target: dict[str, float]) -> list[Figure]:
    grouped = [each[what]["grouped"] for each in rounds]
    alone = [each[what]["alone"] for each in rounds]
    ratios = [one / other for one, other in zip(grouped, alone, strict=True)]
    return [
        middle(BENCH, f"{what}/s of one commit a message", ratios, "x", **target),
        middle(BENCH, f"{what}/s, 32 at once", grouped, "1/s"),
        middle(BENCH, f"{what}/s, one after another", alone, "1/s", note="a flush of 5 ms allows at most 200"),
    ]
