"""Looking into the handbooks for an answer to send: what the assistant would say, and entries that sound alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from bot.messages import Reply
from handlers.answers import cite
from handlers.respond import Assistant
from intents.match import Context
from knowledge.library import Entry, Library

_MOST = 8
_LEAST_ALIKE = 55
_TOLD = ("answer",)


@dataclass(frozen=True, kw_only=True)
class Found:
    """An answer that may be inserted: its text ends with its clauses. `title` is the question it answers."""

    title: str
    text: str
    product: str


def search(
    library: Library, assistant: Assistant | None, words: str, *, products: Sequence[str], product: str | None
) -> list[Found]:
    """Return answers to `words`, the assistant's own first; of one product where it is known."""
    asked = " ".join(words.split())[:200]
    if not asked:
        return []
    found = _answered(library, assistant, asked, products=products, product=product)
    seen = {one.text for one in found}
    others = [_found(entry, library) for entry in alike(library, asked, [product] if product else list(products))]
    return [*found, *(one for one in others if one.text not in seen)][:_MOST]


def _answered(
    library: Library, assistant: Assistant | None, asked: str, *, products: Sequence[str], product: str | None
) -> list[Found]:
    if assistant is None:
        return []
    outcome = assistant.discuss(
        asked, Context.from_state({"product": product} if product else {}, products=tuple(products))
    )
    if outcome.understanding is None or outcome.understanding.decision not in _TOLD:
        return []
    replies: Sequence[Reply] = [reply for reply in outcome.replies if reply.citations]
    return [
        Found(title="助手的回答", text=reply.text, product=_short(library, reply.citations[0].product))
        for reply in replies
    ]


def alike(library: Library, asked: str, products: Sequence[str]) -> list[Entry]:
    """Return the entries of these products whose words are most like what was asked."""
    entries = [entry for id in products if id in library.handbooks for entry in library.handbooks[id].entries]
    texts = [f"{entry.service.short} {entry.fact.ask} {entry.fact.say}" for entry in entries]
    ranked = process.extract(asked, texts, scorer=fuzz.partial_token_set_ratio, limit=_MOST, score_cutoff=_LEAST_ALIKE)
    ranked = ranked or process.extract(asked, texts, scorer=fuzz.partial_ratio, limit=_MOST, score_cutoff=_LEAST_ALIKE)
    return [entries[at] for _, _, at in ranked]


def _found(entry: Entry, library: Library) -> Found:
    last, _ = cite([entry])
    title = f"{entry.service.short} · {entry.fact.ask}"
    return Found(title=title, text=f"{entry.fact.say}\n{last}", product=_short(library, entry.product.id))


def _short(library: Library, product: str) -> str:
    return library.product(product).short if product in library.handbooks else product
