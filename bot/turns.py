"""Turns: each message gets exactly one, those of a conversation one after another, the commit before the reply.

Two things can end the wait for a reply: the turn's commit, or the time budget. In the second case the message is
recorded as acknowledged. Both write the same unique row, so the database decides which came first: then the reply is
passive, or it leaves through the outbox, never both.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from sqlalchemy import Connection

from bot.clock import Clock, system_clock
from bot.decision import Decider, Decision, Handler, apology, ending_of, turn_id
from bot.errors import AssistantError, DecideAgain, RetryLater
from bot.lanes import Lanes, Ticket
from bot.messages import Conversation, Inbound, Outcome
from bot.store import inbox
from bot.store.inbox import Loaded, Stored
from bot.store.people import FIRST_VERSION
from bot.store.store import Store
from bot.store.turn_record import Ending, save
from bot.store.writer import wait_for

log = structlog.get_logger()

BUDGET_SECONDS = 4.0
_TO_ACKNOWLEDGE_SECONDS = 0.6  # the end of the budget, kept for recording an acknowledgement
_EMBEDDED_THREADS = 4  # decisions are computed, not waited for: more threads would only pass the interpreter around
_POOLED_THREADS = 12
_TRIES = 6


@dataclass(frozen=True, kw_only=True)
class TurnResult:
    """The passive reply, or None. `is_late` tells that the reply, if there is one, leaves through the outbox."""

    text: str | None = None
    is_late: bool = False


class Watcher(Protocol):
    """Who counts turns."""

    def turn_taken(self, outcome: Outcome, *, has_failed: bool, seconds: float) -> None:
        """A turn was committed this long after its message was admitted."""

    def turn_late(self) -> None:
        """A message was acknowledged before its turn was committed."""


@dataclass(slots=True, eq=False)
class _Work:
    message: Inbound
    began: float = field(default_factory=time.perf_counter)
    decision: Decision | None = None  # kept over tries: a slow handler is not asked twice about the same conversation


_Ticket = Ticket[_Work, TurnResult]


class Turns:
    """Takes turns for one process. Others may work on the same database at the same time."""

    def __init__(
        self,
        *,
        store: Store,
        handler: Handler,
        max_bytes: Callable[[str], int],
        clock: Clock = system_clock,
        while_human: Handler | None = None,
        wake_outbox: Callable[[], None] = lambda: None,
        watcher: Watcher | None = None,
        budget_seconds: float = BUDGET_SECONDS,
        may_speak: Callable[[Conversation], bool] = lambda _: True,
    ) -> None:
        """`max_bytes` tells how long one text of an account may be; `while_human` decides what the bot may still say
        in a conversation that a person owns (without it: nothing); `may_speak` whether its platform lets the bot."""
        self._store = store
        self._decider = Decider(handler=handler, while_human=while_human, clock=clock, may_speak=may_speak)
        self._max_bytes = max_bytes
        self._clock = clock
        self._wake_outbox = wake_outbox
        self._watcher = watcher
        self._patience_seconds = max(0.0, budget_seconds - _TO_ACKNOWLEDGE_SECONDS)
        run, threads = (self._embedded, _EMBEDDED_THREADS) if store.embedded else (self._locked, _POOLED_THREADS)
        self._lanes: Lanes[_Work, TurnResult] = Lanes(
            lambda ticket: self._guarded(run, ticket), threads=threads, leave=store.end_reading_often
        )

    def take(self, message: Inbound) -> TurnResult:
        """Take the turn of a message, or give what its turn gave before. Waits for a turn of it under way.

        Raises RetryLater when the message could not be recorded: then it must not be acknowledged.
        """
        ticket = self._admitted(message)
        if ticket.wait(self._patience_seconds):
            return ticket.result()
        stored = wait_for(
            self._store.writer,
            lambda connection: inbox.acknowledge(connection, self._store.keys, message, now=self._clock()),
            timeout_seconds=_TO_ACKNOWLEDGE_SECONDS,
        )
        if stored is not None:
            return _result_of(stored)
        if self._watcher is not None:
            self._watcher.turn_late()
        return TurnResult(is_late=True)

    def begin(self, message: Inbound) -> Ticket[_Work, TurnResult]:
        """Begin the turn of a message that is recorded as acknowledged: its replies leave through the outbox.

        Raises RetryLater when this process is ending; whoever starts next takes the turn.
        """
        return self._admitted(message)

    def resume(self, *, older_than_seconds: float) -> int:
        """Start the turns that were acknowledged by processes that are gone; return how many."""
        with self._store.reading() as connection:
            left = inbox.acknowledged(connection, self._store.keys, self._clock(), older_than_seconds)
        messages = [message for message in left if not self.is_under_way(message)]
        for message in messages:
            self._admitted(message)
        return len(messages)

    def is_under_way(self, message: Inbound) -> bool:
        """Whether this process has a turn of the message waiting or running."""
        return self._lanes.is_under_way((message.account, message.key))

    def stop(self, *, within_seconds: float = 5.0) -> None:
        """Finish the turns that were begun, and take no more."""
        self._lanes.stop(within_seconds=within_seconds)

    def _admitted(self, message: Inbound) -> _Ticket:
        return self._lanes.admit((message.account, message.key), (message.account, message.contact), _Work(message))

    def _guarded(self, run: Callable[[_Ticket], None], ticket: _Ticket) -> None:
        try:
            run(ticket)
        except Exception as error:
            self._not_stored(ticket, error)

    # SQLite: decided on what a reading connection shows, written by the one writer if that is still so.

    def _embedded(self, ticket: _Ticket) -> None:
        message, keys = ticket.payload.message, self._store.keys
        with self._store.reading_often() as connection:
            found = inbox.load(connection, keys, message, locking=False)
        if found is None:
            self._embedded_first(ticket)
            return
        if found.stored is not None:
            self._lanes.end(ticket, _result_of(found.stored), None)
            return
        if found.owed_id is not None:
            self._store.write(lambda connection: self._prepare(connection, message))
            self._lanes.again(ticket)
            return
        decision, ending = self._decided(ticket.payload, message, found)

        def write(connection: Connection) -> Ending:
            save(connection, message, found, ending)
            return ending

        self._write(ticket, decision, write)

    def _embedded_first(self, ticket: _Ticket) -> None:
        # A new person is made in the commit of the first turn, which is decided for an empty conversation.
        message = ticket.payload.message
        decision = self._decision(ticket.payload, message, inbox.not_begun(message), FIRST_VERSION)

        def write(connection: Connection) -> Ending | None:
            found = self._found(connection, message, locking=False)
            if not found.is_new:
                return None
            ending = self._ending(decision, message, found)
            save(connection, message, found, ending)
            return ending

        self._write(ticket, decision, write)

    def _write(self, ticket: _Ticket, decision: Decision, write: Callable[[Connection], Ending | None]) -> None:
        def written(ending: Ending | None, error: BaseException | None) -> None:
            if error is not None:
                self._not_stored(ticket, error)
            elif (
                ending is None
            ):  # not so new: deleted once, or just acknowledged. The person is there now; decide again
                self._lanes.again(ticket)
            else:
                self._committed(ticket, decision, ending)

        self._store.writer.submit(write, written)

    def _prepare(self, connection: Connection, message: Inbound) -> None:
        found = self._found(connection, message, locking=False)
        self._settle_owed(connection, message, found)

    # PostgreSQL: the conversation's row stays locked from loading to the commit.

    def _locked(self, ticket: _Ticket) -> None:
        message = ticket.payload.message

        def work(connection: Connection) -> tuple[Stored, None] | tuple[Ending, Decision] | None:
            found = inbox.load(connection, self._store.keys, message, locking=True)
            if found is None:
                return None
            if found.stored is None and self._settle_owed(connection, message, found):
                found = self._found(connection, message, locking=True)
            if found.stored is not None:
                return found.stored, None
            decision, ending = self._decided(ticket.payload, message, found)
            save(connection, message, found, ending)
            return ending, decision

        worked = self._store.transact(work)
        if worked is None:
            # In a transaction of its own: an acknowledgement must not wait for a slow turn that makes its person.
            self._store.transact(lambda connection: self._found(connection, message, locking=False))
            self._lanes.again(ticket)
            return
        ended, decision = worked
        if isinstance(ended, Stored):
            self._lanes.end(ticket, _result_of(ended), None)
        elif decision is not None:
            self._committed(ticket, decision, ended)

    def _found(self, connection: Connection, message: Inbound, *, locking: bool) -> Loaded:
        return inbox.loaded(connection, self._store.keys, message, locking=locking, now=self._clock())

    def _settle_owed(self, connection: Connection, of: Inbound, found: Loaded) -> bool:
        # Earlier messages were acknowledged by a process that died before their turns: those turns come first.
        settled = False
        while found.owed_id is not None:
            message = inbox.owed(connection, found.cipher, found.owed_id)
            before = self._found(connection, message, locking=False)
            _, ending = self._decided(_Work(message), message, before)
            save(connection, message, before, ending)
            found = self._found(connection, of, locking=False)
            settled = True
        return settled

    def _decided(self, work: _Work, message: Inbound, found: Loaded) -> tuple[Decision, Ending]:
        decision = self._decision(work, message, found.conversation, found.version)
        return decision, self._ending(decision, message, found)

    def _decision(self, work: _Work, message: Inbound, conversation: Conversation, version: int) -> Decision:
        decision = work.decision
        if decision is None or decision.version != version:
            decision = work.decision = self._decider.decide(message, conversation, version)
        return decision

    def _ending(self, decision: Decision, message: Inbound, found: Loaded) -> Ending:
        return ending_of(
            decision,
            message,
            is_late=found.is_acknowledged,
            max_bytes=self._max_bytes(message.account),
            now=self._clock(),
        )

    def _committed(self, ticket: _Ticket, decision: Decision, ending: Ending) -> None:
        result = TurnResult(text=ending.passive, is_late=ending.reply_state == "outbox")
        self._lanes.end(ticket, result, None)
        if ending.leaving:
            self._wake_outbox()
        if self._watcher is not None:
            seconds = time.perf_counter() - ticket.payload.began
            self._watcher.turn_taken(decision.outcome, has_failed=decision.has_failed, seconds=seconds)

    def _not_stored(self, ticket: _Ticket, error: BaseException) -> None:
        decision = ticket.payload.decision
        can_try = ticket.tries + 1 < _TRIES
        if isinstance(error, DecideAgain) and can_try:
            ticket.payload.decision = None  # the conversation is as it was; what else it rests on is not
            self._lanes.again(ticket)
        elif isinstance(error, inbox.Changed) and can_try:
            self._lanes.again(ticket)
        elif can_try and decision is not None and not decision.has_failed and not isinstance(error, AssistantError):
            # The database will not take what the handler decided (a fault of ours): the message is kept nevertheless.
            log.error("turn could not be stored", turn=turn_id(ticket.payload.message), exc_info=error)
            ticket.payload.decision = apology(decision.version, is_silent=decision.is_silent)
            self._lanes.again(ticket)
        else:
            if not isinstance(error, AssistantError):
                log.error("turn failed", turn=turn_id(ticket.payload.message), exc_info=error)
                error = RetryLater(f"turn failed: {type(error).__name__}")
            self._lanes.end(ticket, None, error)


def _result_of(stored: Stored) -> TurnResult:
    return TurnResult(text=stored.text, is_late=stored.by_outbox)
