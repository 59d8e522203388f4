"""What a reminder kind is, and how its sentences are found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml
from care.reminders import Planned
from handlers.reminder_facts import Facts

TEXTS = Path(__file__).parent / "reminder_texts.yaml"

MOST_CHARACTERS = 20  # the platform's limit of a template field

About = Literal["case", "policy", "child"]


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a reminder says. `fields`: a short name → its value, for template messages."""

    text: str
    fields: Mapping[str, str] = field(default_factory=dict)


def planned_again(facts: Facts, planned: Planned) -> bool:
    """What the facts want again at the moment of sending is still wanted."""
    return planned.until_at > facts.now


@dataclass(frozen=True, kw_only=True)
class ReminderKind:
    """`plan` gets the facts of what the kind is about; `still_wanted` what it planned from today's facts.

    `urgent`: may use the message that is kept back of the quota. `tells`: what its `Words.fields` hold for template
    messages; `kind` is told of all.
    """

    about: About
    plan: Callable[[Any], Sequence[Planned]]
    compose: Callable[[Any, Planned], Words]
    still_wanted: Callable[[Any, Planned], bool] = planned_again
    urgent: bool = False
    tells: frozenset[str] = frozenset({"title", "day"})


def planned_for(
    facts: Facts,
    kind: str,
    occurrence: str,
    due_at: datetime,
    *,
    until: datetime | None = None,
    calls: bool = False,
    **detail: Any,
) -> list[Planned]:
    """Return one occasion for everybody who is told (a call: once). Without `until` it is of use for two days."""
    return [
        Planned(
            kind=kind,
            subject=facts.subject,
            occurrence=occurrence,
            contact_id=one.contact_id,
            conversation_id=one.conversation_id,
            due_at=due_at,
            until_at=until or due_at + timedelta(days=2),
            detail=detail,
            calls=calls,
        )
        for one in facts.recipients[: 1 if calls else None]
    ]


def in_turn(
    facts: Facts,
    kind: str,
    steps: Sequence[tuple[str, datetime]],
    *,
    until: datetime | None = None,
    **detail: Any,
) -> list[Planned]:
    """Return occasions that follow each other: each is of use until the next, and for two days at most."""
    found = []
    for at, (occurrence, due_at) in enumerate(steps):
        ends = [due_at + timedelta(days=2)]
        ends += [steps[at + 1][1]] if at + 1 < len(steps) else []
        ends += [until] if until else []
        found += planned_for(facts, kind, occurrence, due_at, until=min(ends), step=at + 1, **detail)
    return found


@lru_cache(maxsize=1)
def _texts() -> Mapping[str, str]:
    told: Mapping[str, str] = read_yaml(TEXTS)
    return told


def sentence(name: str, /, **values: str) -> str:
    """Return a sentence of the reminders with its gaps filled. Raises ConfigurationFault."""
    try:
        return _texts()[name].format(**values).strip()
    except KeyError as error:
        raise ConfigurationFault(f"{TEXTS}: entry {name!r} lacks {error}; add it") from error


def worded(name: str, /, *, title: str = "", day: str = "", **values: str) -> Words:
    """Return a sentence as words, with what a template message would show."""
    fields = {"title": title, "day": day}
    return Words(text=sentence(name, title=title, day=day, **values), fields=fields)


def listed(names: Sequence[str]) -> str:
    """Return names as a template field takes them: all of them, or the first ones whole and how many there are."""
    for shown in range(len(names), 0, -1):
        told = "、".join(names[:shown])
        told = told if shown == len(names) else sentence("listed_more", names=told, count=str(len(names)))
        if len(told) <= MOST_CHARACTERS:
            return told
    return "、".join(names)


def kind_title(kind: str) -> str:
    """Return how people call a kind of reminder."""
    return sentence(f"kind_{kind}")
