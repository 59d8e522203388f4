"""Whom a contact of a customer service account stands for: a customer, in one of the account's service points. Pure.

A customer of the account's first `open_kfid` is known by the platform's id alone, of the others by id@open_kfid:
another service point may be added at the end of the list without anybody becoming somebody else.
"""

from bot.channels.envelope import make_safe

_AT = "@"


def contact_of(customer: str, open_kfid: str, open_kfids: tuple[str, ...]) -> str:
    """Return what the machine calls a customer (external_userid) who writes to `open_kfid`."""
    return customer if open_kfid == open_kfids[0] else f"{customer}{_AT}{open_kfid}"


def customer_of(contact: str, open_kfids: tuple[str, ...]) -> tuple[str, str]:
    """Return external_userid and open_kfid of a contact."""
    customer, at, open_kfid = contact.partition(_AT)
    return customer, open_kfid if at else open_kfids[0]


def servicer_of(value: object) -> str:
    """Return a servicer's name (servicer_userid) as it can be stored: at most 64 characters; empty for none."""
    return make_safe(value.encode("utf-8", "replace").decode())[:64] if isinstance(value, str) else ""
