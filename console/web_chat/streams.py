"""What waits for a person of the web chat, told to their open page as server-sent events.

It tells states: a stream begins with everything unread, and says each letter's number, so that a page that comes again
names the last one it has, and nothing is lost or shown twice. The mailbox is asked once a second, so that processes
need no word between them.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator

from bot.channels.web_chat import Visitor, WebChatChannel
from bot.clock import Clock
from bot.errors import RetryLater
from bot.web_chat.mailbox import Letter

_LIFE_SECONDS = 120.0  # then the page comes again: tokens are looked at anew, and no seat is held for nobody
_ASKED_EVERY_SECONDS = 1.0
_SIGN_OF_LIFE_SECONDS = 5.0  # a page that went away is noticed by what can't be written: its seat is free soon


class Streams:
    """The open streams of one process, at most one a seat; a stream holds a thread for as long as it is open."""

    def __init__(self, *, seats: int, clock: Clock, every_seconds: float = _ASKED_EVERY_SECONDS) -> None:
        self.seats = threading.BoundedSemaphore(seats) if seats else None
        self._clock = clock
        self._every_seconds = every_seconds
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End all streams at once."""
        self._stopping.set()

    def open(self, channel: WebChatChannel, visitor: Visitor, *, after: int) -> Iterator[bytes] | None:
        """Return a stream's body, or None where all seats are taken."""
        if self.seats is None or self._stopping.is_set() or not self.seats.acquire(blocking=False):
            return None
        life = min(_LIFE_SECONDS, (visitor.until - self._clock()).total_seconds())
        told = self._letters(channel, visitor.contact, after, until=time.monotonic() + life)
        return _Body(told, self.seats.release)

    def _letters(self, channel: WebChatChannel, contact: str, after: int, *, until: float) -> Iterator[bytes]:
        yield b"retry: 1000\n\n"
        quiet_since = time.monotonic()
        while time.monotonic() < until and not self._stopping.is_set():
            try:
                letters = channel.mailbox.unread(contact, after=after)
            except RetryLater:
                return  # the database is away: the page comes again
            for letter in letters:
                after = letter.number
                yield _event(letter)
            if letters:
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > _SIGN_OF_LIFE_SECONDS:
                quiet_since = time.monotonic()
                yield b": still here\n\n"
            self._stopping.wait(self._every_seconds)


class _Body:
    """A stream's body: it gives its seat back when it ends, however it ends."""

    def __init__(self, told: Iterator[bytes], leave: Callable[[], None]) -> None:
        self._told = told
        self._leave: Callable[[], None] | None = leave

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._told)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it; ending twice is no fault."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def __del__(self) -> None:
        self.close()


def _event(letter: Letter) -> bytes:
    told = json.dumps({"text": letter.text}, ensure_ascii=False)
    return f"id: {letter.number}\nevent: message\ndata: {told}\n\n".encode()
