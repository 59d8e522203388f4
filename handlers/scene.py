"""What a request or a task of the desk sees of one turn, and what it says. It reads and decides; it never writes."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from bot.clock import in_china
from bot.keys import KeyRing
from bot.messages import Citation, Effect, Turn
from care.insurer import Insurer
from care.workdays import WorkCalendar
from handlers.channels import Channels
from handlers.customers import Customer, Customers
from handlers.session import Session
from intents.router import Router
from knowledge.flow import Flow
from knowledge.library import Library


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything the desk works with, joined once at the start."""

    library: Library
    router: Router
    customers: Customers
    insurer: Insurer
    calendar: WorkCalendar
    public_url: str = ""  # what links in messages begin with; empty: no links
    channels: Channels = field(default_factory=Channels)

    @property
    def keys(self) -> KeyRing:
        """The keys of what is stored."""
        return self.customers.store.keys


@dataclass(frozen=True)
class Scene:
    """One turn as a request or a task sees it."""

    turn: Turn
    session: Session
    house: House
    known: Customer | None = None  # with what this very turn is about to store

    @property
    def text(self) -> str:
        return self.turn.inbound.text

    @property
    def now(self) -> datetime:
        return self.turn.now

    @property
    def today(self) -> date:
        return in_china(self.turn.now).date()

    @cached_property
    def customer(self) -> Customer:
        return self.known or self.house.customers.of(self.turn.conversation.contact_id)

    @property
    def products(self) -> tuple[str, ...]:
        """The products of the account."""
        return self.session.context.products

    def short(self, product: str) -> str:
        """Return how a product is called in a sentence."""
        return self.house.library.product(product).short

    def service_name(self, product: str, service: str) -> str:
        """Return how a service is called in a sentence."""
        handbook = self.house.library.handbooks.get(product)
        found = handbook.service(service) if handbook else None
        return found.short if found else service

    def flow(self, product: str, service: str) -> Flow | None:
        return self.house.customers.flow(product, service)

    def at(self, session: Session) -> "Scene":
        """Return the scene with another session."""
        return replace(self, session=session)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is said to one message, with the session after it and what is to change in the turn's commit.

    `customer`: what is known of the person from now on, with what the effects are about to store.
    """

    text: str
    session: Session
    citations: tuple[Citation, ...] = ()
    effects: tuple[Effect, ...] = ()
    hand_over: str | None = None
    reasons: tuple[str, ...] = ()
    customer: Customer | None = None

    def before(self, later: "Said") -> "Said":
        """Return both as one: this first, then `later`."""
        return Said(
            text=f"{self.text}\n\n{later.text}" if self.text and later.text else self.text or later.text,
            session=later.session,
            citations=(*self.citations, *later.citations),
            effects=(*self.effects, *later.effects),
            hand_over=later.hand_over or self.hand_over,
            reasons=(*self.reasons, *later.reasons),
            customer=later.customer or self.customer,
        )
