"""People and policies that tests of care stand on: made by hand, with nothing true in them."""

from datetime import date, datetime

from sqlalchemy import Connection, insert, select

from bot.keys import KeyRing
from bot.store.people import introduce
from bot.store.schema import contacts, conversations
from care.tables import cases, policies


def contact(connection: Connection, keys: KeyRing, name: str, now: datetime) -> int:
    """Introduce a person and return their number."""
    introduce(connection, keys, account="demo", platform_id=name, now=now)
    index = keys.blind_index("demo", name)
    return int(connection.scalar(select(contacts.c.id).where(contacts.c.blind_index == index)) or 0)


def policy(connection: Connection, keys: KeyRing, number: str, now: datetime) -> int:
    """Write a bare policy row and return its number."""
    index = keys.blind_index("policy number", number)
    row = connection.execute(
        insert(policies)
        .values(
            number_index=index,
            product="zhenai-wuxian-2023",
            plan="standard",
            status="active",
            effective_on=date(2026, 1, 1),
            expires_on=date(2026, 12, 31),
            holder_id_index=keys.blind_index("identity number", number),
            sealed=b"",
            imported_at=now,
        )
        .returning(policies.c.id)
    )
    return int(row.scalar_one())


def case(connection: Connection, contact_id: int, policy_id: int, number: str, now: datetime) -> int:
    """Write a bare case row and return its id."""
    conversation = select(conversations.c.id).where(conversations.c.contact_id == contact_id).scalar_subquery()
    row = connection.execute(
        insert(cases)
        .values(
            number=number,
            contact_id=contact_id,
            conversation_id=conversation,
            policy_id=policy_id,
            product="zhenai-wuxian-2023",
            service="inpatient-advance",
            flow_version=1,
            step="submitted",
            is_open=True,
            version=1,
            opened_at=now,
            changed_at=now,
            answers=b"",
            request_key=number,
        )
        .returning(cases.c.id)
    )
    return int(row.scalar_one())
