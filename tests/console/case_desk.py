"""The console beside people who apply: the desk, its worker and the pages on one store, with staff of every role."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.store.store import Store
from care import audit
from care.case_records import Case
from care.staff import named, set_work
from intents.router import Router
from knowledge.library import Library
from tests.care import papers
from tests.clocks import FixedClock
from tests.console import desk
from tests.handlers.office import Office as PeopleSide
from tests.served import served


class CaseDesk:
    """People write to `people`; staff visit the pages."""

    def __init__(self, store: Store, clock: FixedClock, folder: Path, *, library: Library, router: Router) -> None:
        self.store, self.clock = store, clock
        self.people = PeopleSide(store, clock, folder, library=library, router=router)
        desk.add_staff(store, clock)
        self.office = desk.office_of(store, library, clock, folder, papers=self.people.papers)
        self.app = desk.app_of(self.office)
        self.visit = desk.visitors(self.app)

    def applied(self, *, contact: str = "o-lin", photo: bytes | None = None, asked: str = "1") -> Case:
        """Let a person apply and send one paper, fetched already."""
        case = self.people.submitted(contact=contact)
        self.people.sends(papers.photo() if photo is None else photo, contact=contact)
        self.people.says(asked, contact=contact)
        self.people.works()
        return case

    def limited_to(self, name: str, *products: str) -> None:
        """Let a manager know only some products."""

        def work(connection) -> None:
            member = named(connection, name)
            set_work(connection, member.id, products=products, capacity=30)

        self.store.write(work)

    def actions(self, actor: str = "user:guan") -> list[tuple[str, str]]:
        """Return what somebody did and read, the oldest first."""
        with self.store.reading() as connection:
            trail = audit.entries(connection, self.store.keys, actor=actor)
        return [(one.action, one.subject) for one in reversed(trail)]

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve the pages over HTTP and give their address."""
        with served(self.app) as address:
            yield address

    def close(self) -> None:
        self.people.close()
