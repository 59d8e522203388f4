"""The other accounts that were joined as one person with the one that a page shows, as plain values."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from bot.store.schema import contacts
from care import joins
from console.office import Office

_GROUNDS = {"platform": "平台认定是同一个人", "code": "客户自己用合并码合并"}


@dataclass(frozen=True, kw_only=True)
class JoinedAccount:
    """Where else the same person writes, on what ground they were joined, and since when."""

    contact_id: int
    account: str
    ground: str
    since: datetime


def joined_accounts(connection: Connection, office: Office, contact_id: int) -> list[JoinedAccount]:
    """Return the other accounts of the person behind a contact; mostly none."""
    joined = joins.joined_with(connection, contact_id)
    if not joined:
        return []
    query = select(contacts.c.id, contacts.c.account).where(contacts.c.id.in_([one.contact_id for one in joined]))
    accounts = {row.id: row.account for row in connection.execute(query)}
    names = account_names(office)
    return [
        JoinedAccount(
            contact_id=one.contact_id,
            account=names.get(accounts[one.contact_id], accounts[one.contact_id]),
            ground=_GROUNDS[one.ground],
            since=one.joined_at,
        )
        for one in joined
    ]


def account_names(office: Office) -> dict[str, str]:
    """Return what the accounts are called."""
    return {id: account.name for id, account in office.accounts.items()}
