"""How fast messages may follow each other to one person, where the platform silently drops what comes faster."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from bot.clock import Clock, system_clock
from bot.store.schema import contacts, conversations, outbox
from bot.store.store import Store

# WeCom delivers 30 a minute and 1,000 an hour to a member. Two less: a message whose answer was lost may have arrived,
# and WeCom's minutes are not ours.
_LIMITS = ((timedelta(minutes=1), 28), (timedelta(hours=1), 998))


class MemberPace:
    """Counts what left through the outbox. At most one delivery of a conversation is under way, so it is exact."""

    def __init__(self, store: Store, *, clock: Clock = system_clock) -> None:
        self._store = store
        self._clock = clock

    def wait_seconds(self, account: str, contact: str) -> float:
        """Return how long the next message to this person has to wait; 0 when it need not. Raises RetryLater."""
        now = self._clock()
        index = self._store.keys.blind_index(account, contact)
        with self._store.reading() as connection:
            free_at = [_free_at(connection, account, index, limit=limit, now=now) for limit in _LIMITS]
        return max(0.0, *((at - now).total_seconds() for at in free_at))


def _free_at(
    connection: Connection, account: str, index: bytes, *, limit: tuple[timedelta, int], now: datetime
) -> datetime:
    """Return when the limit lets the next message pass: once the oldest of the last `count` has left its window."""
    window, count = limit
    query = (
        select(outbox.c.settled_at)
        .join(conversations, conversations.c.id == outbox.c.conversation_id)
        .join(contacts, contacts.c.id == conversations.c.contact_id)
        .where(contacts.c.account == account, contacts.c.blind_index == index)
        .where(outbox.c.state == "sent", outbox.c.settled_at > now - window, outbox.c.settled_at <= now)
        .order_by(outbox.c.settled_at.desc())
        .offset(count - 1)
        .limit(1)
    )
    oldest: datetime | None = connection.scalar(query)
    return now if oldest is None else oldest + window
