"""Finds insured children whose guardians are here and who have no profile yet: those of policies told since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot.store.store import Store
from care.children import policies_without_profiles
from handlers.child_facts import add_children_of
from handlers.reminder_facts import PlanningHouse, stored_policy

_BATCH = 100
_WRITTEN_AT_ONCE = 20


@dataclass(frozen=True, kw_only=True)
class NewChildren:
    """A walk through the bound policies of products that remind of vaccinations; comes before that of the children."""

    house: PlanningHouse
    now: datetime
    name: str = "profiles"

    def step(self, store: Store, after: int) -> tuple[int, int]:
        """Make the profiles that the next policies after a number lack; returns the last policy's number (0: that was
        all), and how many were made."""
        with store.reading() as connection:
            found = policies_without_profiles(connection, self._products(), after, limit=_BATCH)
        made = 0
        for start in range(0, len(found), _WRITTEN_AT_ONCE):
            made += store.write(partial(self._write, policies=found[start : start + _WRITTEN_AT_ONCE]))
        return (found[-1] if len(found) == _BATCH else 0), made

    def _write(self, connection: Connection, *, policies: Sequence[int]) -> int:
        there = (stored_policy(connection, self.house, id) for id in policies)
        return sum(len(add_children_of(connection, self.house, one, now=self.now)) for one in there if one is not None)

    def _products(self) -> list[str]:
        return [book.product.id for book in self.house.library if book.product.child_reminders is not None]
