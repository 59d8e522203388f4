"""Binds a policy: consent first, then verification."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from care.consents import ConsentKind
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.wording import say


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Begin to bind a policy."""
    return first(scene, why="", then=None, product=_product(scene))


def first(scene: Scene, *, why: str, then: Mapping[str, Any] | None, product: str | None) -> Said:
    """Begin to verify a policy for something else, which waits until it is done."""
    session = replace(scene.session, wanted=then)
    kind = "verify" if scene.customer.has_agreed(ConsentKind.PERSONAL) else "consent"
    task = Task(kind=kind, about={"product": product})
    return Said(text=why, session=session.begin(task), reasons=(f"begins {kind}",))


def _product(scene: Scene) -> str | None:
    named = scene.house.router.products_in(scene.text)
    meant = [product for product in named if product in scene.products] or list(scene.products)
    return meant[0] if len(meant) == 1 else None


def needed(scene: Scene, *, what: str, then: Mapping[str, Any] | None, product: str | None) -> Said:
    """Say that a policy must be verified first, and begin."""
    return first(scene, why=say("consent_needed_for", what=what), then=then, product=product)
