"""Cards to health managers in WeCom: what was assigned to them, danger, what nobody looks after, deadlines.

The rows of hand-overs and cases are the source, the outbox's unique key is the memory: every round looks at what is
recent, and what was told before is not told again, in whichever process. Cards name no person and no illness.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.cards import Card
from bot.clock import in_china
from bot.keys import KeyRing
from bot.store import outbox, people
from bot.store.schema import contacts, conversations
from bot.store.schema import outbox as outbox_table
from bot.store.store import Store
from care import hand_overs, staff
from care.hand_over_tables import hand_over_steps
from care.hand_over_tables import hand_overs as hand_over_table
from care.staff import Member
from care.tables import case_deadlines, case_events, cases
from handlers.wording import say
from knowledge.library import Library

_EVERY = timedelta(seconds=5)
_RECENT = timedelta(hours=2)  # an older assignment is seen in the console, a card about it would only startle
_NEWEST = 200  # rows looked at
_SOON = timedelta(hours=4)
_USELESS_AFTER = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where somebody of the staff gets cards: the WeCom account and their UserID in it."""

    account: str
    member: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """A card and whom it is for. `to_all`: where there is none of them with an address, everybody on duty."""

    key: str
    to: tuple[Member, ...]
    card: Card
    to_all: bool = False


@dataclass(kw_only=True)
class StaffCards:
    """`addresses`: name at the console → address; `public_url`: what links begin with."""

    store: Store
    library: Library
    addresses: Mapping[str, Address]
    public_url: str
    wake: Callable[[], None] = lambda: None
    _told_at: datetime | None = field(default=None, init=False)

    def tell(self, now: datetime) -> int:
        """Put what is new into the outbox; returns how many cards. Mostly does nothing. Raises RetryLater."""
        if not self.addresses or (self._told_at is not None and now - self._told_at < _EVERY):
            return 0
        self._told_at = now
        with self.store.reading() as connection:
            wanted = list(self._untold(connection, now))
        if wanted:
            self.store.write(lambda connection: self._add(connection, wanted, now))
            self.wake()
        return len(wanted)

    def _add(self, connection: Connection, wanted: Sequence[tuple[str, Address, Card]], now: datetime) -> None:
        for key, address, card in wanted:
            put(connection, self.store.keys, key, address, card, now=now)

    def _untold(self, connection: Connection, now: datetime) -> Iterator[tuple[str, Address, Card]]:
        crew = [member for member in staff.everybody(connection) if member.is_active]
        found = [
            (f"{told.key}-{member.id}", self.addresses[member.name], told.card)
            for told in self._notices(connection, {member.id: member for member in crew}, now)
            for member in self._reached(told, crew)
        ]
        known = outbox_table.c.idempotency_key
        keys = [key for key, _, _ in found]
        before = set(connection.scalars(select(known).where(known.in_(keys)))) if keys else set()
        return (one for one in found if one[0] not in before)

    def _reached(self, told: Told, crew: Sequence[Member]) -> list[Member]:
        reached = {member.id: member for member in told.to if member.name in self.addresses}
        if not reached and told.to_all:
            reached = {member.id: member for member in crew if member.on_duty and member.name in self.addresses}
        return list(reached.values())

    def _notices(self, connection: Connection, crew: Mapping[int, Member], now: datetime) -> Iterator[Told]:
        chiefs = tuple(member for member in crew.values() if member.role == "supervisor" and member.on_duty)
        for row in _steps(connection, now):
            holder = crew.get(row.staff_id or row.offered_to or 0)
            if row.kind == "paged":
                to = (holder, *chiefs) if holder else ()
                yield Told(key=f"card-step-{row.id}", to=to, card=self._of_conversation("red", row), to_all=True)
            elif holder is not None and holder.id == row.told_to:
                yield Told(key=f"card-step-{row.id}", to=(holder,), card=self._of_conversation(row.kind, row))
        for one in hand_overs.unseen_escalations(connection):
            if one.kind != "danger" and one.at > now - _RECENT:
                card = self._conversation_card(one.kind, one.conversation_id, ())
                yield Told(key=f"card-escalation-{one.id}", to=chiefs, card=card)
        by_name = {member.name: member for member in crew.values()}
        for row in _assigned_cases(connection, now):
            if row.owner in by_name:
                yield Told(key=f"card-event-{row.id}", to=(by_name[row.owner],), card=self._case_card("case", row))
        for row in _deadlines(connection, now):
            owner = (by_name[row.owner],) if row.owner in by_name else chiefs
            is_missed = row.state == "missed" or row.due_at < now
            to, state = ((*owner, *chiefs), "missed") if is_missed else (owner, "soon")
            card = self._case_card(state, row, (("期限", f"{in_china(row.due_at):%m月%d日 %H:%M}"),))
            # A deadline that was moved is another one.
            yield Told(key=f"card-{state}-{row.id}-{int(row.due_at.timestamp())}", to=to, card=card)

    def _of_conversation(self, kind: str, row: Row[*tuple[Any, ...]]) -> Card:
        product = self._product(row.product)
        return self._conversation_card(kind, row.conversation_id, (("产品", product),) if product else ())

    def _conversation_card(self, kind: str, conversation_id: int, rows: tuple[tuple[str, str], ...]) -> Card:
        url = f"{self.public_url}/console/conversations/{conversation_id}"
        return Card(title=say(f"card_{kind}"), text=say(f"card_{kind}_text"), url=url, rows=rows)

    def _case_card(self, kind: str, row: Row[*tuple[Any, ...]], rows: tuple[tuple[str, str], ...] = ()) -> Card:
        handbook = self.library.handbooks.get(row.product)
        service = handbook.service(row.service) if handbook else None
        about = (
            ("受理号", row.number),
            ("产品", self._product(row.product)),
            ("服务", service.short if service else ""),
        )
        return Card(
            title=say(f"card_{kind}"),
            text=say(f"card_{kind}_text"),
            url=f"{self.public_url}/console/cases/{row.number}",
            rows=(*((name, value) for name, value in about if value), *rows),
        )

    def _product(self, id: str | None) -> str:
        return self.library.product(id).short if id in self.library.handbooks else ""


