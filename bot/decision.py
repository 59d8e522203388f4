"""From a loaded conversation to the end of its turn: ask the handler, lay out what leaves how. Stores nothing."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.messages import Conversation, Inbound, Kind, Outcome, Owner, Reply, Turn
from bot.store import encoding
from bot.store.turn_record import Ending, Leaving
from bot.texts import split

log = structlog.get_logger()

Handler = Callable[[Turn], Outcome]

APOLOGY = '抱歉，刚才出了点问题，请您再说一次；着急的话回复"人工"。'
_FAILED = Outcome(replies=(Reply(text=APOLOGY),))

_SAYS = "click"  # a menu's entry that a person presses is something they say

# Later parts must not overtake the first one, which is still on its way back in the platform's own request.
_BEHIND_PASSIVE = timedelta(milliseconds=500)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the handler decided, and on which version of the conversation; `is_silent`: the bot may not speak there."""

    outcome: Outcome
    state: bytes | None
    version: int
    has_failed: bool = False
    is_silent: bool = False


@dataclass(frozen=True, kw_only=True)
class Decider:
    """Asks the handler, or what may be said while a person owns the conversation (without `while_human`: nothing)."""

    handler: Handler
    while_human: Handler | None
    clock: Clock
    # Whether the conversation's platform lets the bot speak: where it doesn't, nothing is said, and pages still go out.
    may_speak: Callable[[Conversation], bool] = lambda _: True

    def decide(self, message: Inbound, conversation: Conversation, version: int) -> Decision:
        """Return the decision; a handler that fails decides for an apology (for silence where the bot may not speak)
        and changes nothing."""
        is_human = conversation.owner is Owner.HUMAN
        if is_human and message.kind is Kind.EVENT and message.event != _SAYS:
            return self._noted(message, conversation, version)
        is_barred = not self.may_speak(conversation)
        is_silent = is_human or is_barred
        handler = self.while_human if is_silent else self.handler
        if handler is None:
            return Decision(outcome=Outcome(), state=None, version=version, is_silent=is_silent)
        try:
            outcome = handler(Turn(inbound=message, conversation=conversation, now=self.clock()))
            state = None if outcome.state is None else encoding.state_bytes(outcome.state)
            if is_barred:
                paged = Outcome(page=outcome.page, effects=outcome.effects)
                return Decision(outcome=paged, state=None, version=version, is_silent=True)
            outcome = replace(outcome, replies=tuple(_sendable(reply) for reply in outcome.replies if reply.text))
            return Decision(outcome=outcome, state=state, version=version, is_silent=is_silent)
        except Exception as error:
            log.error("handler failed", turn=turn_id(message), exc_info=error)
            return apology(version, is_silent=is_silent)

    def _noted(self, message: Inbound, conversation: Conversation, version: int) -> Decision:
        """Let what the platform tells (a notice did not arrive) have its effects, and say nothing to it."""
        try:
            told = self.handler(Turn(inbound=message, conversation=conversation, now=self.clock()))
            return Decision(outcome=Outcome(effects=told.effects), state=None, version=version, is_silent=True)
        except Exception as error:
            log.error("handler failed", turn=turn_id(message), exc_info=error)
            return apology(version, is_silent=True)


def apology(version: int, *, is_silent: bool) -> Decision:
    """Return the decision of a turn that could not be taken properly: it says so, if it may, and changes nothing."""
    outcome = Outcome() if is_silent else _FAILED
    return Decision(outcome=outcome, state=None, version=version, has_failed=True, is_silent=is_silent)


def ending_of(decision: Decision, message: Inbound, *, is_late: bool, max_bytes: int, now: datetime) -> Ending:
    """Lay out a decision: the first part goes back as the passive reply unless it is late, the rest by the outbox."""
    texts = [part for reply in decision.outcome.replies for part in split(reply.text, max_bytes)]
    passive = texts.pop(0) if texts and not is_late else None
    due_at = now if is_late else now + _BEHIND_PASSIVE
    first_number = 0 if is_late else 1
    leaving = [
        Leaving(key=_delivery_key(message, number), text=text, kind="reply", due_at=due_at)
        for number, text in enumerate(texts, first_number)
    ]
    reply_state = "passive" if passive is not None else "outbox" if leaving else "none"
    return Ending(
        outcome=decision.outcome,
        state=decision.state,
        reply_state=reply_state,
        passive=passive,
        leaving=leaving,
        now=now,
    )


def turn_id(message: Inbound) -> str:
    """Name a turn in logs without naming anybody."""
    return hashlib.sha256(f"{message.account}\0{message.key}".encode()).hexdigest()[:16]


def _delivery_key(message: Inbound, number: int) -> str:
    # 32 hexadecimal digits: the strictest platform (WeCom KF) takes up to 32 of 0-9a-zA-Z_- as a message id.
    return hashlib.sha256(f"reply\0{message.account}\0{message.key}\0{number}".encode()).hexdigest()[:32]


def _sendable(reply: Reply) -> Reply:
    # A lone surrogate (a broken emoji that came in as JSON and was quoted back) cannot be written as UTF-8.
    text = reply.text.encode("utf-8", "replace").decode()
    return reply if text == reply.text else replace(reply, text=text)
