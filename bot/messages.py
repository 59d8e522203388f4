"""The values that travel through the machine: what came in, what a handler sees, what it decides.

They carry no channel and no database handle: a handler that holds them can neither send nor store. What a turn is to
change beside its conversation it returns as effects, which run in the turn's own transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection


class Kind(StrEnum):
    """What sort of thing a person or the platform sent."""

    TEXT = "text"
    VOICE = "voice"  # `text` holds the platform's recognition, or "" when it sent none
    IMAGE = "image"
    VIDEO = "video"
    FILE = "file"
    LOCATION = "location"
    LINK = "link"
    EVENT = "event"
    UNKNOWN = "unknown"


class Owner(StrEnum):
    """Who answers a conversation. While it waits for a person the bot goes on answering."""

    BOT = "bot"
    WAITING = "waiting"
    HUMAN = "human"


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """One verified message or event, as a channel parsed it.

    `key` is unique within the account: the platform's message id, or a digest of what identifies an event.
    `event` is lower case (subscribe, unsubscribe, scan, click, view, …) and empty for messages.
    `fields` keeps the platform's remaining plain values by their own names.
    """

    account: str
    contact: str
    key: str
    kind: Kind
    sent_at: datetime
    text: str = ""
    event: str = ""
    event_key: str = ""
    media_id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Citation:
    """Where a sentence comes from: a product's handbook and a clause of it."""

    product: str
    clause: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One message to the person, with the clauses its facts rest on."""

    text: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """What the assistant made of one message; kept so that gaps can be worked through later.

    `decision` is answer | clarify | abstain | medical | emergency | handoff | smalltalk | menu | dialog.
    `next_move` says how this message follows the previous answer: asked_again | chose | thanked | to_person | moved_on.
    """

    decision: str
    product: str | None = None
    service: str | None = None
    attribute: str | None = None
    facts: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    next_move: str | None = None


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """The part of a conversation that a handler may see. `state` is the handlers' own, opaque to the machine.

    `id` and `contact_id` are 0 for a person who writes for the first time: they are numbered by the turn's commit.
    """

    id: int
    account: str
    owner: Owner
    epoch: int
    contact_id: int = 0
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Everything a handler sees: the message, its conversation, and the time."""

    inbound: Inbound
    conversation: Conversation
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Committing:
    """The turn that is being committed: whose it is, and when. `key` is the same however often the turn is tried."""

    contact_id: int
    conversation_id: int
    key: str
    now: datetime


# What a turn changes besides its conversation. It runs in the turn's transaction, once for each commit, and may raise
# DecideAgain when what it was decided on does not hold any more.
Effect = Callable[[Connection, Committing], None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a handler decided.

    The first reply may travel as the passive reply, the others leave through the outbox. `state` replaces the
    conversation's state (None keeps it). `hand_over` is the reason for which the conversation now waits for a
    person, or None. `page` asks for a person to be alerted at once (danger to life).
    """

    replies: tuple[Reply, ...] = ()
    state: Mapping[str, Any] | None = None
    hand_over: str | None = None
    page: bool = False
    effects: tuple[Effect, ...] = ()
    understanding: Understanding | None = None
