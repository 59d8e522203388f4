"""A desk that serves: messages go through Turns into a SQLite file, cases are moved, what was stored is read back."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from bot.keys import KeyRing
from bot.messages import Inbound, Kind, Outcome, Owner, Turn
from bot.store import encoding, people, schema
from bot.store.store import Store
from bot.turns import Turns
from care import bindings, children, consents, media, policy_saving, promises, tables
from care.case_records import Case, all_cases
from care.child import Child
from care.consents import ConsentKind
from care.policy import Policy
from care.workdays import WorkCalendar
from handlers.case_moves import CaseMover
from handlers.desk import Desk
from handlers.house import build_desk, consent_versions
from handlers.remind import Rounds
from handlers.reminder_commands import plan_all
from handlers.reminder_facts import Desk as PlanningDesk
from handlers.reminder_ways import Ways
from intents.router import Router
from knowledge.library import Library
from tests.assistants import ACCOUNTS
from tests.clocks import FixedClock

KEYS = KeyRing(masters=[b"m" * 32], index_key=b"i" * 32)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came of one message: the passive reply (empty: none), and what the handler decided."""

    reply: str
    outcome: Outcome


class ServiceDesk:
    """One deployment for one test. Close it at the end."""

    def __init__(self, empty: Path, folder: Path, *, library: Library, router: Router, clock: FixedClock) -> None:
        """`empty` is a migrated SQLite file, which is copied into `folder`."""
        path = folder / "assistant.db"
        shutil.copy(empty, path)
        self.store = Store(f"sqlite:///{path}", KEYS)
        self.clock, self.library, self._router = clock, library, router
        self._desk = self._build()
        self._outcomes: list[Outcome] = []
        self._error: Exception | None = None
        self._number = 0
        self._read_until = 0
        self._turns = Turns(
            store=self.store, handler=self.respond, max_bytes=lambda _: 2048, clock=clock, budget_seconds=60
        )

    def close(self) -> None:
        self._turns.stop()
        self.store.close()

    def deploy(self, library: Library) -> None:
        """Serve another version of the handbooks from the next message on, as after a restart."""
        self.library = library
        self._desk = self._build()

    def know(self, told: Iterable[Policy], *, bound_to: tuple[str, str] | None = None) -> list[Policy]:
        """Store policies; bind them to (account, contact), who has then agreed to the use of personal data."""
        now = self.clock()

        def work(connection: Connection) -> list[Policy]:
            kept = [policy_saving.save(connection, KEYS, policy, now=now) for policy in told]
            if bound_to is not None:
                contact = self._introduced(connection, *bound_to)
                kind = ConsentKind.PERSONAL
                version = consent_versions()[kind]
                consents.give(connection, contact_id=contact, kind=kind, version=version, now=now)
                for policy in kept:
                    bindings.bind(connection, contact_id=contact, policy_id=policy.id or 0, now=now)
            return kept

        return self.store.write(work)

    def take(self, message: Inbound) -> Heard:
        """Take the turn of a message; its key and time are filled in. Raises what the handler raised."""
        self._number += 1
        self._outcomes.clear()
        self._error = None
        message = replace(message, key=f"message-{self._number}", sent_at=self.clock())
        result = self._turns.take(message)
        if self._error is not None:
            raise self._error
        outcome, reply = self._outcomes[-1], result.text or ""
        assert "".join(said.text for said in outcome.replies[:1]).startswith(reply), f"apologised: {reply}"
        return Heard(reply=reply, outcome=outcome)

    def say(self, text: str, *, account: str = "all", contact: str = "甲") -> Heard:
        """Take the turn of a text."""
        at = self.clock()
        return self.take(Inbound(account=account, contact=contact, key="", kind=Kind.TEXT, sent_at=at, text=text))

    def cases(self) -> list[Case]:
        """Return all cases in the order of their opening."""
        with self.store.reading() as connection:
            return list(all_cases(connection, KEYS))

    def move(self, case: Case, to: str) -> Case:
        """Move a case, or withdraw it for its policyholder (to: cancelled)."""
        calendar = WorkCalendar.load()
        mover = CaseMover(library=self.library, keys=KEYS, calendar=calendar, actor="user:test")
        now = self.clock()
        if to == "cancelled":
            return self.store.write(lambda connection: mover.cancel(connection, case.number, now=now))
        return self.store.write(lambda connection: mover.move(connection, case.number, to, now=now))

    def row(self, case: Case) -> dict[str, Any]:
        """Return what is stored of a case beside its answers: insured's name, papers, deadlines, uses by state."""
        with self.store.reading() as connection:
            uses = connection.scalars(select(tables.uses.c.state).where(tables.uses.c.case_id == case.id)).all()
            running = {one.promise: one for one in promises.deadlines_of(connection, case.id)}
            papers = [one.material for one in media.of_case(connection, case.id)]
        return {"uses": sorted(uses), "deadlines": running, "papers": papers, "insured": case.labels.get("insured")}

    def children(self) -> list[Child]:
        """Return all children that have a profile."""
        with self.store.reading() as connection:
            return children.children_after(connection, KEYS, 0, limit=100)

    def remind(self) -> None:
        """Plan and send what is due, as `flask reminders run` does; what is sent lies in the outbox."""
        house = PlanningDesk(library=self.library, calendar=WorkCalendar.load(), keys=KEYS)
        plan_all(self.store, house, self.clock())
        Rounds(store=self.store, house=house, ways=Ways()).until_done(self.clock())

    def owner(self, *, account: str, contact: str) -> Owner:
        """Return who answers a person's conversation."""
        index = KEYS.blind_index(account, contact)
        wanted = (
            select(schema.conversations.c.owner).join(schema.contacts).where(schema.contacts.c.blind_index == index)
        )
        with self.store.reading() as connection:
            return Owner(connection.execute(wanted).scalar_one())

    def new_notices(self) -> list[str]:
        """Return the texts that were put into the outbox since this was last asked."""
        table = schema.outbox
        with self.store.reading() as connection:
            rows = connection.execute(select(table).where(table.c.id > self._read_until).order_by(table.c.id)).all()
            texts = [self._opened(connection, row) for row in rows if self._is_notice(row)]
        if rows:
            self._read_until = rows[-1].id
            self.store.write(self._deliver)
        return texts

    def _is_notice(self, row: Any) -> bool:
        """Whether a row of the outbox is more than the first answer to a message: that one is passive."""
        return True

    def _deliver(self, connection: Connection) -> None:
        """Take what was read as sent, as the worker would have: it isn't about to leave any more."""
        waiting = schema.outbox.c.state == "pending"
        connection.execute(update(schema.outbox).where(waiting).values(state="sent", settled_at=self.clock()))

    def _opened(self, connection: Connection, row: Any) -> str:
        person = people.person_of(connection, KEYS, row.conversation_id)
        cipher = people.cipher_of(connection, KEYS, person.contact_id)
        return encoding.text_from(cipher.open(row.body, place=f"outbox|body|{row.idempotency_key}"))

    def _introduced(self, connection: Connection, account: str, contact: str) -> int:
        people.introduce(connection, KEYS, account=account, platform_id=contact, now=self.clock())
        index = KEYS.blind_index(account, contact)
        return connection.execute(
            select(schema.contacts.c.id).where(schema.contacts.c.blind_index == index)
        ).scalar_one()

    def _build(self) -> Desk:
        return build_desk(
            library=self.library,
            router=self._router,
            store=self.store,
            products=ACCOUNTS,
            public_url="https://assistant.example",
        )

    def respond(self, turn: Turn) -> Outcome:
        """Decide as the desk does, for whoever else takes turns on this store; what it raises is kept, too."""
        try:
            outcome = self._desk.respond(turn)
        except Exception as error:
            self._error = error  # Turns makes an apology of it
            raise
        self._outcomes.append(outcome)
        return outcome


def with_flow(library: Library, product: str, service: str, changes: Mapping[str, Any]) -> Library:
    """Return the handbooks with a newer version of one flow, in which `changes` (fields of Flow) are other."""
    handbook = library.handbooks[product]
    flow = handbook.flows[service]
    newer = flow.model_copy(update={"version": flow.version + 1, **changes})
    changed = replace(handbook, flows={**handbook.flows, service: newer})
    return replace(library, handbooks={**library.handbooks, product: changed})


def without_flow(library: Library, product: str, service: str) -> Library:
    """Return the handbooks with one service not run any more."""
    handbook = library.handbooks[product]
    left = {id: flow for id, flow in handbook.flows.items() if id != service}
    return replace(library, handbooks={**library.handbooks, product: replace(handbook, flows=left)})


def span(text: str) -> timedelta:
    """Read a length of time: 26小时, 3天, 10分钟."""
    units = {"天": "days", "小时": "hours", "分钟": "minutes"}
    unit = next(unit for unit in units if text.endswith(unit))
    return timedelta(**{units[unit]: float(text.removesuffix(unit))})
