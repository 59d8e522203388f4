"""A handbook that is added is data alone: a folder beside the others, and the assistant answers from it, cited.

The other handbooks come without their recorded phrasings here, so that learning takes a moment only.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.messages import Outcome
from handlers.respond import Assistant
from handlers.understanding import build_router
from intents.match import Context
from knowledge.check import find_faults
from knowledge.library import Library, load
from tests.assistants import PRODUCTS
from tests.knowledge.drafts import HANDBOOKS, PRODUCT, TEXTS


@pytest.fixture(scope="module")
def four(library: Library) -> Library:
    quiet = {id: replace(handbook, phrasings=()) for id, handbook in library.handbooks.items()}
    return Library(handbooks={**quiet, **load(HANDBOOKS).handbooks})


@pytest.fixture(scope="module")
def assistant_of_four(four: Library, data_folder: Path) -> Assistant:
    return Assistant(four, build_router(four, memory=data_folder / "four"), products={})


def ask(assistant: Assistant, *questions: str) -> Outcome:
    """Ask one after the other in one conversation of an account with all four; return the last outcome."""
    products = (*PRODUCTS, PRODUCT)
    context = Context(products=products)
    for question in questions:
        outcome = assistant.discuss(question, context)
        context = Context.from_state(outcome.state or {}, products=products)
    return outcome


def clauses(outcome: Outcome) -> set[tuple[str, str]]:
    return {(citation.product, citation.clause) for citation in outcome.replies[0].citations}


def test_it_is_sound_by_itself_and_beside_the_others(four: Library) -> None:
    assert find_faults(load(HANDBOOKS), texts=TEXTS) == []
    assert find_faults(four) == []


@pytest.mark.parametrize(
    ("question", "fact", "clause"),
    [
        ("安心守护2026特药等待期多久", "60天", "一、3"),
        ("安心守护的特药一年能用几次", "2次", "一、4"),
        ("星河安心守护2026怎么申请特药", "400-000-0000转2", "一、5"),
        ("安心守护2026申请特药要什么材料", "病理报告", "一、6"),
        ("安心守护2026处方审核过了药几天送到家", "4个工作日", "一、7"),
        ("安心守护2026电话问诊几点到几点", "7:00至23:00", "二、3"),
        ("安心守护2026电话问诊我妈能用吗", "父母", "二、2"),
        ("安心守护2026电话问诊能用几次", "每月5次", "二、9"),
    ],
)
def test_its_facts_are_answered_with_their_clause(
    assistant_of_four: Assistant, question: str, fact: str, clause: str
) -> None:
    outcome = ask(assistant_of_four, question)
    assert fact in outcome.replies[0].text
    assert (PRODUCT, clause) in clauses(outcome)
    assert {product for product, _ in clauses(outcome)} == {PRODUCT}
    assert "安心守护2026手册" in outcome.replies[0].text


@pytest.mark.parametrize("name", ["安心手护", "安心守户2026", "安新守护2026", "安心守獲2026"])
def test_its_name_may_be_misspelt(assistant_of_four: Assistant, name: str) -> None:
    outcome = ask(assistant_of_four, f"{name}特药等待期多久")
    assert (PRODUCT, "一、3") in clauses(outcome)


def test_a_service_it_lacks_is_not_borrowed(assistant_of_four: Assistant) -> None:
    lacking = ask(assistant_of_four, "安心守护2026能住院垫付吗")
    assert "安心守护2026的手册里没有写住院垫付" in lacking.replies[0].text
    assert clauses(lacking) == set()
    silent = ask(assistant_of_four, "安心守护2026有没有基因检测")
    assert "没有基因检测" in silent.replies[0].text
    assert (PRODUCT, "一、1") in clauses(silent)


def test_what_it_does_not_say_is_said_to_be_unsaid(assistant_of_four: Assistant) -> None:
    outcome = ask(assistant_of_four, "安心守护2026送药要运费吗")
    assert "没有写" in outcome.replies[0].text
    assert {product for product, _ in clauses(outcome)} == {PRODUCT}


def test_its_drug_list_is_its_own(assistant_of_four: Assistant) -> None:
    own = ask(assistant_of_four, "安心守护2026特药清单里有塞洛替尼吗")
    assert "星愈片" in own.replies[0].text
    assert clauses(own) == {(PRODUCT, "附件一")}
    another = ask(assistant_of_four, "安心守护2026特药清单里有帕博利珠单抗吗")
    assert "可瑞达" not in another.replies[0].text
    assert {product for product, _ in clauses(another)} <= {PRODUCT}


def test_it_takes_part_in_choices_and_follow_ups(assistant_of_four: Assistant) -> None:
    asked_back = ask(assistant_of_four, "特药服务等待期多久")
    assert "安心守护2026" in asked_back.replies[0].text
    chosen = ask(assistant_of_four, "特药服务等待期多久", "安心守护2026")
    assert (PRODUCT, "一、3") in clauses(chosen)
    followed = ask(assistant_of_four, "臻爱无限特药等待期多久", "那安心守护2026呢")
    assert (PRODUCT, "一、3") in clauses(followed)


def test_a_question_for_a_doctor_goes_to_its_own_doctors(assistant_of_four: Assistant) -> None:
    outcome = ask(assistant_of_four, "我买的是安心守护2026", "头疼三天了吃什么药")
    assert "400-000-0000转1" in outcome.replies[0].text


def test_asking_for_a_person_gives_its_own_telephone(assistant_of_four: Assistant) -> None:
    outcome = ask(assistant_of_four, "我买的是安心守护2026", "转人工")
    assert "400-000-0000" in outcome.replies[0].text
    assert outcome.hand_over
