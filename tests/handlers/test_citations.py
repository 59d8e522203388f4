"""No clause, no answer; and no fact of one product in an answer about another. Held over many recorded questions."""

from collections.abc import Iterator

import pytest

from bot.messages import Outcome
from handlers.respond import Assistant
from intents.match import Context
from intents.router import Router
from knowledge.library import Handbook, Library
from tests.assistants import PRODUCTS

EACH = 29  # every so many-th question: a sample that stays the same


@pytest.fixture(scope="module")
def questions(library: Library) -> dict[str, list[str]]:
    """Questions about each product: what people were recorded to ask, and each entry's own title."""
    return {handbook.product.id: [*asked(handbook)][::EACH] for handbook in library}


def asked(handbook: Handbook) -> Iterator[str]:
    yield from (phrasing.text for phrasing in handbook.phrasings)
    yield from (entry.service.short + entry.fact.ask for entry in handbook.entries)


def cited(outcome: Outcome) -> set[tuple[str, str]]:
    return {(citation.product, citation.clause) for reply in outcome.replies for citation in reply.citations}


def discuss(assistant: Assistant, question: str, *, product: str | None) -> Outcome:
    return assistant.discuss(question, Context(products=PRODUCTS, product=product))


@pytest.mark.parametrize("product", [*PRODUCTS, None])
def test_every_citation_is_a_clause_of_its_handbook(
    assistant: Assistant, library: Library, questions: dict[str, list[str]], product: str | None
) -> None:
    clauses = {(handbook.product.id, clause.id) for handbook in library for clause in handbook.clauses}
    seen: set[tuple[str, str]] = set()
    for question in questions[product or PRODUCTS[0]]:
        outcome = discuss(assistant, question, product=product)
        assert cited(outcome) <= clauses, question
        seen |= cited(outcome)
    assert len(seen) > 20


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_settled_product_is_the_only_one_answered_from(
    assistant: Assistant, router: Router, questions: dict[str, list[str]], product: str
) -> None:
    """Questions about every product, put to one: its own clauses or none, unless another product is named."""
    answered = 0
    for question in (question for asks in questions.values() for question in asks):
        reading = router.reader.read(question)
        others = set(reading.products) - {product} or (reading.narrowed and product not in reading.narrowed)
        if others or "款" in reading.text:
            continue
        outcome = discuss(assistant, question, product=product)
        assert {of for of, _ in cited(outcome)} <= {product}, question
        answered += bool(cited(outcome))
    assert answered > 50


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_named_product_is_the_only_one_answered_from(
    assistant: Assistant, library: Library, router: Router, questions: dict[str, list[str]], product: str
) -> None:
    """Whatever was talked of before, and whichever product the words were recorded for."""
    short = library.product(product).short
    before = PRODUCTS[PRODUCTS.index(product) - 1]
    for question in (question for asks in questions.values() for question in asks[::2]):
        outcome = discuss(assistant, f"{short}，{question}", product=before)
        also_named = set(router.reader.read(question).products)
        assert {of for of, _ in cited(outcome)} <= {product} | also_named, question


def test_an_account_never_answers_from_a_product_it_does_not_serve(
    assistant: Assistant, questions: dict[str, list[str]]
) -> None:
    for question in (question for asks in questions.values() for question in asks):
        for product in PRODUCTS:
            outcome = assistant.discuss(question, Context(products=(product,)))
            assert {of for of, _ in cited(outcome)} <= {product}, question


def test_every_answer_cites_or_says_that_the_handbook_has_no_such_service(
    assistant: Assistant, questions: dict[str, list[str]]
) -> None:
    for product, asks in questions.items():
        for question in asks:
            outcome = discuss(assistant, question, product=product)
            assert outcome.understanding is not None
            text = outcome.replies[0].text
            if outcome.understanding.decision == "answer":
                assert cited(outcome) or "手册里没有写" in text, question
                assert not cited(outcome) or "依据：" in text, question
            elif outcome.understanding.decision not in ("emergency", "handoff"):  # these may answer beside
                assert not cited(outcome), question


def test_every_reply_is_one_message_that_fits(assistant: Assistant, questions: dict[str, list[str]]) -> None:
    for product, asks in questions.items():
        for question in asks:
            replies = discuss(assistant, question, product=product).replies
            assert len(replies) == 1, question
            assert 0 < len(replies[0].text.encode()) <= 2048, question
            assert len(replies[0].text) <= 650, question


def test_a_clarification_offers_two_or_three_choices(assistant: Assistant, questions: dict[str, list[str]]) -> None:
    clarified = 0
    for question in (question for asks in questions.values() for question in asks):
        outcome = discuss(assistant, question, product=None)
        assert outcome.understanding is not None
        if outcome.understanding.decision == "clarify":
            clarified += 1
            numbers = [number for number in range(1, 6) if f"\n{number}. " in outcome.replies[0].text]
            assert numbers in ([1, 2], [1, 2, 3]), question
    assert clarified > 20
