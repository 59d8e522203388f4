"""How many subscription messages of a template a person has still agreed to: one consent, one message."""

from sqlalchemy import ColumnElement, Connection, select, update

from bot.store.people import insert_unless_there
from care.tables import subscriptions

_MOST = 1000  # more is no person's wish


def grant(connection: Connection, contact_id: int, template: str, *, messages: int = 1) -> None:
    """Count one more consent."""
    table = subscriptions
    row = {"contact_id": contact_id, "template": template, "messages_left": 0}
    connection.execute(insert_unless_there(connection.dialect, table).values(row))
    more = update(table).where(*_of(contact_id, template), table.c.messages_left <= _MOST)
    connection.execute(more.values(messages_left=table.c.messages_left + messages))


def left(connection: Connection, contact_id: int, template: str) -> int:
    """Return how many messages of a template a person would still take."""
    return connection.scalar(select(subscriptions.c.messages_left).where(*_of(contact_id, template))) or 0


def spend(connection: Connection, contact_id: int, template: str) -> bool:
    """Use one consent up; False when none was left."""
    table = subscriptions
    using = update(table).where(*_of(contact_id, template), table.c.messages_left > 0)
    return connection.execute(using.values(messages_left=table.c.messages_left - 1)).rowcount == 1


def end(connection: Connection, contact_id: int, template: str) -> None:
    """Take note that a person takes no more messages of a template."""
    connection.execute(update(subscriptions).where(*_of(contact_id, template)).values(messages_left=0))


def _of(contact_id: int, template: str) -> tuple[ColumnElement[bool], ...]:
    return (subscriptions.c.contact_id == contact_id, subscriptions.c.template == template)
