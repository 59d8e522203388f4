"""Metrics: counted in this process, read at /metrics. Each serving process shows its own counts; depths are shared."""

from collections.abc import Iterator

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from bot.errors import RetryLater
from bot.messages import Outcome
from bot.store import outbox
from bot.store.store import Store

_DECISIONS = frozenset(
    ("answer", "clarify", "abstain", "medical", "emergency", "handoff", "smalltalk", "menu", "failed", "none")
)
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 4, 8)


class Metrics:
    """What is counted. Implements the Watcher of turns."""

    def __init__(self, store: Store) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "assistant_turn_seconds", "From taking a message in to its commit", buckets=_BUCKETS, registry=self.registry
        )
        turns = Counter("assistant_turns", "Turns committed, by decision", ["decision"], registry=self.registry)
        self._turns = {decision: turns.labels(decision) for decision in _DECISIONS}
        self._late = Counter(
            "assistant_late_turns", "Messages acknowledged before their turn was committed", registry=self.registry
        )
        self._pages = Counter("assistant_pages", "Persons alerted at once", registry=self.registry)
        self._refused = Counter("assistant_refused_inputs", "Inputs refused", ["account"], registry=self.registry)
        self._unavailable = Counter(
            "assistant_unavailable", "Messages not taken because the store was away", registry=self.registry
        )
        self.registry.register(_OutboxDepth(store))

    def turn_taken(self, outcome: Outcome, *, has_failed: bool, seconds: float) -> None:
        """Count a committed turn."""
        self._seconds.observe(seconds)
        decision = "failed" if has_failed else outcome.understanding.decision if outcome.understanding else "none"
        self._turns.get(decision, self._turns["none"]).inc()
        if outcome.page:
            self._pages.inc()

    def turn_late(self) -> None:
        """Count a message acknowledged without its reply."""
        self._late.inc()

    def input_refused(self, account: str) -> None:
        """Count a refused input; `account` is a configured one or "unknown", so that nobody can grow the labels."""
        self._refused.labels(account).inc()

    def store_unavailable(self) -> None:
        """Count a message that was not taken."""
        self._unavailable.inc()

    def blueprint(self) -> Blueprint:
        """Return the page for Prometheus."""
        pages = Blueprint("metrics", __name__)

        @pages.get("/metrics")
        def metrics() -> Response:
            return Response(generate_latest(self.registry), content_type=CONTENT_TYPE_LATEST)

        return pages


class _OutboxDepth(Collector):
    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        try:
            with self._store.reading() as connection:
                depths = outbox.depths(connection)
        except RetryLater:
            return  # no figure is better than a wrong one while the database is away
        open_rows = depths["pending"] + depths["claimed"]
        yield GaugeMetricFamily("assistant_outbox_depth", "Messages waiting to be sent", value=open_rows)
        yield GaugeMetricFamily("assistant_dead_letters", "Messages that could not be sent", value=depths["dead"])

    def describe(self) -> Iterator[Metric]:
        return iter(())