def _steps(connection: Connection, now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the newest steps of hand-overs that go on: who was given one, and danger."""
    step, held = hand_over_steps.c, hand_over_table.c
    newest = select(step.id).order_by(step.id.desc()).limit(_NEWEST).scalar_subquery()
    query = (
        select(step.id, step.kind, step.staff_id.label("told_to"), held.conversation_id, held.product)
        .add_columns(held.staff_id, held.offered_to)
        .join(hand_over_table, held.id == step.hand_over_id)
        .where(step.id.in_(newest), step.kind.in_(("offered", "handed", "paged")))
        .where(step.at > now - _RECENT, held.ended_at.is_(None))
        .order_by(step.id)
    )
    return connection.execute(query).all()


def _assigned_cases(connection: Connection, now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    event = case_events.c
    newest = select(event.id).order_by(event.id.desc()).limit(_NEWEST).scalar_subquery()
    query = (
        select(event.id, cases.c.number, cases.c.product, cases.c.service, cases.c.owner)
        .join(cases, cases.c.id == event.case_id)
        .where(event.id.in_(newest), event.kind == "assigned", event.at > now - _RECENT)
        .where(cases.c.is_open, cases.c.owner.is_not(None))
        .order_by(event.id)
    )
    return connection.execute(query).all()


def _deadlines(connection: Connection, now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    deadline = case_deadlines.c
    query = (
        select(deadline.id, deadline.due_at, deadline.state)
        .add_columns(cases.c.number, cases.c.product, cases.c.service, cases.c.owner)
        .join(cases, cases.c.id == deadline.case_id)
        .where(cases.c.is_open, deadline.ended_at.is_(None), deadline.state.in_(("running", "missed")))
        .where(deadline.due_at > now - _RECENT, deadline.due_at < now + _SOON)
        .order_by(deadline.due_at, deadline.id)
        .limit(_NEWEST)
    )
    return connection.execute(query).all()


def put(connection: Connection, keys: KeyRing, key: str, address: Address, card: Card, *, now: datetime) -> None:
    """Put a card into the outbox for a member, who need never have written to the application."""
    people.introduce(connection, keys, account=address.account, platform_id=address.member, now=now)
    index = keys.blind_index(address.account, address.member)
    conversation = connection.scalar(
        select(conversations.c.id)
        .join(contacts, contacts.c.id == conversations.c.contact_id)
        .where(contacts.c.account == address.account, contacts.c.blind_index == index)
    )
    if conversation is None:
        raise LookupError("a conversation that was just made is not there")
    outbox.add(
        connection, keys, conversation_id=conversation, kind=outbox.CARD, text=card.written(), key=key, now=now,
        expires_at=now + _USELESS_AFTER,
    )  # fmt: skip
