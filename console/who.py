"""How the console names a person: the policyholder's name, masked, where a policy is bound, else a number."""

from sqlalchemy import Connection

from bot.keys import KeyRing, Unreadable
from care import bindings, policies


def who_of(connection: Connection, keys: KeyRing, *, contact_id: int) -> str:
    """Return "演＊甲" or "客户 12"."""
    bound = bindings.of_contact(connection, contact_id)
    try:
        policy = policies.by_id(connection, keys, bound[0].policy_id) if bound else None
    except Unreadable:
        policy = None
    return masked_name(policy.holder_name) if policy is not None else f"客户 {contact_id}"


def masked_name(name: str) -> str:
    """Return a name of which the first and the last character are left: 张＊, 演＊甲."""
    if len(name) < 2:
        return name
    return f"{name[0]}＊" if len(name) == 2 else f"{name[0]}＊{name[-1]}"
