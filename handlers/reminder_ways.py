"""The ways to reach somebody outside the outbox: the account's notices (template or subscription messages), and SMS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection

from bot.errors import AssistantError, ConfigurationFault
from bot.sms import SmsSender
from bot.store.people import Person
from care import subscriptions
from care.reminders import Reminder
from handlers.reminder_kind import MOST_CHARACTERS, ReminderKind, Words, kind_title

NOTICES = {"template": "templates", "notice": "notices"}  # way → how a round counts it
_NO_CONSENT = (43101, 43107)  # it counts consents too, and knows better


class TemplateSender(Protocol):
    """What a channel's API can do beside plain messages."""

    def send_template(self, contact: str, template_id: str, fields: Mapping[str, str], *, key: str) -> str:
        """Send a template message, return its number. Raises RetryLater, GiveUp, ConfigurationFault."""

    def send_subscribed(self, contact: str, template_id: str, fields: Mapping[str, str]) -> str:
        """Send a subscription message, return its number or "". Raises as `send_template` does."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """An account's template of a kind. `fields`: the template's own field → kind, or what the kind `tells`.

    `subscribed`: it is sent only to who agreed to it, once for each time they did.
    """

    id: str
    fields: Mapping[str, str]
    subscribed: bool = False


@dataclass(frozen=True, kw_only=True)
class External:
    """A claimed reminder that is to be sent outside the database. `way`: template | notice | sms."""

    reminder: Reminder
    way: str
    words: Words
    person: Person
    template: Template | None = None
    phone: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Ways:
    """`templates`: account → kind → template; `senders`: account → its API; `windowless`: accounts whose people can
    always be written to (members of a corporation, in WeCom)."""

    templates: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)
    senders: Mapping[str, TemplateSender] = field(default_factory=dict)
    sms: SmsSender | None = None
    windowless: frozenset[str] = frozenset()

    def notice(self, connection: Connection, person: Person, reminder: Reminder, words: Words) -> External | None:
        """Return the notice of a reminder, or None where the account has none for its kind, or the person has not
        agreed to another one."""
        template = self.templates.get(person.account, {}).get(reminder.kind)
        if template is None or person.account not in self.senders:
            return None
        if template.subscribed and not subscriptions.left(connection, person.contact_id, template.id):
            return None
        way = "notice" if template.subscribed else "template"
        return External(reminder=reminder, way=way, words=words, person=person, template=template)

    def send(self, one: External) -> str | None:
        """Send it; returns the platform's number of it. Raises RetryLater, GiveUp, ConfigurationFault."""
        template, to = one.template, one.person.platform_id
        if template is None:
            if self.sms is not None:
                self.sms.send(one.phone, one.words.text, key=one.reminder.way_key)
            return None
        told = {"kind": kind_title(one.reminder.kind), **one.words.fields}
        fields = {name: cut(told.get(source, "")) for name, source in template.fields.items()}
        sender = self.senders[one.person.account]
        if template.subscribed:
            return sender.send_subscribed(to, template.id, fields) or None
        return sender.send_template(to, template.id, fields, key=one.reminder.way_key)

    def spent(self, connection: Connection, one: External) -> None:
        """Take note that one was sent: it uses up a consent to subscription messages."""
        if one.template is not None and one.template.subscribed:
            subscriptions.spend(connection, one.person.contact_id, one.template.id)

    def refused(self, connection: Connection, one: External, fault: AssistantError) -> None:
        """Take note that the platform will not take one: it may know of a consent taken back."""
        if one.template is not None and one.template.subscribed and fault.code in _NO_CONSENT:
            subscriptions.end(connection, one.person.contact_id, one.template.id)


def check(templates: Mapping[str, Mapping[str, str]], kinds: Mapping[str, ReminderKind]) -> None:
    """Raise ConfigurationFault for a template (kind → its fields) of no kind, or one that shows what its kind lacks."""
    unknown = sorted(set(templates) - set(kinds))
    if unknown:
        raise ConfigurationFault(
            f"accounts: templates: {', '.join(unknown)}: no kind of reminder; use {', '.join(kinds)}"
        )
    for kind, fields in templates.items():
        told = {"kind", *kinds[kind].tells}
        untold = ", ".join(sorted(set(fields.values()) - told))
        if untold:
            use = ", ".join(sorted(told))
            raise ConfigurationFault(f"accounts: templates: {kind}: fields: {untold}: not told by it; use {use}")


def cut(value: str) -> str:
    """Return a value as a template field takes it: one line of at most 20 characters."""
    line = " ".join(value.split())
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"
