"""`python -m tests.bench [--quick] [BENCH …]`: measures, prints one table, ends. Without names all of BENCHES.

Exits with 0 whatever the figures are: they are there to be read. Exits with 1 when something could not be measured.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.logs import configure_logs
from knowledge.library import load
from tests.bench import commits, dialogs, open_loop, reminding, routing, typos, viewers, webhook
from tests.bench.figures import Figure, table, write
from tests.bench.schedule import Schedule
from tests.bench.servers import ROOT

_RESULTS = ROOT / "var" / "bench.json"

BENCHES: Mapping[str, Callable[[Schedule], list[Figure]]] = {
    "routing": lambda schedule: routing.measure(load(), schedule, schedule.folder / "memory"),
    "typos": lambda schedule: typos.measure(load(), schedule, schedule.folder / "memory"),
    "dialogs": lambda schedule: dialogs.measure(load(), schedule, schedule.folder / "memory"),
    "webhook": webhook.measure,
    "viewers": viewers.measure,
    "openloop": open_loop.measure,
    "commits": commits.measure,
    "reminding": reminding.measure,
}


def main() -> int:
    """Run the chosen benchmarks one after another; what one cannot measure does not stop the others."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the assistant beside others.")
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=f"one or more of {', '.join(BENCHES)}; all without")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and questions: a look, not a measurement")
    options = parser.parse_args()
    unknown = [name for name in options.benches if name not in BENCHES]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(BENCHES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended on the way out
    configure_logs("WARNING")
    _RESULTS.parent.mkdir(exist_ok=True)
    figures: list[Figure] = []
    # On the disk of the checkout, where the service would have its data: /tmp may be memory.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_RESULTS.parent) as folder:
        schedule = Schedule(is_quick=options.quick, folder=Path(folder))
        for name in options.benches or BENCHES:
            figures += _figures_of(name, schedule)
    print(table(figures))
    write(figures, _RESULTS, quick=options.quick)
    return 1 if any(figure.value is None for figure in figures) else 0


def _figures_of(name: str, schedule: Schedule) -> list[Figure]:
    try:
        return BENCHES[name](schedule)
    except Exception as error:
        schedule.tell(f"{name}: {type(error).__name__}: {error}")
        return [Figure(bench=name, name="not measured", value=None, unit="", note=f"{type(error).__name__}, see above")]


if __name__ == "__main__":
    sys.exit(main())
