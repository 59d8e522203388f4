"""Who may open which page, who is here, and the trail they leave.

Every route of the console carries `@allowed(...)`. A route without it opens for nobody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import g

from care import audit
from care.staff import ROLES, Member, actor
from console.office import Office

ANYBODY = "anybody"  # no login: the doors themselves
EVERYBODY = ROLES
DESK = ("manager", "supervisor")  # who works on conversations and cases
READERS = ("manager", "supervisor", "auditor")  # who may see them

View = TypeVar("View", bound=Callable[..., Any])


def allowed(*roles: str) -> Callable[[View], View]:
    """Let these roles open a route (ANYBODY: no login needed). Stands right above the view, below the route."""
    unknown = set(roles) - {*ROLES, ANYBODY}
    if unknown or not roles:
        raise ValueError(f"roles: {sorted(unknown)}; use {', '.join(ROLES)} or ANYBODY")

    def marked(view: View) -> View:
        view.allowed_roles = frozenset(roles)  # type: ignore[attr-defined]  # read by the gate
        return view

    return marked


def roles_of(view: Callable[..., Any] | None) -> frozenset[str]:
    """Return who may open a view; nobody where nothing is said."""
    roles: frozenset[str] = getattr(view, "allowed_roles", frozenset())
    return roles


@dataclass(frozen=True, kw_only=True)
class User:
    """Who is logged in. `csrf` is what their forms carry."""

    member: Member
    csrf: str

    @property
    def id(self) -> int:
        """Their number among the staff."""
        return self.member.id

    @property
    def name(self) -> str:
        """Their name."""
        return self.member.name

    @property
    def role(self) -> str:
        """Their role."""
        return self.member.role

    @property
    def actor(self) -> str:
        """How the audit trail calls them."""
        return actor(self.member.name)

    @property
    def may_act(self) -> bool:
        """Whether they work on conversations and cases, rather than only read."""
        return self.role in DESK


def current_user() -> User:
    """Return who is logged in; for views that are allowed to roles there always is somebody."""
    user: User = g.user
    return user


def audited(office: Office, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
    """Write down what the current user reads or does, in a transaction of its own.

    `subject` names a thing ("conversation:7", "case:3"), never a person's words. An act that writes calls
    `audit.append` itself, last in its own transaction, with `current_user().actor` (read before: the writer's thread
    knows no request).
    """
    who, keys, now = current_user().actor, office.store.keys, office.clock()
    office.store.write(
        lambda connection: audit.append(
            connection, keys, actor=who, action=action, subject=subject, now=now, detail=detail
        )
    )
