"""The tick of reminding in a serving process: one process of several ticks, at its own pace, and re-plans at night."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial

from sqlalchemy import Connection

from bot.clock import in_china
from care import reminder_controls
from handlers.remind import Rounds
from handlers.replanning import Walk, walks

_EVERY = timedelta(seconds=20)
_ROUNDS_A_TICK = 4  # 200 reminders: what waited through a downtime leaves over minutes, not at once
_STEPS_A_TICK = 5
_NIGHT = (time(2), time(6))
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
        if not self.rounds.has_due(now):
            return False
        return any(self.rounds.once(now)["messages"] for _ in range(_ROUNDS_A_TICK))

    def replan_some(self, now: datetime) -> None:
        """Go on with the night's walk through all subjects, a few batches at a time."""
        store = self.rounds.store
        for name, step in walks(self.rounds.house, now=now):
            for _ in range(_STEPS_A_TICK):
                with store.reading() as connection:
                    place, ended_at = reminder_controls.position(connection, name)
                if place == 0 and ended_at is not None and now - ended_at < _A_DAY:
                    break

                store.write(partial(_walk_on, name=name, step=step, place=place, now=now))


def _walk_on(connection: Connection, *, name: str, step: Walk, place: int, now: datetime) -> None:
    following, _ = step(connection, place)
    reminder_controls.set_position(connection, name, following, ended_at=None if following else now)
