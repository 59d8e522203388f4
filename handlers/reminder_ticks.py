"""The tick of reminding in a serving process: one process of several ticks, at its own pace, and re-plans at night."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as clock_time
from functools import partial

from bot.clock import in_china
from care import reminder_controls
from handlers.remind import AT_ONCE, Rounds
from handlers.replanning import AnyWalk, walks

_EVERY = timedelta(seconds=5)
# 100 reminders every 5 s: what is due at one minute leaves within the next; what waited through a downtime leaves
# over minutes, not at once.
_ROUNDS_A_TICK = 100 // AT_ONCE
_NIGHT = (clock_time(1), clock_time(6))
_WALKING_SECONDS = 3.0  # of each tick at night
_A_DAY = timedelta(hours=20)


@dataclass
class Ticker:
    """`tick` is called every few seconds and mostly does nothing."""

    rounds: Rounds
    holder: str = field(default_factory=lambda: secrets.token_hex(16))
    _ticked_at: datetime | None = None

    def tick(self, now: datetime) -> bool:
        """Do what is due, if this process is the one that ticks; returns whether messages may be waiting to leave."""
        if self._ticked_at is not None and now - self._ticked_at < _EVERY:
            return False
        self._ticked_at = now
        if not self.rounds.store.write(
            lambda connection: reminder_controls.take_ticker(connection, self.holder, now=now)
        ):
            return False
        if _NIGHT[0] <= in_china(now).time() < _NIGHT[1]:
            self.replan_some(now)
        messages = 0
        for _ in range(_ROUNDS_A_TICK):
            if not self.rounds.has_due(now):
                break
            messages += self.rounds.once(now)["messages"]
        return messages > 0

    def replan_some(self, now: datetime) -> None:
        """Go on with the night's walk through all subjects, for a few seconds."""
        until = time.monotonic() + _WALKING_SECONDS
        for walk in walks(self.rounds.house, now=now):
            while time.monotonic() < until:
                if self._is_walked(walk, now):
                    break
                self._walk_on(walk, now)

    def _is_walked(self, walk: AnyWalk, now: datetime) -> bool:
        with self.rounds.store.reading() as connection:
            place, ended_at = reminder_controls.position(connection, walk.name)
        return place == 0 and ended_at is not None and now - ended_at < _A_DAY

    def _walk_on(self, walk: AnyWalk, now: datetime) -> None:
        store = self.rounds.store
        with store.reading() as connection:
            place, _ = reminder_controls.position(connection, walk.name)
        following, _ = walk.step(store, place)
        ended_at = None if following else now
        note = partial(reminder_controls.set_position, name=walk.name, place=following, ended_at=ended_at)
        store.write(lambda connection: note(connection))
