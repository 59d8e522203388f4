"""A platform, an SMS gateway and a process that dies, for the simulated year: phones that count, calls that fail."""

import itertools
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, event

from bot.errors import ConfigurationFault, GiveUp, RetryLater
from bot.keys import KeyRing
from bot.store.store import Store
from tests.clocks import FixedClock

T = TypeVar("T")
_LOST = 0.01  # of the notices that were taken


class Killed(BaseException):
    """The process ends here: nothing after this line happens."""


class Fate:
    """Kills the process at a chosen step: before or after a commit, inside a transaction, around a call of the API.

    Once it is dead every further step of any of its threads ends too, until it is started again.
    """

    def __init__(self) -> None:
        self.is_dead = False
        self.kills: list[str] = []
        self._left: int | None = None
        self._lock = threading.Lock()

    def arm(self, steps: int) -> None:
        """Die at the step after so many."""
        self._left = steps

    def step(self, where: str) -> None:
        """Come to a place at which the process may die."""
        with self._lock:
            if self._left is not None:
                self._left -= 1
                if self._left < 0:
                    self._left, self.is_dead = None, True
                    self.kills.append(where)
            if self.is_dead:
                raise Killed

    def restart(self) -> None:
        """Start the process again."""
        self.is_dead = False


class MortalStore(Store):
    """A store whose process may die at any statement it writes, and around every commit."""

    def __init__(self, database_url: str, keys: KeyRing, fate: Fate) -> None:
        super().__init__(database_url, keys)
        self.is_mortal = False
        self._fate = fate
        event.listen(self._writing, "before_cursor_execute", self._at_statement)

    def write(self, work: Callable[[Connection], T], *, timeout_seconds: float = 60.0) -> T:
        self._at("before a transaction")
        result = super().write(work, timeout_seconds=timeout_seconds)
        self._at("after a commit")
        return result

    def _at_statement(self, *_: Any) -> None:
        self._at("inside a transaction")

    def _at(self, where: str) -> None:
        if self.is_mortal:
            self._fate.step(where)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One message on a phone. `way`: message | template | sms; `about`: what it showed."""

    to: str
    at: datetime
    way: str
    about: str


class Phones:
    """The platform and the gateway: what repeats a key arrives once, a share of the calls fails, some notices later."""

    max_bytes = 2048
    account = "demo"

    def __init__(
        self, clock: FixedClock, chance: random.Random, fate: Fate, *, failing: float, later: Callable[[str], None]
    ) -> None:
        """`later` is told of each notice that was taken and will not arrive."""
        self.arrivals: dict[str, Arrival] = {}
        self.calls, self.failures, self.repeats, self.lost = 0, 0, 0, 0
        self._clock, self._chance, self._fate, self._failing, self._later = clock, chance, fate, failing, later
        self._lock = threading.Lock()
        self._notices: dict[str, str] = {}
        self._numbers = itertools.count()

    def send(self, contact: str, text: str, *, key: str) -> None:
        self._taken(contact, "message", text, key)

    def send_template(self, contact: str, template_id: str, fields: Mapping[str, str], *, key: str) -> str:
        assert all(0 < len(value) <= 20 and "\n" not in value for value in fields.values())
        with self._lock:
            known = self._notices.get(key)
            self.repeats += known is not None
        if known is not None:
            return known
        number = f"n{next(self._numbers)}"
        try:
            self._taken(contact, "template", " ".join(fields.values()), f"t{key}")
        finally:
            if f"t{key}" in self.arrivals:
                self._notices[key] = number
                if self._chance.random() < _LOST:
                    del self.arrivals[f"t{key}"]
                    self.lost += 1
                    self._later(number)
        return number

    def send_subscribed(self, contact: str, template_id: str, fields: Mapping[str, str]) -> str:
        raise NotImplementedError

    def _taken(self, to: str, way: str, about: str, key: str) -> None:
        self._fate.step("before a call of the API")
        with self._lock:
            self.calls += 1
            fate = self._chance.random() / self._failing if self._failing else 2.0
            self.failures += fate < 1
        if fate < 0.5:
            raise RetryLater("busy")
        if fate < 0.7:
            raise GiveUp("not this person", code=43004)
        if fate < 0.75:
            raise ConfigurationFault("48001", code=48001)
        with self._lock:
            if key in self.arrivals:
                self.repeats += 1
            else:
                self.arrivals[key] = Arrival(to=to, at=self._clock(), way=way, about=about)
        self._fate.step("after a call of the API")
        if fate < 1:
            raise RetryLater("the answer was lost on its way")


class Gateway:
    """SMS: to a phone number, with the same phones behind."""

    def __init__(self, phones: Phones) -> None:
        self._phones = phones

    def send(self, phone: str, text: str, *, key: str) -> None:
        self._phones._taken(phone, "sms", text, f"s{key}")
