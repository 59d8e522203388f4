"""Channels whose platform announces messages and lets them be fetched, and which knows who may speak."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection

from bot.channel import Channel
from bot.messages import Conversation, Inbound


class Begun(Protocol):
    """A turn that was begun."""

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether it came in time."""


Begin = Callable[[Inbound], Begun]
# A servicer has taken a session in the platform's own app: (connection, conversation, servicer, time).
Taken = Callable[[Connection, int, str, datetime], None]
# A servicer's session is over: (connection, conversation, whether the platform takes one more message, time).
Ended = Callable[[Connection, int, bool, datetime], None]


@runtime_checkable
class Fetching(Protocol):
    """What such a channel does beside what every channel does."""

    def start(self, *, begin: Begin, wake_outbox: Callable[[], None]) -> None:
        """Begin to fetch, with what came while nobody did; `begin` starts the turn of a stored message."""

    def stop(self, *, within_seconds: float) -> None:
        """Fetch nothing more."""

    def may_speak(self, conversation_id: int) -> bool:
        """Whether the platform lets the bot speak in a conversation now."""

    def listen(self, *, taken: Taken, ended: Ended) -> None:
        """Have others do what they do in the transactions in which people take sessions, and end them."""


def fetching(channels: Mapping[str, Channel]) -> Mapping[str, Fetching]:
    """Return those of the channels that fetch, by account."""
    return {account: channel for account, channel in channels.items() if isinstance(channel, Fetching)}


def may_speak(channels: Mapping[str, Fetching], conversation: Conversation) -> bool:
    """Whether the bot may speak in a conversation, as far as its platform is concerned."""
    channel = channels.get(conversation.account)
    return channel is None or conversation.id == 0 or channel.may_speak(conversation.id)
