"""What every page of the console is given: the store, the handbooks, the clock, people's papers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.accounts import has_window
from bot.clock import Clock, system_clock
from bot.sealed_files import SealedFiles
from bot.store.store import Store
from console.reasons import Explained
from handlers.hand_over_packet import Packets
from handlers.handling import Handling
from handlers.knowing import Knowing
from handlers.respond import Assistant
from knowledge.library import Library


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account that people write to: what it is called, and which products it serves."""

    name: str
    channel: str
    products: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Office:
    """The surroundings of the pages. `wake` lets the worker look into the outbox at once; `live_seats` is how many
    open event streams a process carries; `warnings` tells in Chinese what is wrong with a draft. Without `handling`
    nobody can act on conversations, without `assistant` the handbook search finds by likeness alone, without `knowing`
    additions to the handbooks are neither tried nor heard."""

    store: Store
    library: Library
    papers: SealedFiles
    accounts: Mapping[str, Account] = field(default_factory=dict)
    clock: Clock = system_clock
    wake: Callable[[], None] = lambda: None
    is_demo: bool = False
    public_url: str = ""
    live_seats: int = 0
    handling: Handling | None = None
    assistant: Assistant | None = None
    knowing: Knowing | None = None
    packets: Packets | None = None
    warnings: Callable[[str], Sequence[str]] = lambda _draft: ()

    @property
    def windowless(self) -> frozenset[str]:
        """The accounts whose people can always be written to."""
        return frozenset(id for id, account in self.accounts.items() if not has_window(account.channel))

    @property
    def explained(self) -> Explained:
        """What says recorded reasons and ids in Chinese: by the handbooks, and by what was added to them."""
        return Explained(lambda: (self.library, *([self.knowing.additions.library] if self.knowing else [])))
