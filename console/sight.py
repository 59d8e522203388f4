"""Which cases somebody at the console may see: a manager those of their products, and those they were given.

The insurers' people are not each other's: knowing an address opens nothing. Supervisors and auditors see all.
"""

from flask import abort

from care.case_records import Case
from console.rights import current_user


def products_seen() -> tuple[str, ...] | None:
    """Return the products whose cases the current user may see; None means all."""
    user = current_user()
    return user.member.products if user.role == "manager" else None


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
