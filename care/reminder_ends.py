"""How reminders that were handed on end: by the outbox, by a platform's later report, or by no bad news for an hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, or_, select, update

from bot.store.prepared import Prepared
from bot.store.schema import conversations, delivery_reports, outbox
from care.reminders import Reminder, held
from care.tables import reminders

_TELLS_LATER = timedelta(hours=1)  # a notice of which nothing bad was heard by then arrived; later news still counts
_AT_ONCE = 500
_HANDED: Any = literal_column("'handed'")


@dataclass(frozen=True, kw_only=True)
class End:
    """How one ended. `reason` None: it arrived. `report`: the (account, provider id) of the report that told it.

    `is_common`: it failed, and not by this one person's will, so that it may fail for everybody.
    """

    id: int
    way: str
    reason: str | None
    is_common: bool = False
    report: tuple[str, str] | None = None


def hand_on(
    connection: Connection, reminder: Reminder, way: str, *, provider_id: str | None = None, now: datetime
) -> bool:
    """Note that a reminder is on its way since now, its end told later; False when the claim was lost.

    `way`: message (`provider_id` is the outbox's key) | template | notice (the platform's number) | sms.
    """
    values = {"state": "handed", "way": way, "provider_id": provider_id, "tries": reminder.tries + 1, "settled_at": now}
    free = {"claim_token": None, "lease_until": None}
    return connection.execute(update(reminders).where(*held(reminder)).values(**values, **free)).rowcount == 1


def ended(connection: Connection, *, now: datetime) -> list[End]:
    """Return some of those whose end is known by now. Reads only."""
    unheard, long_ago = _UNHEARD.limit(_AT_ONCE), {"long_ago": now - _TELLS_LATER}
    return [
        *(_by_outbox(row) for row in connection.execute(_OUTBOX.limit(_AT_ONCE))),
        *(_by_report(row) for row in connection.execute(_REPORTED.limit(_AT_ONCE))),
        *(End(id=row.id, way=row.way, reason=None) for row in connection.execute(unheard, long_ago)),
    ]


_OUTBOX = (
    select(reminders.c.id, outbox.c.state, outbox.c.error)
    .join(outbox, outbox.c.idempotency_key == reminders.c.provider_id)
    .where(reminders.c.state == _HANDED, reminders.c.way == "message")
    .where(or_(*(outbox.c.state == state for state in ("sent", "dead", "dropped"))))
)
# Also of what counted as sent: a platform may take more than an hour to notice.
_REPORTED = (
    select(reminders.c.id, reminders.c.way, delivery_reports)
    .select_from(delivery_reports)
    .join(reminders, reminders.c.provider_id == delivery_reports.c.provider_id)
    .join(conversations, conversations.c.id == reminders.c.conversation_id)
    .where(or_(reminders.c.state == _HANDED, reminders.c.state == "sent"))
    .where(conversations.c.account == delivery_reports.c.account)
)


_UNHEARD = select(reminders.c.id, reminders.c.way).where(
    reminders.c.state == _HANDED,
    reminders.c.way != "message",
    reminders.c.settled_at <= bindparam("long_ago", type_=reminders.c.settled_at.type),
)


def _one_of(query: Any) -> Prepared:
    return Prepared(lambda _: query.limit(1))


# Asked every few seconds.
_ANY = (_one_of(_OUTBOX), _one_of(_REPORTED), _one_of(_UNHEARD))


def has_ended(connection: Connection, *, now: datetime) -> bool:
    """Whether `ended` would return something."""
    return any(query.rows(connection, {"long_ago": now - _TELLS_LATER}) for query in _ANY)


def _by_outbox(row: Any) -> End:
    # The outbox says so when it tried again and again; what it gave up at once this person would not take.
    is_common = row.state == "dead" and (row.error or "").startswith("tried")
    return End(id=row.id, way="message", reason=None if row.state == "sent" else row.state, is_common=is_common)


def _by_report(row: Any) -> End:
    is_common = (
        row.reason is not None and "user" not in row.reason
    )  # "failed:user block" against "failed: system failed"
    return End(id=row.id, way=row.way, reason=row.reason, is_common=is_common, report=(row.account, row.provider_id))


def arrived(connection: Connection, ids: Sequence[int], *, now: datetime) -> int:
    """End reminders that were handed on and delivered."""
    wanted = (reminders.c.id.in_(ids), reminders.c.state == "handed")
    return connection.execute(update(reminders).where(*wanted).values(state="sent", settled_at=now)).rowcount


def fell_through(connection: Connection, id: int, *, due_at: datetime, rung: int, reason: str) -> bool:
    """Let a reminder that was handed on and not delivered be due again, on a rung."""
    back = {"state": "planned", "due_at": due_at, "rung": rung, "reason": reason[:80], "provider_id": None}
    wanted = (reminders.c.id == id, reminders.c.state.in_(("handed", "sent")))
    return connection.execute(update(reminders).where(*wanted).values(back)).rowcount == 1
