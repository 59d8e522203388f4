"""From ranked topics to a decision: one answer, two that belong together, numbered choices, or nothing."""

from dataclasses import dataclass

from intents.match import Choice
from intents.ranking import Ranked
from intents.terrain import Topic

_MOST_CHOICES = 3
_PAIR_CHARACTERS = 215  # two facts and their clauses still fit one answer of 300 characters


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where an answer stops being sure. Scores are Ranking's; set on training phrasings, never on frozen ones."""

    answer: float = 0.9
    ask: float = 0.5
    lead: float = 0.8  # a lead by which the first topic is told alone
    margin: float = 0.1  # a lead below which topics of different services are asked back


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """Either topics to answer, or choices to offer, or neither."""

    topics: tuple[Topic, ...] = ()
    choices: tuple[Choice, ...] = ()
    reason: str = ""


def resolve(ranked: list[Ranked], limits: Limits) -> Resolution:
    """Answer when one topic leads with a margin; tell two near ones of the same service together; else ask."""
    if not ranked or ranked[0].score < limits.ask:
        return Resolution(reason="nothing near enough")
    best = ranked[0]
    if best.score < limits.answer:
        return Resolution(choices=_choices(ranked), reason=f"best {best.topic.id} is weak ({best.score:.2f})")
    if len(ranked) < 2 or _lead(ranked) >= limits.lead:
        return Resolution(topics=(best.topic,), reason=f"best {best.topic.id} {best.score:.2f}")
    second = ranked[1].topic
    if second.family == best.topic.family:
        pair = (best.topic, second) if _fit_together(best.topic, second) else (best.topic,)
        return Resolution(topics=pair, reason=f"{best.topic.id} and {second.id} are near, of one service")
    if _lead(ranked) >= limits.margin:
        return Resolution(topics=(best.topic,), reason=f"best {best.topic.id}, before {second.id}")
    return Resolution(choices=_choices(ranked), reason=f"{best.topic.id} and {second.id} are as likely")


def _lead(ranked: list[Ranked]) -> float:
    return ranked[0].score - ranked[1].score if len(ranked) > 1 else ranked[0].score


def _fit_together(first: Topic, second: Topic) -> bool:
    return first.say != second.say and len(first.say) + len(second.say) <= _PAIR_CHARACTERS


def _choices(ranked: list[Ranked]) -> tuple[Choice, ...]:
    """Offer each title once; two topics of the same title say nearly the same."""
    labels: dict[str, str] = {}
    for item in ranked:
        labels.setdefault(item.topic.ask, item.topic.id)
    return tuple(Choice(label=label, topic=topic) for label, topic in list(labels.items())[:_MOST_CHOICES])
