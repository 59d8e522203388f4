"""Which cases somebody at the console may see: a manager those of their products, and those they were given.

The insurers' people are not each other's: knowing an address opens nothing. Supervisors and auditors see all.
"""

from flask import abort

from care.case_records import Case
from console.office import Office
from console.rights import current_user


def products_seen() -> tuple[str, ...] | None:
    """Return the products whose cases the current user may see; None means all."""
    user = current_user()
    return user.member.products if user.role == "manager" else None


def accounts_seen(office: Office) -> tuple[str, ...] | None:
    """Return the accounts whose conversations the current user may see: those with a product of theirs; None: all."""
    products = products_seen()
    if products is None:
        return None
    return tuple(id for id, account in office.accounts.items() if set(products) & set(account.products))


def open_to_user(office: Office, account: str | None) -> None:
    """End the page with 404 where there is no such conversation, with 403 where its account is not theirs to see."""
    if account is None:
        abort(404)
    seen = accounts_seen(office)
    if seen is not None and account not in seen:
        abort(403)


def may_see(case: Case) -> bool:
    """Whether the current user may see a case."""
    seen = products_seen()
    return seen is None or case.product in seen or case.owner == current_user().name


def seen(case: Case | None) -> Case:
    """Return a case that may be seen; else the page ends with 404 (there is none) or 403."""
    if case is None:
        abort(404)
    if not may_see(case):
        abort(403)
    return case
