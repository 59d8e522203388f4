"""The webhook: a whole durable turn in safe mode, beside a bare echo on the same server and WeRoBot as shipped."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from tests.bench.client import Load, LoadFailed, closed_loop
from tests.bench.figures import Figure, middle
from tests.bench.messages import Callers
from tests.bench.questions import conversations
from tests.bench.schedule import Schedule
from tests.bench.servers import ECHO, OURS, WEROBOT, Server, serving
from tests.bench.slow_disk import slow_disk

BENCH = "webhook"
_OF_ECHO = 0.4
_TIMES_WEROBOT = 5.0
_CPU_OF_ECHO = 2.0
_FLUSH_MICROSECONDS = 5000
_PEOPLE = {"ours": 32, "echo": 32, "werobot": 4}  # WeRoBot's server drops connections where many people write at once
_CONTACTS = [f"oBench{number:022d}" for number in range(200)]


@dataclass(frozen=True, kw_only=True)
class Round:
    """One server's load in one round."""

    load: Load
    server_cpu_seconds: float

    @property
    def cpu_milliseconds(self) -> float:
        return self.server_cpu_seconds / len(self.load.replies) * 1000


def measure(schedule: Schedule) -> list[Figure]:
    """Return requests a second and processor time a request, each as a ratio within the same round."""
    questions = [conversation[0] for conversation in conversations()]
    callers = Callers(questions, seed=3)
    messages = 600 if schedule.is_quick else 2000
    counts = {"ours": messages, "echo": messages, "werobot": messages // 5}
    with ExitStack() as stack:
        schedule.tell("webhook: starting the servers")
        servers = {
            name: stack.enter_context(serving(module, schedule.folder / f"webhook-{name}"))
            for name, module in (("ours", OURS), ("echo", ECHO), ("werobot", WEROBOT))
        }
        for name, server in servers.items():
            # Introduces every contact, fills every cache.
            _round(server, callers, 400 if name != "werobot" else 50, people=_PEOPLE[name])
        rounds: dict[str, list[Round]] = {name: [] for name in servers}
        for number in range(schedule.rounds):
            schedule.tell(f"webhook: round {number + 1} of {schedule.rounds}")
            # Turn and turn about, so that a busy moment of the machine does not always hit the same one.
            order = list(servers) if number % 2 else list(reversed(servers))
            for name in order:
                rounds[name].append(_round(servers[name], callers, counts[name], people=_PEOPLE[name]))
        return [*_figures(rounds, memory=servers["ours"].megabytes()), _on_a_slow_disk(schedule, callers)]


def _on_a_slow_disk(schedule: Schedule, callers: Callers) -> Figure:
    """Return the requests a second beside WeRoBot's where a flush takes time: WeRoBot flushes for each message."""
    slow = slow_disk(schedule.folder, microseconds=_FLUSH_MICROSECONDS)
    with ExitStack() as stack:
        schedule.tell("webhook: the same with 5 ms a flush")
        ours = stack.enter_context(serving(OURS, schedule.folder / "webhook-ours-slow", **slow))
        werobot = stack.enter_context(serving(WEROBOT, schedule.folder / "webhook-werobot-slow", **slow))
        _round(ours, callers, 400, people=_PEOPLE["ours"])
        ratios = []
        for _ in range(schedule.rounds):
            mine = _round(ours, callers, 600, people=_PEOPLE["ours"]).load.per_second
            ratios.append(mine / _round(werobot, callers, 100, people=_PEOPLE["werobot"]).load.per_second)
    return middle(BENCH, "requests/s of WeRoBot's, 5 ms a flush", ratios, "x", at_least=_TIMES_WEROBOT)


def _round(server: Server, callers: Callers, count: int, *, people: int) -> Round:
    requests = callers.requests(count, contacts=_CONTACTS)
    cpu = server.cpu_seconds()
    load = closed_loop(server.port, requests, people=people)
    spent = server.cpu_seconds() - cpu
    if not all(callers.is_answered(reply) for reply in load.replies):
        raise LoadFailed("a reply was empty")
    return Round(load=load, server_cpu_seconds=spent)


def _figures(rounds: dict[str, list[Round]], *, memory: float) -> list[Figure]:
    ours, echo, werobot = rounds["ours"], rounds["echo"], rounds["werobot"]
    client = median(each.load.client_cpu_seconds / each.load.seconds for each in echo)
    return [
        middle(BENCH, "requests/s of the wechatpy echo's", _ratios(ours, echo), "x", at_least=_OF_ECHO),
        middle(BENCH, "requests/s of WeRoBot's", _ratios(ours, werobot), "x", at_least=_TIMES_WEROBOT),
        middle(
            BENCH,
            "processor time a request of the echo's",
            [one.cpu_milliseconds / other.cpu_milliseconds for one, other in zip(ours, echo, strict=True)],
            "x",
            below=_CPU_OF_ECHO,
        ),
        *(
            middle(BENCH, f"requests/s, {name}", [each.load.per_second for each in rounds[name]], "1/s", note=_cost(it))
            for name, it in rounds.items()
        ),
        Figure(bench=BENCH, name="memory of the server", value=memory, unit="MB", note="resident"),
        Figure(bench=BENCH, name="client busy in the echo's rounds", value=client, unit="of 1"),
    ]


def _ratios(ours: Sequence[Round], theirs: Sequence[Round]) -> list[float]:
    return [one.load.per_second / other.load.per_second for one, other in zip(ours, theirs, strict=True)]


def _cost(rounds: Sequence[Round]) -> str:
    return f"{median(each.cpu_milliseconds for each in rounds):.2f} ms processor time each"
