"""What all parts of one customer service account work with."""

from dataclasses import dataclass

from bot.clock import Clock, system_clock
from bot.kf.api import KfApi
from bot.kf.people import customer_of
from bot.store.store import Store


@dataclass(frozen=True, kw_only=True)
class KfAccount:
    """One account: its id here, its service points, its API and its database."""

    id: str
    open_kfids: tuple[str, ...]
    store: Store
    api: KfApi
    clock: Clock = system_clock

    def customer_of(self, contact: str) -> tuple[str, str]:
        """Return external_userid and open_kfid of a contact."""
        return customer_of(contact, self.open_kfids)
