"""Every answer fits the phone: 300 characters for a fact, 500 for a how-to, 650 for a list; 2,048 bytes in all."""

import pytest

from bot.messages import Reply
from handlers.answers import answer
from handlers.understanding import build_terrain
from intents.match import DrugAsk, Match
from intents.ranking import Ranked
from intents.resolution import Limits, resolve
from intents.terrain import Topic
from knowledge.library import Entry, Library
from tests.assistants import PRODUCTS, WUXIAN

MOST_BYTES = 2048
MOST_CHARACTERS = {"fact": 300, "howto": 500, "list": 650}


def told(library: Library, *entries: Entry, compare: bool = False) -> Reply:
    topics = tuple(entry.id for entry in entries)
    product = None if compare else entries[0].product.id
    family = entries[0].service.family
    return answer(Match(decision="answer", product=product, topics=topics, compare=compare, family=family), library)


def size(reply: Reply) -> int:
    return len(reply.text.encode())


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_entry_fits_the_length_of_its_shape(library: Library, product: str) -> None:
    for entry in library.handbooks[product].entries:
        reply = told(library, entry)
        assert len(reply.text) <= MOST_CHARACTERS[entry.fact.shape], entry.id
        assert size(reply) <= MOST_BYTES, entry.id


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_answer_starts_with_the_fact_and_names_its_clauses_at_the_end(library: Library, product: str) -> None:
    for entry in library.handbooks[product].entries:
        reply = told(library, entry)
        assert reply.text.startswith(entry.fact.say), entry.id
        assert f"依据：{entry.product.short}手册 {entry.fact.clause[0]}" in reply.text, entry.id
        assert [citation.clause for citation in reply.citations] == list(dict.fromkeys(entry.fact.clause)), entry.id
        assert {citation.product for citation in reply.citations} == {product}, entry.id


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_answer_offers_the_next_step(library: Library, product: str) -> None:
    for entry in library.handbooks[product].entries:
        last = told(library, entry).text.splitlines()[-1]
        room = MOST_CHARACTERS[entry.fact.shape] - 60
        assert last.startswith(("您还可以问：", "要找人帮忙")) or len(told(library, entry).text) > room, entry.id


@pytest.mark.parametrize("product", PRODUCTS)
def test_facts_told_together_fit_one_answer(library: Library, product: str) -> None:
    """Whatever the resolution puts together: each topic first, with the whole of its family as near behind it."""
    topics = {topic.id: topic for topic in build_terrain(library).topics if topic.product == product}
    families: dict[str, list[Topic]] = {}
    for topic in topics.values():
        families.setdefault(topic.family, []).append(topic)
    for family in families.values():
        shortest = sorted(family, key=lambda topic: len(topic.say))
        for first in family:
            others = [topic for topic in shortest if topic is not first]
            for behind in (others, others[::-1]):
                ranked = [Ranked(topic=topic, score=4.0 - at / 1000) for at, topic in enumerate([first, *behind])]
                together = [library.entries[topic.id] for topic in resolve(ranked, Limits()).topics]
                if len(together) > 1:
                    only_facts = all(entry.fact.shape == "fact" for entry in together)
                    limit = MOST_CHARACTERS["fact" if only_facts else "howto"]
                    reply = told(library, *together)
                    assert len(reply.text) <= limit, [entry.id for entry in together]
                    assert size(reply) <= MOST_BYTES


def test_a_comparison_of_all_products_is_one_message(library: Library) -> None:
    alike: dict[tuple[str, str], list[Entry]] = {}
    for entry in library.entries.values():
        alike.setdefault((entry.service.family, entry.fact.key), []).append(entry)
    for kind, entries in alike.items():
        one_each = {entry.product.id: entry for entry in sorted(entries, key=lambda entry: len(entry.fact.say))}
        if len(one_each) > 1:
            assert size(told(library, *one_each.values(), compare=True)) <= MOST_BYTES, kind


@pytest.mark.parametrize("product", PRODUCTS)
def test_three_questions_in_one_message_get_one_message(library: Library, product: str) -> None:
    longest = sorted(library.handbooks[product].entries, key=lambda entry: -len(entry.fact.say))
    assert size(told(library, *longest[:3])) <= MOST_BYTES


def test_every_row_of_the_drug_list_fits(library: Library) -> None:
    for drug in library.handbooks[WUXIAN].drugs:
        ask = DrugAsk(rows=(drug.no,), typed=drug.brand)
        text = answer(Match(decision="answer", product=WUXIAN, drug=ask), library).text
        assert drug.brand in text
        assert drug.generic in text
        assert len(text) <= MOST_CHARACTERS["fact"]


def test_every_makers_drugs_fit_and_none_is_left_out(library: Library) -> None:
    makers: dict[str, list[int]] = {}
    for drug in library.handbooks[WUXIAN].drugs:
        makers.setdefault(drug.maker, []).append(drug.no)
    for maker, rows in makers.items():
        ask = DrugAsk(rows=tuple(rows), typed=maker, by_maker=True)
        reply = answer(Match(decision="answer", product=WUXIAN, drug=ask), library)
        assert len(reply.text) <= MOST_CHARACTERS["list"], maker
        assert size(reply) <= MOST_BYTES, maker
        assert reply.text.count("（") == len(rows), maker


def test_a_name_that_goes_on_and_on_does_not_fill_the_reply(library: Library) -> None:
    ask = DrugAsk(typed="x" * 5000)
    reply = answer(Match(decision="answer", product=WUXIAN, drug=ask), library)
    assert size(reply) <= MOST_BYTES
