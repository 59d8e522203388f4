"""Offers to do what a handbook answer was about: after how a service is applied for, to apply for it here."""

from collections.abc import Sequence
from dataclasses import replace

from bot.messages import Outcome, Reply, Understanding
from care.consents import ConsentKind
from handlers.child_scene import children_of
from handlers.child_words import tell
from handlers.outcomes import followed
from handlers.scene import Scene
from handlers.session import Session
from handlers.wording import say

_APPLYING = "apply"
_REMINDING = "family-doctor"
_OF_POLICY = frozenset({"uses", "eligible", "waiting"})


def offered(scene: Scene, outcome: Outcome) -> str | None:
    """Return the service (product/service) that may be applied for after this answer."""
    understood = outcome.understanding
    if understood is None or understood.decision != "answer" or not understood.product or not understood.service:
        return scene.session.offered
    found = scene.flow(understood.product, understood.service)
    return f"{understood.product}/{understood.service}" if found else scene.session.offered


def binding(scene: Scene, outcome: Outcome, requests: Sequence[str]) -> Outcome:
    """Return a general answer with the offer to look into the person's own policy, or to apply, if that was meant.

    Where the handbooks have no answer the offer is the answer: 我还能用几次 hangs on whose policy it is.
    """
    understood = outcome.understanding
    if understood is None or not outcome.replies:
        return outcome
    is_answer = understood.decision == "answer"
    if is_answer and _is_of_reminders(understood) and not _is_recorded(scene):
        return followed(outcome, tell("offer"), gap="\n")
    if scene.customer.policies:
        return outcome
    asks_own = bool(_OF_POLICY & set(requests))
    if asks_own and understood.decision == "abstain":
        return replace(outcome, replies=(Reply(text=say("own_policy")),))
    offers_applying = _APPLYING in requests and (outcome.state or {}).get("offered")
    if is_answer and offers_applying and say("apply_offer") not in outcome.replies[0].text:
        return followed(outcome, say("apply_offer"), gap="\n")
    may_offer = is_answer or understood.attribute == "which_product"
    return followed(outcome, say("bind_offer"), gap="\n") if asks_own and may_offer else outcome


def _is_of_reminders(understood: Understanding) -> bool:
    return understood.service == _REMINDING and "reminder" in (understood.attribute or "")


def _is_recorded(scene: Scene) -> bool:
    return scene.customer.has_agreed(ConsentKind.GUARDIAN) and bool(children_of(scene))


def offering(outcome: Outcome, session: Session) -> Outcome:
    """Return an answer with the offer, where it tells how a service is applied for and nothing is under way."""
    understood = outcome.understanding
    is_how = (
        understood is not None and understood.decision == "answer" and (understood.attribute or "").startswith("apply")
    )
    if not is_how or not session.offered or not outcome.replies or session.tasks:
        return outcome
    return followed(outcome, say("apply_offer"), gap="\n")
