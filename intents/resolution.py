"""From ranked topics to a decision: one answer, a few that belong together, numbered choices, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from intents.match import Choice
from intents.ranking import Ranked
from intents.terrain import Topic

_MOST_CHOICES = 3
_MOST_TOGETHER = 3
# What facts told together may take, so that with their clauses they stay on one screen of 300 characters; a long list
# leaves room for a short fact beside it.
_ROOM = 215
_ROOM_AFTER_LIST = 240
_LIST = 150
_FIGURES = frozenset({"timing"})
_NO = ("不能", "不行", "不可", "不赔", "不包", "不算", "不会")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where an answer stops being sure. Scores are Ranking's; set on training phrasings, never on frozen ones."""

    answer: float = 0.9
    ask: float = 0.5
    lead: float = 1.0  # topics of the same service nearer than this to the first are told with it
    sure: float = 1.6  # a best score below which even a clear lead is not certain
    figure_lead: float = 0.5  # further figures of the kind asked for are told only when nearer than this
    kin_lead: float = 0.4  # topics of another service of its family nearer than this are told with it
    foreign_lead: float = 0.3  # the same for services of other families
    rule_lead: float = 0.6  # the rule nearer than this to a "no" for a special case is told before it
    margin: float = 0.1  # another service's topic nearer than this that does not fit is asked back


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """Either topics to answer, or choices to offer, or neither."""

    topics: tuple[Topic, ...] = ()
    choices: tuple[Choice, ...] = ()
    is_sure: bool = False
    reason: str = ""


def resolve(ranked: Sequence[Ranked], limits: Limits) -> Resolution:
    """Answer when one topic leads; tell near ones with it as far as they fit; else ask."""
    if not ranked or ranked[0].score < limits.ask:
        return Resolution(reason="nothing near enough")
    best = ranked[0]
    if best.score < limits.answer:
        return Resolution(choices=_choices(ranked), reason=f"best {best.topic.id} is weak ({best.score:.2f})")
    near = [item for item in ranked[1:] if _is_near(item, best, limits)]
    first = _general(best, near, limits)
    beside = [item for item in (best, *near) if item is not first and not _misleads(item, best, limits)]
    told = _that_fit(first.topic, [item.topic for item in beside])
    rival = near[0] if near else None
    if rival and rival.topic not in told and _is_rival(rival, best, limits):
        return Resolution(choices=_choices(ranked), reason=f"{best.topic.id} and {rival.topic.id} are as likely")
    return Resolution(
        topics=told,
        is_sure=not near and best.score >= limits.sure,
        reason=f"best {best.topic.id} {best.score:.2f}, {len(near)} near it, {len(told)} told",
    )


def _general(best: Ranked, near: Sequence[Ranked], limits: Limits) -> Ranked:
    """A "no" for a special case must not come before the rule: tell the rule first where it is nearly as likely."""
    if not best.topic.say.startswith(_NO):
        return best
    rules = (
        item
        for item in near
        if item.topic.key == best.topic.attribute
        and item.topic.service == best.topic.service
        and best.score - item.score < limits.rule_lead
    )
    return next(rules, best)


def _is_near(item: Ranked, best: Ranked, limits: Limits) -> bool:
    if item.topic.family != best.topic.family:
        lead = limits.foreign_lead
    elif item.topic.service != best.topic.service:
        lead = limits.kin_lead
    else:
        lead = limits.lead
    return best.score - item.score < lead


def _misleads(item: Ranked, best: Ranked, limits: Limits) -> bool:
    """Whether a topic is a further figure of the kind asked for, and not nearly as likely to be the one meant."""
    alike = item.topic.attribute == best.topic.attribute in _FIGURES
    return alike and best.score - item.score >= limits.figure_lead


def _is_rival(item: Ranked, best: Ranked, limits: Limits) -> bool:
    return item.topic.family != best.topic.family and best.score - item.score < limits.margin


def _that_fit(first: Topic, others: Sequence[Topic]) -> tuple[Topic, ...]:
    """Return the first topic with those of the others that fit beside it on the screen, nearest first."""
    room = (_ROOM if len(first.say) <= _LIST else _ROOM_AFTER_LIST) - _length(first)
    told = [first]
    # A summary of all steps beside one of them would say it again, among figures that were not asked for.
    for topic in (other for other in others if not other.sums_up):
        if len(told) < _MOST_TOGETHER and _length(topic) <= room and all(topic.say != other.say for other in told):
            told.append(topic)
            room -= _length(topic)
    return tuple(told)


def _length(topic: Topic) -> int:
    return len(topic.beside or topic.say)


def _choices(ranked: Sequence[Ranked]) -> tuple[Choice, ...]:
    """Offer each title once; two topics of the same title say nearly the same."""
    labels: dict[str, str] = {}
    for item in ranked:
        labels.setdefault(item.topic.ask, item.topic.id)
    return tuple(Choice(label=label, topic=topic) for label, topic in list(labels.items())[:_MOST_CHOICES])
