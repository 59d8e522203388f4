"""What another process told of a message, kept for the turn that asked: nothing hangs on it, it only saves time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from intents.danger import Alarm
from intents.match import Context, Match
from intents.talk import Talked

Question = tuple[str, Context]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a message in its context means, as a process told that knows nothing of what was published."""

    message: str
    context: Context
    alarm: Alarm | None
    talked: Talked | None
    match: Match


class Elsewhere:
    """Asks another process, and keeps for each thread what it told last."""

    def __init__(self, ask: Callable[[Question], Told | None] = lambda _: None) -> None:
        self._ask = ask
        self._turn = threading.local()

    def hear(self, message: str, context: Context) -> None:
        """Ask, and forget what was told of the message before."""
        self._turn.told = self._ask((message, context))

    def told(self, message: str) -> Told | None:
        """Return what was told to this thread last, if it was of this message."""
        told: Told | None = getattr(self._turn, "told", None)
        return told if told is not None and told.message == message else None
