"""The clauses behind what the desk says: as a reply's last line, and as citations."""

from collections.abc import Iterable

from bot.messages import Citation
from care.eligibility import Verdict
from handlers.scene import Scene
from handlers.wording import say

_MOST_NAMED = 3  # in the line; the citations name all


def cited(product: str, clauses: Iterable[str]) -> tuple[Citation, ...]:
    """Return clauses of a product's handbook as citations, each once."""
    return tuple(Citation(product=product, clause=clause) for clause in dict.fromkeys(clauses))


def clause_lines(scene: Scene, product: str, clauses: Iterable[str]) -> list[str]:
    """Return the last line of a reply, handbook and clauses; no line where there are none."""
    named = list(dict.fromkeys(clauses))[:_MOST_NAMED]
    if not named:
        return []
    handbook = scene.house.library.product(product).handbook
    return [say("cite", places=say("cite_one", handbook=handbook, clauses="、".join(named)))]


def deciding(verdict: Verdict) -> list[str]:
    """Return the clauses that stand against an application."""
    return [clause for check in verdict.against for clause in check.clause]
