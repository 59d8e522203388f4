"""What the router is told of the conversation so far, and what it answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One numbered choice: a topic to answer, or a product with which the pending question is asked again."""

    label: str
    topic: str | None = None
    product: str | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """What earlier messages left behind. `products` are those of the account; `fixed` is one given from outside.

    `told` are the topics that were answered last, `topic` the first of them.
    `drug`: the last question was for a drug of a list; `drug_rows` are those that it found.
    """

    products: tuple[str, ...] = ()
    fixed: str | None = None
    product: str | None = None
    topic: str | None = None
    told: tuple[str, ...] = ()
    question: str = ""
    choices: tuple[Choice, ...] = ()
    drug: bool = False
    drug_rows: tuple[int, ...] = ()
    misses: int = 0

    def to_state(self) -> dict[str, Any]:
        """Return what the next turn needs, as plain values."""
        return {
            "product": self.product,
            "topic": self.topic,
            "told": list(self.told),
            "question": self.question,
            "choices": [asdict(choice) for choice in self.choices],
            "drug": self.drug,
            "drug_rows": list(self.drug_rows),
            "misses": self.misses,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], *, products: tuple[str, ...], fixed: str | None = None) -> "Context":
        """Rebuild a context from `to_state`'s values; unknown or missing ones fall back to nothing."""
        return cls(
            products=products,
            fixed=fixed,
            product=state.get("product"),
            topic=state.get("topic"),
            told=tuple(state.get("told", ())),
            question=state.get("question", ""),
            choices=tuple(Choice(**choice) for choice in state.get("choices", ())),
            drug=bool(state.get("drug", False)),
            drug_rows=tuple(state.get("drug_rows", ())),
            misses=int(state.get("misses", 0)),
        )


@dataclass(frozen=True, kw_only=True)
class DrugAsk:
    """A question about a drug list: rows found, how surely, or the name that was not found."""

    rows: tuple[int, ...] = ()
    typed: str = ""
    certain: bool = True
    by_maker: bool = False


@dataclass(frozen=True, kw_only=True)
class Match:
    """What a message means, with the reasons.

    `decision`: answer | clarify | abstain | medical | emergency | handoff | smalltalk | menu. `topics` are answered in
    order (several: two questions, or one per product; with `compare` each is told with its product). `about` is the
    topic that a drug answer leaves the conversation at. `intent` names the small talk, command or alarm. An answer that
    is not `is_sure` says so and invites another wording. An emergency and a hand-over may have something `beside` them:
    what the message means apart from the danger, told after the warning; what was asked in the same breath, told before
    the promise of a person.
    """

    decision: str
    product: str | None = None
    topics: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    question: str = ""
    intent: str | None = None
    compare: bool = False
    lacking: tuple[str, ...] = ()
    family: str | None = None
    drug: DrugAsk | None = None
    about: str | None = None
    is_sure: bool = True
    beside: "Match | None" = None
    candidates: tuple[tuple[str, float], ...] = ()
    reasons: tuple[str, ...] = ()
