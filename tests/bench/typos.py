"""Typing errors: how often the right fact is found for unseen questions, whole and with two errors each."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers.understanding import build_router
from intents.match import Context, Match
from intents.router import Router
from knowledge.library import Library
from tests.bench.damage import KINDS, Damage
from tests.bench.figures import Figure, middle
from tests.bench.questions import Asked, split
from tests.bench.schedule import Schedule

BENCH = "typos"
_MOST_POINTS = 8.0


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Shares in per cent. `top`: the right fact is answered, or leads the choices. `wrong`: another one is answered."""

    top: float
    answered: float
    wrong: float


def measure(library: Library, schedule: Schedule, memory: Path) -> list[Figure]:
    """Return the fall of top-1 for each kind of error; each round damages the same questions by another seed."""
    learning, unseen = split(library)
    if schedule.is_quick:
        unseen = random.Random(0).sample(unseen, min(600, len(unseen)))
    router = build_router(learning, memory=memory)
    names = [
        name
        for handbook in library
        for name in (
            handbook.product.name,
            handbook.product.short,
            *handbook.product.called,
            *handbook.product.mistaken,
        )
    ]
    figures = []
    for kind, others in KINDS.items():
        damage = Damage(others(), spared=names)
        schedule.tell(f"typos: {kind}, {len(unseen)} questions × {schedule.rounds} seeds")
        pairs = [_paired(router, library, unseen, damage, seed) for seed in range(schedule.rounds)]
        figures += _figures(kind, pairs)
    return figures


def _figures(kind: str, pairs: Sequence[tuple[Tally, Tally]]) -> list[Figure]:
    clean, damaged = pairs[0][0], [pair[1] for pair in pairs]
    note = f"top-1 {clean.top:.1f} % clean"
    answered = [whole.answered - hurt.answered for whole, hurt in pairs]
    return [
        middle(
            BENCH,
            f"fall of top-1, two {kind}",
            [whole.top - hurt.top for whole, hurt in pairs],
            "points",
            below=_MOST_POINTS,
            note=note,
        ),
        middle(
            BENCH, f"fall of direct right answers, two {kind}", answered, "points", note=f"{clean.answered:.1f} % clean"
        ),
        middle(
            BENCH,
            f"wrong answers, two {kind}",
            [hurt.wrong for hurt in damaged],
            "%",
            note=f"{clean.wrong:.1f} % clean",
        ),
    ]


def _paired(
    router: Router, library: Library, unseen: Iterable[Asked], damage: Damage, seed: int
) -> tuple[Tally, Tally]:
    """Ask the same questions whole and damaged; those that are too short to damage are left out of both."""
    chance = random.Random(seed)
    pairs = [(asked, hurt) for asked in unseen if (hurt := damage.of(asked.text, chance)) is not None]
    products = tuple(library.handbooks)
    return (
        _tally([(asked, _ask(router, asked.text, asked, products)) for asked, _ in pairs]),
        _tally([(asked, _ask(router, hurt, asked, products)) for asked, hurt in pairs]),
    )


def _ask(router: Router, text: str, asked: Asked, products: tuple[str, ...]) -> Match:
    return router.route(text, Context(products=products, product=asked.product))


def _tally(answers: Sequence[tuple[Asked, Match]]) -> Tally:
    def share(count: int) -> float:
        return 100 * count / len(answers)

    return Tally(
        top=share(sum(_leading(match) == asked.topic for asked, match in answers)),
        answered=share(sum(asked.topic in match.topics for asked, match in answers)),
        wrong=share(sum(match.decision == "answer" and asked.topic not in match.topics for asked, match in answers)),
    )


def _leading(match: Match) -> str | None:
    """Return the fact that a person sees first: the answer, or the first choice of a clarification."""
    if match.topics:
        return match.topics[0]
    return match.choices[0].topic if match.choices else None
