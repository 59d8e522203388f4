"""The ways to reach somebody outside the outbox: template messages of the account, and SMS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from bot.sms import SmsSender
from bot.store.people import Person
from care.reminders import Reminder
from handlers.reminder_kind import Words, kind_title

_MOST_CHARACTERS = 20  # the platform's limit of a template field
TEMPLATE, SMS = 1, 2


class TemplateSender(Protocol):
    """What a channel's API can do beside plain messages."""

    def send_template(self, contact: str, template_id: str, fields: Mapping[str, str], *, key: str) -> str:
        """Send a template message, return its number. Raises RetryLater, GiveUp, ConfigurationFault."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """An account's template of a kind. `fields`: the template's own field → title | day | kind."""

    id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class External:
    """A claimed reminder that is to be sent outside the database."""

    reminder: Reminder
    rung: int
    words: Words
    person: Person
    template: Template | None = None
    phone: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Ways:
    """`templates`: account → kind → template; `senders`: account → its API."""

    templates: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)
    senders: Mapping[str, TemplateSender] = field(default_factory=dict)
    sms: SmsSender | None = None

    def template(
        self, connection: Connection, person: Person, reminder: Reminder, words: Words, *, now: datetime
    ) -> External | None:
        """Return the template message of a reminder, or None where the account has none for its kind."""
        template = self.templates.get(person.account, {}).get(reminder.kind)
        if template is None or person.account not in self.senders:
            return None
        return External(reminder=reminder, rung=TEMPLATE, words=words, person=person, template=template)

    def send(self, one: External) -> str | None:
        """Send it; returns the platform's number of it. Raises RetryLater, GiveUp, ConfigurationFault."""
        key = f"reminder-{one.reminder.id}"
        if one.template is not None:
            told = {"kind": kind_title(one.reminder.kind), **one.words.fields}
            fields = {name: cut(told.get(source, "")) for name, source in one.template.fields.items()}
            return self.senders[one.person.account].send_template(
                one.person.platform_id, one.template.id, fields, key=key
            )
        if self.sms is not None:
            self.sms.send(one.phone, one.words.text, key=key)
        return None


def cut(value: str) -> str:
    """Return a value as a template field takes it: one line of at most 20 characters."""
    line = " ".join(value.split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}…"
