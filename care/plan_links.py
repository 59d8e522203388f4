"""The link to a child's vaccination plan: signed, for some days, for one person and one child; nothing is stored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Connection

from bot.keys import KeyRing
from care import children
from care.child import Child

VALID_FOR = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """A child that may be shown until `expires_at`."""

    child: Child
    expires_at: datetime


def plan_link(keys: KeyRing, public_url: str, *, child_id: int, contact_id: int, now: datetime) -> str:
    """Return the address of a child's plan for one of its guardians; who has the link can read it for a week."""
    told = [child_id, contact_id, int((now + VALID_FOR).timestamp())]
    return f"{public_url}/plans/{_serializer(keys).dumps(told)}"


def find(connection: Connection, keys: KeyRing, token: str, *, now: datetime) -> PlanView | None:
    """Return what a link shows; None for a wrong signature, after a week, or when its person no longer looks after the
    child."""
    try:
        child_id, contact_id, ends = _serializer(keys).loads(token)
        expires_at = datetime.fromtimestamp(ends, UTC)
    except (BadData, TypeError, ValueError, OverflowError, OSError):
        return None
    if now >= expires_at or not children.is_of_contact(connection, child_id, contact_id):
        return None
    child = children.child_with_id(connection, keys, child_id)
    return PlanView(child=child, expires_at=expires_at) if child else None


def _serializer(keys: KeyRing) -> URLSafeSerializer:
    return URLSafeSerializer(keys.blind_index("plan links", "signature"), salt="plan")
