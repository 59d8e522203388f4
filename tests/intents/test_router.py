"""The order in which a message is understood: danger, the open choice, commands and small talk, then the handbooks."""

import time

import pytest

from intents import cues
from intents.match import Choice, Context
from intents.router import Router
from tests.assistants import GROWTH, PRODUCTS, WUXIAN, ZHENAI21

OPEN = Context(products=PRODUCTS)
ADVANCE = f"{WUXIAN}/inpatient-advance/waiting-period"
ASKED_BACK = Context(
    products=PRODUCTS,
    question="住院垫付等待期多久",
    choices=(Choice(label="臻爱无限", product=WUXIAN), Choice(label="成长优享", product=GROWTH)),
)


def settled(product: str, **more: object) -> Context:
    return Context(products=PRODUCTS, product=product, **more)  # type: ignore[arg-type]  # fields of the test


def test_danger_comes_before_an_open_choice_and_everything_else(router: Router) -> None:
    for context in (OPEN, ASKED_BACK, settled(WUXIAN, topic=ADVANCE)):
        assert router.route("救命，我爸叫不醒了，臻爱无限住院垫付怎么申请", context).decision == "emergency"


def test_a_wish_to_die_is_told_from_other_danger(router: Router) -> None:
    match = router.route("我真的不想活了", OPEN)
    assert (match.decision, match.intent) == ("emergency", "self_harm")


@pytest.mark.parametrize("typed", ["1", "１", "①", "一", "第1个", "选1", "第一个", " 1。", "1吧"])
def test_a_bare_number_picks_the_choice(router: Router, typed: str) -> None:
    match = router.route(typed, ASKED_BACK)
    assert match.product == WUXIAN
    assert ADVANCE in match.topics
    assert match.reasons[0] == "choice 1 was picked"


def test_the_words_of_a_choice_pick_it(router: Router) -> None:
    topic = f"{GROWTH}/e-card/overview"
    context = Context(
        products=PRODUCTS, choices=(Choice(label="电子卡是什么", topic=topic), Choice(label="甲", topic=ADVANCE))
    )
    assert router.route("电子卡是什么", context).topics == (topic,)


@pytest.mark.parametrize("typed", ["3", "9", "0"])
def test_a_number_beyond_the_choices_picks_nothing(router: Router, typed: str) -> None:
    assert not router.route(typed, ASKED_BACK).topics


def test_a_person_is_given_even_while_a_choice_is_open(router: Router) -> None:
    assert router.route("转人工", ASKED_BACK).decision == "handoff"


def test_another_question_leaves_the_open_choice(router: Router) -> None:
    match = router.route("臻爱21视频问诊几点到几点", ASKED_BACK)
    assert match.topics[0] == f"{ZHENAI21}/video-consultation/hours"


def test_the_product_named_beats_the_one_of_the_conversation(router: Router) -> None:
    assert router.route("成长优享的客服热线", settled(WUXIAN)).product == GROWTH


def test_a_product_the_account_does_not_serve_is_not_answered(router: Router) -> None:
    match = router.route("臻爱无限住院垫付等待期", Context(products=(ZHENAI21,)))
    assert (match.decision, match.intent, match.topics) == ("abstain", "unserved", ())


def test_without_a_product_the_choices_are_those_that_have_the_service(router: Router) -> None:
    match = router.route("住院垫付等待期多久", OPEN)
    assert match.decision == "clarify"
    assert {choice.product for choice in match.choices} == {WUXIAN, GROWTH}
    assert match.question == "住院垫付等待期多久"


def test_a_comparison_tells_each_product_and_who_lacks_it(router: Router) -> None:
    match = router.route("三款产品住院垫付各能用几次", OPEN)
    assert match.compare
    assert {topic.split("/")[0] for topic in match.topics} == {WUXIAN, GROWTH}
    assert match.lacking == (ZHENAI21,)


def test_a_correction_keeps_what_was_asked(router: Router) -> None:
    match = router.route(
        "不是，我问的是住院垫付", settled(WUXIAN, topic=f"{WUXIAN}/inpatient-fast-track/waiting-period")
    )
    assert match.topics[0] == ADVANCE


@pytest.mark.parametrize(
    "message", ["臻爱无限住院垫付等待期多久", "你好", "今天天气怎么样", "转人工", "我爸叫不醒了", "1"]
)
def test_every_match_says_why(router: Router, message: str) -> None:
    assert router.route(message, OPEN).reasons


def test_the_same_message_is_always_understood_the_same(router: Router) -> None:
    for message in ("臻爱无限特药一年几次", "住院垫付等待期多久", "头疼吃什么药"):
        assert router.route(message, OPEN) == router.route(message, OPEN)


@pytest.mark.parametrize("message", ["", " ", "\n", "。"])
def test_nothing_said_is_no_question(router: Router, message: str) -> None:
    assert router.route(message, OPEN).decision in {"abstain", "smalltalk"}


def test_filler_words_in_a_row_cost_no_more_than_their_length() -> None:
    """One text of 2,048 bytes must not hold up everybody else's turn."""
    product_only = cues.load().phrases["product_only"]

    def seconds(times: int) -> float:
        start = time.process_time()
        product_only.match("买了" * times + "x")
        return time.process_time() - start

    assert seconds(18) < 20 * max(seconds(10), 0.0005)


def test_a_choice_that_a_new_edition_no_longer_has_is_forgotten(router: Router) -> None:
    context = Context(products=PRODUCTS, choices=(Choice(label="旧", topic=f"{WUXIAN}/gone/away"),))
    assert router.route("1", context).decision == "abstain"
