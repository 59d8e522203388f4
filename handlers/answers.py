"""Puts answers together from entries of the handbooks: the fact first, its clause last, the next step offered."""

from collections.abc import Sequence

from bot.messages import Citation, Reply
from handlers.wording import say
from intents.match import DrugAsk, Match
from knowledge.library import Entry, Library
from knowledge.vocabulary import family_names

_LONGEST_WITH_HINT = {"fact": 250, "howto": 440, "list": 600}
_LONGEST_QUOTED = 24  # characters of what somebody typed for a drug
_MOST_ROWS = 16
_MOST_CLAUSES = 3  # printed; the stored citations name all


def answer(match: Match, library: Library) -> Reply:
    """Return the reply to a match that resolved to topics, drugs or a lacking service."""
    if match.drug is not None and match.product is not None:
        return _drugs(match.drug, library, match.product)
    if match.compare:
        return _comparison(match, library)
    if match.lacking:
        return _lacking(match, library)
    return _facts([library.entries[topic] for topic in match.topics], library, is_sure=match.is_sure)


def cite(entries: Sequence[Entry]) -> tuple[str, tuple[Citation, ...]]:
    """Return the last line of a reply, naming handbook and clauses, and the citations behind it."""
    clauses: dict[str, list[str]] = {}
    for entry in entries:
        known = clauses.setdefault(entry.product.id, [])
        known += [clause for clause in entry.fact.clause if clause not in known]
    handbooks = {entry.product.id: entry.product.short + "手册" for entry in entries}
    places = [
        say("cite_one", handbook=handbooks[product], clauses="、".join(known[:_MOST_CLAUSES]))
        for product, known in clauses.items()
    ]
    citations = tuple(
        Citation(product=product, clause=clause) for product, known in clauses.items() for clause in known
    )
    return say("cite", places="；".join(places)), citations


def _facts(entries: list[Entry], library: Library, *, is_sure: bool) -> Reply:
    is_alone = is_sure and len(entries) == 1
    body = "\n\n".join(entry.fact.say if is_alone else entry.fact.beside for entry in entries)
    last, citations = cite(entries)
    text = f"{body}\n{last}"
    if not is_sure:
        return Reply(text=f"{text}\n{say('not_this')}", citations=citations)
    hint = _hint(entries, library)
    longest = _LONGEST_WITH_HINT["fact" if len(entries) > 1 else entries[0].fact.shape]
    if len(text) + len(hint) < longest:
        text = f"{text}\n{hint}"
    return Reply(text=text, citations=citations)


def _hint(entries: list[Entry], library: Library) -> str:
    """Offer what people ask next; where the handbook is silent, offer a person."""
    first = entries[0]
    handbook = library.handbooks[first.product.id]
    told = {entry.fact.key for entry in entries}
    others = [handbook.find(first.service.id, key) for key in first.fact.also if key not in told]
    asks = [other.fact.ask for other in others if other is not None]
    if first.fact.status != "said" or not asks:
        return say("person_hint")
    return say("also", asks="；".join(asks))


def _comparison(match: Match, library: Library) -> Reply:
    entries = [library.entries[topic] for topic in match.topics]
    lines = [say("compare_line", product=entry.product.short, say=entry.fact.say) for entry in entries]
    family = family_names().get(match.family or "", "")
    lines += [say("compare_lacks", product=library.product(product).short, family=family) for product in match.lacking]
    if not entries:
        return Reply(text="\n".join([*lines, say("person_hint")]))
    last, citations = cite(entries)
    doubt = [] if match.is_sure else [say("not_this")]
    return Reply(text="\n".join([*lines, last, *doubt]), citations=citations)


def _lacking(match: Match, library: Library) -> Reply:
    family = match.family or ""
    product = library.product(match.lacking[0]).short
    others = [
        handbook.product.short
        for handbook in library
        if any(
            service.family == family and any(fact.status != "unsaid" for fact in service.facts)
            for service in handbook.services
        )
    ]
    text = say("lacks", product=product, family=family_names().get(family, family))
    if others:
        text += say("lacks_others", products="、".join(others))
    return Reply(text=f"{text}\n{say('person_hint')}")


def _drugs(ask: DrugAsk, library: Library, product: str) -> Reply:
    handbook = library.handbooks[product]
    clause = handbook.product.drugs_clause
    last = say("cite", places=say("cite_one", handbook=handbook.product.short + "手册", clauses=clause))
    typed = ask.typed if len(ask.typed) <= _LONGEST_QUOTED else ask.typed[:_LONGEST_QUOTED] + "…"
    drugs = [drug for drug in handbook.drugs if drug.no in ask.rows]
    rows = "\n".join(
        say("drug_row", brand=drug.brand, generic=drug.generic, maker=drug.maker) for drug in drugs[:_MOST_ROWS]
    )
    short = handbook.product.short
    if not drugs:
        text = say("drug_missing", product=short, typed=typed)
    elif ask.by_maker:
        text = say("drug_maker", product=short, typed=typed, rows=rows)
    elif ask.certain:
        text = say("drug_found", product=short, rows=rows)
    else:
        text = say("drug_unsure", product=short, brand=drugs[0].brand, typed=typed, rows=rows)
    hint = f"\n{say('drug_hint')}" if drugs else ""
    return Reply(text=f"{text}\n{last}{hint}", citations=(Citation(product=product, clause=clause),))
