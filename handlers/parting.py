"""A manager takes two accounts apart that were joined as one person, and both are told."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from bot.keys import Unreadable
from bot.store import outbox
from bot.store.people import conversation_of
from bot.store.schema import contacts
from care import joins
from handlers.case_work import Refused
from handlers.channels import Channels
from handlers.person_care import PersonWorker
from handlers.replanning import replan_person
from handlers.wording import say


def part(
    connection: Connection,
    worker: PersonWorker,
    contact_id: int,
    other: int,
    *,
    names: Mapping[str, str],
    now: datetime,
) -> None:
    """Take the contact `other` out of the person behind `contact_id`. `names`: account → its name. Raises Refused."""
    if other not in joins.others_of(connection, contact_id):
        raise Refused("这两个账号已经不在一起了。")
    left = joins.separate(connection, worker.keys, other, now=now, by=worker.actor)
    channels = Channels(names=names)
    for one in (other, *left):
        replan_person(connection, worker, one, now=now)
        elsewhere = left if one == other else (other,)
        query = select(contacts.c.account).where(contacts.c.id.in_(elsewhere)).order_by(contacts.c.id)
        _tell(connection, worker, one, channels.named(connection.scalars(query)), now)


def _tell(connection: Connection, worker: PersonWorker, contact_id: int, where: str, now: datetime) -> None:
    """Tell of it in the account itself: nobody is taken apart behind their back."""
    conversation = conversation_of(connection, contact_id)
    if conversation is None:
        return
    text, key = say("separated", where=where), f"part-{contact_id}-{now:%Y%m%d%H%M%S%f}"
    try:
        outbox.add(connection, worker.keys, conversation_id=conversation, kind="notice", text=text, key=key, now=now)
    except Unreadable:
        return  # deleted meanwhile
