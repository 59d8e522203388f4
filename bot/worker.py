"""The worker: keeps the outbox moving inside the serving process, and sweeps up after processes that died."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from bot.errors import RetryLater
from bot.outbox import Outbox
from bot.store.outbox import Delivery
from bot.turns import Turns

log = structlog.get_logger()

_SENDERS = 4
_POLL_SECONDS = 1.0
_SWEEP_SECONDS = 2.0
_CHORES_SECONDS = 2.0
_ORPHANED_AFTER_SECONDS = 15.0  # an acknowledged turn of a living process is over long before


class Worker:
    """One loop that claims, a few threads that send, a ticker for sweeps. Start it in the serving process only."""

    def __init__(self, *, outbox: Outbox, turns: Turns, chores: Callable[[], None] = lambda: None) -> None:
        """`chores` may take its time; while it runs it is not called again."""
        self._chores = chores
        self._outbox = outbox
        self._turns = turns
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._free = threading.Semaphore(_SENDERS)
        self._thread: threading.Thread | None = None
        self._senders: ThreadPoolExecutor | None = None
        self._ticker: BackgroundScheduler | None = None

    def start(self) -> None:
        """Begin to send and sweep, after taking up the turns that an earlier process left."""
        self._senders = ThreadPoolExecutor(_SENDERS, thread_name_prefix="sender")
        self._thread = threading.Thread(target=self._run, args=(self._senders,), name="outbox", daemon=True)
        self._thread.start()
        # Jobs live in memory only: the scheduler ticks, the database remembers.
        self._ticker = BackgroundScheduler(daemon=True, timezone="UTC")
        self._ticker.add_job(
            self._sweep,
            "interval",
            seconds=_SWEEP_SECONDS,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=60,
            next_run_time=datetime.now(UTC),  # at once: a process that is killed often must not skip its sweeps
        )
        self._ticker.add_job(
            self._do_chores,
            "interval",
            seconds=_CHORES_SECONDS,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=60,
            next_run_time=datetime.now(UTC),
        )
        # A chore that is still running when the next one is due is no fault worth a line in the log.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        self._ticker.start()

    def wake(self) -> None:
        """Look into the outbox now."""
        self._woken.set()

    def is_alive(self) -> bool:
        """Whether the loop is running."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self, *, within_seconds: float = 5.0) -> None:
        """Claim nothing more, finish what is being sent or swept. Stopping twice is no fault."""
        deadline = time.monotonic() + within_seconds
        self._stopping.set()
        self._woken.set()
        ticker, self._ticker = self._ticker, None
        # The scheduler waits for its jobs for ever or not at all; a thread to wait for makes it a while.
        sweeping = threading.Thread(target=ticker.shutdown, name="ticker-stop", daemon=True) if ticker else None
        if sweeping is not None:
            sweeping.start()
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        senders, self._senders = self._senders, None
        if senders is not None:
            senders.shutdown(wait=False, cancel_futures=True)
            for _ in range(_SENDERS):
                self._free.acquire(timeout=max(0.0, deadline - time.monotonic()))
        if sweeping is not None:
            sweeping.join(max(0.0, deadline - time.monotonic()))

    def _run(self, senders: ThreadPoolExecutor) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self._send_due(senders)
                wait_seconds = self._outbox.seconds_until_due()
            except RetryLater:
                wait_seconds = None
            except Exception as error:
                log.error("outbox loop failed", exc_info=error)
                wait_seconds = None
            # Something due that cannot be claimed yet waits for another message of its conversation; its end wakes us.
            self._woken.wait(_POLL_SECONDS if not wait_seconds else min(_POLL_SECONDS, wait_seconds))

    def _send_due(self, senders: ThreadPoolExecutor) -> None:
        while not self._stopping.is_set():
            slots = self._free_slots()
            claimed: list[Delivery] = []
            try:
                claimed = self._outbox.claim(slots)
            finally:
                for _ in range(slots - len(claimed)):
                    self._free.release()
            for delivery in claimed:
                senders.submit(self._deliver, delivery)
            if not claimed:
                return

    def _free_slots(self) -> int:
        self._free.acquire()
        slots = 1
        while slots < _SENDERS and self._free.acquire(blocking=False):
            slots += 1
        return slots

    def _deliver(self, delivery: Delivery) -> None:
        try:
            self._outbox.deliver(delivery)
        except RetryLater:
            log.warning("delivery not recorded", delivery=delivery.id)
        except Exception as error:
            log.error("delivery failed", delivery=delivery.id, exc_info=error)
        finally:
            self._free.release()
            self._woken.set()

    def _do_chores(self) -> None:
        try:
            self._chores()
        except RetryLater:
            return
        except Exception as error:
            log.error("chores failed", exc_info=error)

    def _sweep(self) -> None:
        try:
            if self._outbox.release_expired():
                self.wake()
            resumed = self._turns.resume(older_than_seconds=_ORPHANED_AFTER_SECONDS)
            if resumed:
                log.warning("turns resumed", count=resumed)
        except RetryLater:
            return
        except Exception as error:
            log.error("sweep failed", exc_info=error)
