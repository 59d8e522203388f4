"""What a reminder may use: the person's consent, their window and its quota, the phone number that is known."""

from datetime import datetime

from sqlalchemy import Connection, select

from bot.store import quota
from bot.store.schema import conversations
from care import consents
from care.consents import ConsentKind
from care.policies import by_id
from care.reminders import Reminder
from handlers.reminder_facts import CaseFacts, Facts, PlanningHouse, PolicyFacts
from handlers.reminder_kind import ReminderKind

_KEPT_BACK = 1  # one message is kept for handing over and for what is urgent


def has_consented(connection: Connection, reminder: Reminder, kind: ReminderKind) -> bool:
    """Personal data may be used; a child's too, unless the guardian took that back."""
    standing = consents.standing(connection, reminder.contact_id)
    if ConsentKind.PERSONAL not in standing:
        return False
    if kind.about != "child" or ConsentKind.GUARDIAN in standing:
        return True
    return all(one.kind is not ConsentKind.GUARDIAN for one in consents.history(connection, reminder.contact_id))


def window(
    connection: Connection, reminder: Reminder, kind: ReminderKind, now: datetime, *, windowless: frozenset[str]
) -> datetime | None:
    """Return when the person's window closes, or None where it is closed or has no message left for reminders.

    `windowless`: accounts whose people can always be written to.
    """
    is_unlimited = bool(windowless) and _account_of(connection, reminder) in windowless
    room = quota.room(connection, reminder.conversation_id, is_unlimited=is_unlimited, now=now)
    if room.is_unlimited:
        return now + quota.WINDOW
    return room.until if room.left > (0 if kind.urgent else _KEPT_BACK) else None


def _account_of(connection: Connection, reminder: Reminder) -> str | None:
    found = select(conversations.c.account).where(conversations.c.id == reminder.conversation_id)
    account: str | None = connection.scalar(found)
    return account


def phone_of(connection: Connection, house: PlanningHouse, facts: Facts) -> str:
    """Return where an SMS goes: the number given with the application, else the policyholder's."""
    if isinstance(facts, CaseFacts):
        return str(facts.case.answers.get("phone", ""))
    policy_id = facts.policy.id if isinstance(facts, PolicyFacts) else getattr(facts, "policy_id", None)
    policy = by_id(connection, house.keys, policy_id) if policy_id is not None else None
    return policy.holder_phone if policy else ""
