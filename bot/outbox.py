"""Sending: one pass over what is due in the outbox. It commits before it sends and records how the sending ended."""

import random
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot import cards
from bot.cards import ShowsCards
from bot.channel import Channel
from bot.clock import Clock
from bot.errors import ConfigurationFault, GiveUp, RetryLater, WaitForPerson
from bot.files import Attachment, OutgoingFile, SendsFiles
from bot.keys import Unreadable
from bot.retry import RetryPolicy
from bot.sealed_files import SealedFiles
from bot.store import outbox
from bot.store.outbox import Delivery
from bot.store.store import Store

log = structlog.get_logger()

# Longer than a sending with its time-outs; a dead worker's messages leave this much later. A sending that takes longer
# still is noticed: its claim is gone, and its end is not recorded over the next one's.
LEASE = timedelta(seconds=30)
_LEASE_OF_FILES = timedelta(minutes=5)  # longer than 20 MB take on a slow line
_AT_ONCE = 8  # few, so that the last one claimed is sent well within its lease


class Outbox:
    """Claims what is due, sends it through its channel, records the end. Any number may work on one database."""

    def __init__(
        self,
        *,
        store: Store,
        channels: Mapping[str, Channel],
        clock: Clock,
        policy: RetryPolicy,
        chance: random.Random,
        lease: timedelta = LEASE,
        files: SealedFiles | None = None,
    ) -> None:
        """`files` is where the content of files lies that are sent."""
        self._files = files
        self._store = store
        self._channels = channels
        self._clock = clock
        self._policy = policy
        self._chance = chance
        self._lease = lease

    def claim(self, limit: int) -> list[Delivery]:
        """Take up to `limit` messages that are due, at most one of a conversation. Raises RetryLater."""
        with self._store.reading() as connection:
            if not outbox.has_next(connection, now=self._clock()):
                return []
        try:
            return self._store.write(
                lambda connection: outbox.claim(
                    connection,
                    self._store.keys,
                    now=self._clock(),
                    lease=self._lease,
                    limit=limit,
                    claim_token=secrets.token_hex(16),
                )
            )
        except IntegrityError:
            return []  # another worker took a message of the same conversation in the same instant

    def deliver(self, delivery: Delivery) -> None:
        """Send a claimed message, or drop it if its conversation changed hands or its time is over; record the end."""
        with self._store.reading() as connection:
            is_wanted = not delivery.has_changed_hands and outbox.is_still_wanted(
                connection, delivery, now=self._clock()
            )
        if not is_wanted:
            self._settle(delivery, "dropped", "the conversation changed hands, or it is of no use any more")
            return
        try:
            self._send(delivery)
        except WaitForPerson as error:
            due_at = min(self._clock() + timedelta(seconds=error.wait_seconds or 0), error.until)
            self._record(delivery, _postponing(delivery, due_at, _reason(error), attempts=1))
        except RetryLater as error:
            self._try_again(delivery, error, asked_seconds=error.wait_seconds)
        except GiveUp as error:
            self._settle(delivery, "dead", _reason(error))
        except ConfigurationFault as error:
            # Somebody is going to mend it, and then the message is still wanted: the longest wait, and a loud line.
            log.error("delivery needs configuration", delivery=delivery.id, account=delivery.account)
            self._try_again(delivery, error, asked_seconds=self._policy.cap_seconds)
        except Exception as error:
            log.error("delivery failed", delivery=delivery.id, account=delivery.account, exc_info=error)
            self._try_again(delivery, error, asked_seconds=None)
        else:
            self._settle(delivery, "sent", None)

    def deliver_due(self) -> int:
        """Send everything that is due now, one after another; return how many messages were tried."""
        tried = 0
        while claimed := self.claim(_AT_ONCE):
            for delivery in claimed:
                self.deliver(delivery)
            tried += len(claimed)
        return tried

    def seconds_until_due(self) -> float | None:
        """Return how long it is until something may be due, or None when nothing waits. Raises RetryLater."""
        with self._store.reading() as connection:
            due_at = outbox.next_due_at(connection)
        return None if due_at is None else max(0.0, (due_at - self._clock()).total_seconds())

    def release_expired(self) -> int:
        """Free what died with its worker; return how many rows. Raises RetryLater."""
        now = self._clock()
        with self._store.reading() as connection:
            if not outbox.has_expired(connection, now=now):
                return 0
        released = self._store.write(
            lambda connection: outbox.release_expired(connection, now=now, tries=self._policy.tries)
        )
        log.warning("deliveries released", count=released)
        return released

    def _send(self, delivery: Delivery) -> None:
        channel = self._channel(delivery)
        if delivery.attachment is not None and not delivery.attachment.as_link:
            self._send_file(channel, delivery, delivery.attachment)
        elif delivery.kind == outbox.CARD and isinstance(channel, ShowsCards):
            channel.send_card(delivery.contact, cards.read(delivery.text), key=delivery.key)
        else:
            channel.send(delivery.contact, delivery.text, key=delivery.key)

    def _send_file(self, channel: Channel, delivery: Delivery, attachment: Attachment) -> None:
        if not isinstance(channel, SendsFiles):
            raise GiveUp("this channel carries no files")
        if self._files is None:
            raise ConfigurationFault("this process has no folder of files")
        try:
            content = self._files.read(attachment.file)
        except Unreadable as error:
            raise GiveUp("the file is not here any more") from error
        until = self._clock() + _LEASE_OF_FILES
        if not self._store.write(lambda connection: outbox.lengthen(connection, delivery, lease_until=until)):
            raise RetryLater("somebody else sends it")
        file = OutgoingFile(name=attachment.name, media_type=attachment.media_type, content=content)
        channel.send_file(delivery.contact, file, key=delivery.key)

    def _channel(self, delivery: Delivery) -> Channel:
        if delivery.account not in self._channels:
            raise ConfigurationFault(f"account {delivery.account}: not configured; add it to the TOML file")
        return self._channels[delivery.account]

    def _try_again(self, delivery: Delivery, error: Exception, *, asked_seconds: float | None) -> None:
        could_begin = error.since if isinstance(error, RetryLater) else None
        due_at = self._policy.next_try(
            attempts=delivery.attempts,
            since=max(delivery.created_at, could_begin or delivery.created_at),
            now=self._clock(),
            chance=self._chance,
            asked_seconds=asked_seconds,
        )
        if due_at is None:
            self._settle(delivery, "dead", f"tried {delivery.attempts} times: {_reason(error)}")
        else:
            self._record(delivery, _postponing(delivery, due_at, _reason(error)))

    def _settle(self, delivery: Delivery, state: str, error: str | None) -> None:
        if state == "dead":
            log.error("dead letter", delivery=delivery.id, account=delivery.account, attempts=delivery.attempts)
        now = self._clock()
        self._record(
            delivery,
            lambda connection: outbox.settle(
                connection, delivery.id, delivery.claim_token, state=state, now=now, error=error
            ),
        )

    def _record(self, delivery: Delivery, work: Callable[[Connection], bool]) -> None:
        if not self._store.write(work):
            log.warning("delivery lease lost", delivery=delivery.id)


def _postponing(
    delivery: Delivery, due_at: datetime, reason: str, *, attempts: int | None = None
) -> Callable[[Connection], bool]:
    return lambda connection: outbox.postpone(
        connection, delivery.id, delivery.claim_token, due_at=due_at, error=reason, attempts=attempts
    )


def _reason(error: Exception) -> str:
    # Our own errors carry reasons made for logs; a foreign one may quote what was sent, so only its kind is kept.
    ours = isinstance(error, RetryLater | GiveUp | ConfigurationFault)
    return f"{type(error).__name__}: {error}" if ours else type(error).__name__
