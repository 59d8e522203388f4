"""From what a request or a task says to the turn's outcome; and what is said before or after an outcome's words."""

from dataclasses import replace

from bot.messages import Outcome, Reply, Understanding
from handlers.scene import Said, Scene


def outcome_of(scene: Scene, said: Said, *, request: str | None = None) -> Outcome:
    """Return the outcome of something said beside the handbooks; `request` names what was asked to be done."""
    task = said.session.task
    return Outcome(
        replies=(Reply(text=said.text, citations=said.citations),),
        state=said.session.to_state(),
        hand_over=said.hand_over,
        effects=said.effects,
        understanding=Understanding(
            decision="dialog",
            product=task.about.get("product") if task else said.session.context.product,
            service=task.about.get("service") if task else None,
            attribute=request or (task.kind if task else None),
            reasons=said.reasons,
            next_move="moved_on",
        ),
    )


def preceded(outcome: Outcome, words: str) -> Outcome:
    """Return an outcome with words before its first reply; one without replies gets them as its reply."""
    first, *others = outcome.replies or (Reply(text=""),)
    text = f"{words}\n\n{first.text}" if first.text else words
    return replace(outcome, replies=(replace(first, text=text), *others))


def followed(outcome: Outcome, words: str, *, gap: str = "\n\n") -> Outcome:
    """Return an outcome with words after its first reply; one without replies stays silent."""
    if not outcome.replies:
        return outcome
    first, *others = outcome.replies
    return replace(outcome, replies=(replace(first, text=f"{first.text}{gap}{words}"), *others))
