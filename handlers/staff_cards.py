"""Cards to health managers in WeCom: what was assigned to them, danger, what nobody looks after, deadlines.

The rows of hand-overs and cases are the source, the outbox's unique key is the memory: every round looks at what was
not told yet, and what was told before is not told again, in whichever process, however long nobody looked. Cards name
no person and no illness.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    true,
    type_coerce,
)

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
from care.staff_tables import staff as staff_table
from care.tables import case_deadlines, case_events, cases
from handlers.wording import say
from knowledge.library import Library

_EVERY = timedelta(seconds=5)
_OLDEST = timedelta(days=3)  # a long weekend without the service; what is older is seen in the console
_RECENT = timedelta(hours=2)  # who comes on duty later sees in the console what long waits
_AT_ONCE = 200  # of each kind in a round; the others come in the next ones
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
        reach = _Reach.of(crew.values(), self.addresses)
        for row in _steps(connection, reach, now):
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
        for row in _assigned_cases(connection, reach, now):
            if row.owner in by_name:
                yield Told(key=f"card-event-{row.id}", to=(by_name[row.owner],), card=self._case_card("case", row))
        for row in _deadlines(connection, reach, now):
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


@dataclass(frozen=True, kw_only=True)
class _Reach:
    """Who can get a card at all. What nobody can be told must not stand in the way of what somebody can."""

    active: tuple[str, ...]
    addressed: tuple[Member, ...]

    @classmethod
    def of(cls, crew: Iterable[Member], addresses: Mapping[str, Address]) -> "_Reach":
        """Sort out who of the active staff has an address."""
        active = tuple(crew)
        addressed = tuple(member for member in active if member.name in addresses)
        return cls(active=tuple(member.name for member in active), addressed=addressed)

    @property
    def names(self) -> list[str]:
        return [member.name for member in self.addressed]

    @property
    def ids(self) -> list[int]:
        return [member.id for member in self.addressed]

    @property
    def has_chief(self) -> ColumnElement[bool]:
        return true() if any(one.on_duty and one.role == "supervisor" for one in self.addressed) else false()

    @property
    def has_anybody(self) -> ColumnElement[bool]:
        return true() if any(one.on_duty for one in self.addressed) else false()


def _was_told(key: ColumnElement[str], to: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether somebody of the staff for whom `to` holds got the card of a key."""
    whole = key + "-" + cast(staff_table.c.id, String)
    return exists().where(outbox_table.c.idempotency_key == whole, to)


def _steps(connection: Connection, reach: _Reach, now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the untold steps of hand-overs that go on: who was given one, and danger."""
    step, held = hand_over_steps.c, hand_over_table.c
    holder = func.coalesce(held.staff_id, held.offered_to)
    has_holder = and_(holder.is_not(None), holder.in_(reach.ids))
    is_given = and_(step.kind.in_(("offered", "handed")), step.staff_id == holder, has_holder)
    is_danger = and_(step.kind == "paged", or_(has_holder, reach.has_anybody))
    key = "card-step-" + cast(step.id, String)
    query = (
        select(step.id, step.kind, step.staff_id.label("told_to"), held.conversation_id, held.product)
        .add_columns(held.staff_id, held.offered_to)
        .join(hand_over_table, held.id == step.hand_over_id)
        .where(held.ended_at.is_(None), step.at > now - _OLDEST, or_(is_given, is_danger))
        .where(~_was_told(key, case((has_holder, staff_table.c.id == holder), else_=true())))
        .order_by(step.id)
        .limit(_AT_ONCE)
    )
    return connection.execute(query).all()


def _assigned_cases(connection: Connection, reach: _Reach, now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the untold last assignments of open cases; by when a case changed, for that has an index."""
    event = case_events.c
    last = (
        select(func.max(event.id).label("id"), func.max(event.at).label("at"), event.case_id)
        .join(cases, cases.c.id == event.case_id)
        .where(event.kind == "assigned", cases.c.is_open, cases.c.changed_at > now - _OLDEST)
        .group_by(event.case_id)
        .subquery()
    )
    key = "card-event-" + cast(last.c.id, String)
    query = (
        select(last.c.id, cases.c.number, cases.c.product, cases.c.service, cases.c.owner)
        .join(cases, cases.c.id == last.c.case_id)
        .where(last.c.at > now - _OLDEST, cases.c.owner.in_(reach.names))
        .where(~_was_told(key, true()))
        .order_by(last.c.id)
        .limit(_AT_ONCE)
    )
    return connection.execute(query).all()


def _deadlines(connection: Connection, reach: _Reach, now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the untold deadlines of open cases that come soon or were missed, the longest overdue first."""
    deadline, owner = case_deadlines.c, cases.c.owner
    is_missed = or_(deadline.state == "missed", deadline.due_at < now)
    has_owner = and_(owner.is_not(None), owner.in_(reach.names))
    to_chiefs = and_(reach.has_chief, or_(is_missed, owner.is_(None), owner.not_in(reach.active)))
    due = _epoch(connection, deadline.due_at)
    kind = case((is_missed, "card-missed-"), else_="card-soon-")
    key = kind + cast(deadline.id, String) + "-" + cast(due, String)
    query = (
        select(deadline.id, deadline.due_at, deadline.state)
        .add_columns(cases.c.number, cases.c.product, cases.c.service, owner)
        .join(cases, cases.c.id == deadline.case_id)
        .where(cases.c.is_open, deadline.ended_at.is_(None), deadline.state.in_(("running", "missed")))
        .where(deadline.due_at > now - _OLDEST, deadline.due_at < now + _SOON, or_(has_owner, to_chiefs))
        .where(~_was_told(key, case((has_owner, staff_table.c.name == owner), else_=true())))
        .order_by(deadline.due_at, deadline.id)
        .limit(_AT_ONCE)
    )
    return connection.execute(query).all()


def _epoch(connection: Connection, at: ColumnElement[datetime]) -> ColumnElement[int]:
    """Return the whole seconds since 1970, of a time as each database keeps it."""
    if connection.dialect.name == "sqlite":
        return type_coerce(at, BigInteger) // 1_000_000
    return cast(func.floor(func.extract("epoch", at)), BigInteger)


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
