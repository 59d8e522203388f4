"""What every channel can do, whatever its platform. The shared contract test runs against each implementation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.messages import Inbound


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One verified callback: the message in it, and what the channel needs again to wrap the reply.

    A callback without a person's message in it has no `inbound`: it takes no turn and gets the empty answer, after
    `notice` was called (quick; a RetryLater of it lets the platform deliver the callback again).
    """

    inbound: Inbound | None
    wrapping: Mapping[str, Any] = field(default_factory=dict)
    notice: Callable[[], None] = lambda: None


@dataclass(frozen=True, kw_only=True)
class Wrapped:
    """The body of an HTTP answer to the platform."""

    body: bytes
    content_type: str


class Channel(Protocol):
    """One account on one platform. What only some can do is told in bot.cards, bot.fetching and bot.files."""

    account: str
    max_bytes: int  # the largest text, in UTF-8 bytes, that one message of this channel may hold

    def challenge(self, query: Mapping[str, str]) -> str:
        """Answer the platform's address check (GET). Raises RefusedInput."""

    def parse(self, query: Mapping[str, str], body: bytes) -> Envelope:
        """Verify, decrypt and parse one callback (POST). Raises RefusedInput for anything else."""

    def wrap(self, envelope: Envelope, text: str | None) -> Wrapped:
        """Wrap one text as the passive reply to `envelope`; None means "received, nothing to say"."""

    def send(self, contact: str, text: str, *, key: str) -> None:
        """Send one text by the platform's API. `key` is stable over retries.

        Raises RetryLater (with the wait), GiveUp (this person or channel will not take it) or ConfigurationFault.
        """

    def fetch_media(self, media_id: str) -> bytes:
        """Return the content of a file that a person sent (`Inbound.media_id`), of at most 25 MB, unchecked.

        Raises RetryLater, GiveUp (the platform has it no more, or it is too large) or ConfigurationFault.
        """
