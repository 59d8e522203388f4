"""What is published acts where it is meant, nowhere else, and never before danger."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.match import Context
from intents.overlay import Named, Overlay, Said
from tests.assistants import GROWTH, PRODUCTS, WUXIAN

SAFETY = Path(__file__).parents[1] / "questions" / "safety_frozen.jsonl"
TOPIC = f"{WUXIAN}/inpatient-advance/overview"
WORDS = "小绿本丢了以后要怎么补办"
OURS = Context(products=PRODUCTS, product=WUXIAN)
OVERLAY = Overlay(
    said=(Said(item=1, text=WORDS, topic=TOPIC),),
    named=(Named(item=2, product=WUXIAN, name="垫钱卡", word="住院垫付"),),
)


@pytest.fixture(scope="module")
def mended(router):
    return router.with_overlay(OVERLAY)


@pytest.mark.parametrize(
    ("message", "is_sure"),
    [
        (WORDS, True),
        ("您好，请问小绿本丢了以后要怎么补办呢？谢谢", True),
        ("臻爱无限小绿本丢了以后要怎么补办", True),
        ("小綠本丟了以後要怎麼補辦", True),
        ("小绿本丢了已后要怎么补半", False),
        ("小绿本丢了以后要怎么去补办", False),
    ],
)
def test_the_same_words_are_answered_and_nearly_the_same_with_doubt(mended, message, is_sure) -> None:
    match = mended.route(message, OURS)
    assert match.topics == (TOPIC,)
    assert match.is_sure is is_sure


@pytest.mark.parametrize(
    "message", ["小绿本没丢以后要怎么补办", "小绿本丢了3次以后要怎么补办", "小绿本丢了", "住院垫付丢了以后要怎么补办"]
)
def test_words_that_say_something_else_are_not_taken_for_them(mended, message) -> None:
    assert not any("published" in reason for reason in mended.route(message, OURS).reasons)


def test_words_of_one_product_say_nothing_in_another(router, mended) -> None:
    theirs = Context(products=PRODUCTS, product=GROWTH)
    for message in (WORDS, "垫钱卡怎么申请"):
        assert mended.route(message, theirs) == router.route(message, theirs)


def test_where_no_product_is_known_it_is_asked_for_and_then_answered(mended) -> None:
    asked = mended.route(WORDS, Context(products=PRODUCTS))
    assert (asked.decision, asked.intent) == ("clarify", "which_product")
    at = [choice.product for choice in asked.choices].index(WUXIAN) + 1
    picked = mended.route(str(at), Context(products=PRODUCTS, question=asked.question, choices=asked.choices))
    assert picked.topics == (TOPIC,)


def test_a_name_is_read_as_the_service_wherever_it_stands(mended) -> None:
    assert mended.route("我那个垫钱卡怎么申请啊", OURS).topics[0].startswith(f"{WUXIAN}/inpatient-advance/")
    assert "inpatient-advance" in {service.id for service in mended.services_in("办垫钱卡")}


def test_nothing_published_takes_a_warning_or_a_person_away(router) -> None:
    said = [json.loads(line)["text"] for line in SAFETY.read_text(encoding="utf-8").splitlines()][::9]
    before = {text: router.route(text, OURS) for text in said}
    kept = [text for text, match in before.items() if match.decision == "emergency" or router.wants_person(text)]
    assert len(kept) > 5
    mended = router.with_overlay(Overlay(said=tuple(Said(item=1, text=text, topic=TOPIC) for text in kept)))
    for text in kept:
        assert mended.route(text, OURS).decision == before[text].decision, text


@settings(max_examples=60, deadline=None)
@given(st.text("小绿本丢了以后要怎么补办垫钱卡住院付臻爱无限请问不没有 3a，？", max_size=24))
def test_what_is_not_touched_is_answered_as_before(router, mended, message) -> None:
    if not mended.is_touched(message, OURS):
        assert mended.route(message, OURS) == router.route(message, OURS)
