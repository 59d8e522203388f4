"""The machine put together: what app.py gets from this package, starts in the serving process, and stops."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from random import SystemRandom
from typing import Any

import structlog
from flask import Blueprint

from bot.channel import Channel
from bot.clock import Clock, system_clock
from bot.decision import Handler
from bot.fetching import fetching, may_speak
from bot.forks import SideProcesses
from bot.health import health
from bot.metrics import Metrics
from bot.outbox import LEASE, Outbox
from bot.retry import RetryPolicy
from bot.sealed_files import SealedFiles
from bot.store.store import Store
from bot.turns import BUDGET_SECONDS, Turns
from bot.webhook import webhooks
from bot.worker import Worker

log = structlog.get_logger()

_STOP_SECONDS = 8.0  # the contract gives 10 s from SIGTERM to the end


class Machine:
    """Inbox, turns, outbox and worker over one store. Nothing runs before `start`, except what `turns` is given."""

    def __init__(
        self,
        *,
        store: Store,
        channels: Mapping[str, Channel],
        handler: Handler,
        while_human: Handler | None = None,
        is_knowledge_loaded: Callable[[], bool] = lambda: True,
        clock: Clock = system_clock,
        policy: RetryPolicy | None = None,
        budget_seconds: float = BUDGET_SECONDS,
        lease: timedelta = LEASE,
        chores: Callable[[], None] = lambda: None,
        files: SealedFiles | None = None,
        side: SideProcesses[Any, Any] | None = None,
    ) -> None:
        """`channels` has every account that this deployment serves, by id. `chores` is called every few seconds by
        the worker: what is to be done outside people's turns. `files`: the folder of files that staff send. `side` is
        started and stopped with it."""
        self.store = store
        self.channels = channels
        self._fetching = fetching(channels)
        self.metrics = Metrics(store)
        self.outbox = Outbox(
            store=store,
            channels=channels,
            clock=clock,
            policy=policy or RetryPolicy(),
            chance=SystemRandom(),
            lease=lease,
            files=files,
        )
        self.turns = Turns(
            store=store,
            handler=handler,
            while_human=while_human,
            max_bytes=lambda account: channels[account].max_bytes,
            clock=clock,
            wake_outbox=self.wake,
            watcher=self.metrics,
            budget_seconds=budget_seconds,
            may_speak=lambda conversation: may_speak(self._fetching, conversation),
        )
        self.worker = Worker(outbox=self.outbox, turns=self.turns, chores=chores)
        self._is_knowledge_loaded = is_knowledge_loaded
        self._side = side

    def blueprints(self) -> tuple[Blueprint, ...]:
        """Return the pages of the machine: webhooks, health, metrics."""
        return (
            webhooks(channels=self.channels, turns=self.turns, watcher=self.metrics),
            health(store=self.store, is_knowledge_loaded=self._is_knowledge_loaded, is_working=self.worker.is_alive),
            self.metrics.blueprint(),
        )

    def wake(self) -> None:
        """Look into the outbox now rather than at the next poll."""
        self.worker.wake()

    def start(self) -> None:
        """Start the worker. Call it in the serving process, after it was forked."""
        if self._side is not None:
            self._side.start()  # before any thread
        if self.store.embedded:
            # One process serves: whatever is still owed was left by one that is gone.
            self.turns.resume(older_than_seconds=0)
        self.worker.start()
        for channel in self._fetching.values():
            channel.start(begin=self.turns.begin, wake_outbox=self.wake)
        log.info("machine started", accounts=len(self.channels), embedded=self.store.embedded)

    def stop(self) -> None:
        """Take nothing more, finish what was begun, close the database; within 8 s."""
        until = time.monotonic() + _STOP_SECONDS
        for channel in self._fetching.values():
            channel.stop(within_seconds=1.0)
        self.turns.stop(within_seconds=4.5)
        self.worker.stop(within_seconds=max(0.5, until - time.monotonic() - 1))
        self.store.close()
        if self._side is not None:
            self._side.stop()
        log.info("machine stopped")
