"""Offers to do what a handbook answer was about: after how a service is applied for, to apply for it here."""

from dataclasses import replace

from bot.messages import Outcome
from handlers.scene import Scene
from handlers.session import Session
from handlers.wording import say


def offered(scene: Scene, outcome: Outcome) -> str | None:
    """Return the service (product/service) that may be applied for after this answer."""
    understood = outcome.understanding
    if understood is None or understood.decision != "answer" or not understood.product or not understood.service:
        return scene.session.offered
    found = scene.flow(understood.product, understood.service)
    return f"{understood.product}/{understood.service}" if found else scene.session.offered


def offering(outcome: Outcome, session: Session) -> Outcome:
    """Return an answer with the offer, where it tells how a service is applied for and nothing is under way."""
    understood = outcome.understanding
    is_how = (
        understood is not None and understood.decision == "answer" and (understood.attribute or "").startswith("apply")
    )
    if not is_how or not session.offered or not outcome.replies or session.tasks:
        return outcome
    first, *others = outcome.replies
    return replace(outcome, replies=(replace(first, text=f"{first.text}\n{say('apply_offer')}"), *others))
