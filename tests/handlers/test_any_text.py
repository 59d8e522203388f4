"""Whatever is typed gets a reply that fits, and leaves a state that can be stored."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages import Outcome
from handlers.respond import Assistant
from intents.match import Context
from tests.assistants import PRODUCTS

# Any character there is: unassigned, control, private, lone surrogates too (a broken emoji arrives as one in JSON).
ANY = st.characters(exclude_categories=())
SAID = """
    臻爱无限 臻爱21 成长优享 京东安联 住院垫付 特药 CAR-T 疫苗 视频问诊 可瑞达 特药清单有 怎么申请 等待期多久 几次 那 呢
    另外 不是，我问的是 区别 三款 谢谢 你好 转人工 菜单 取消 1 ２ 第三个 发烧 叫不醒 不想活 臻愛無限 住院墊付 ？ ! 。
    \u200b \u202e \x00 \ufeff 👨‍👩‍👧 🧧 ﷺ ａｂｃ {0} %s {product} ]]> <xml>
"""
WORDS = st.sampled_from(SAID.split())
MESSAGES = st.one_of(
    st.text(ANY, max_size=60),
    st.lists(WORDS, min_size=1, max_size=8).map("".join),
    st.lists(st.one_of(WORDS, st.text(ANY, max_size=5)), max_size=8).map(" ".join),
)
FEW = settings(max_examples=120, deadline=None, derandomize=True)


def is_sendable(outcome: Outcome) -> bool:
    return all(0 < len(reply.text.encode(errors="replace")) <= 2048 for reply in outcome.replies)


@FEW
@given(message=MESSAGES)
def test_any_message_gets_one_reply_that_fits(assistant: Assistant, message: str) -> None:
    outcome = assistant.discuss(message, Context(products=PRODUCTS))
    assert len(outcome.replies) == 1
    assert is_sendable(outcome)


@settings(FEW, max_examples=25)
@given(piece=MESSAGES.filter(bool), times=st.integers(50, 400))
def test_a_very_long_message_gets_one_reply_that_fits(assistant: Assistant, piece: str, times: int) -> None:
    outcome = assistant.discuss((piece * times)[:2048], Context(products=PRODUCTS))
    assert len(outcome.replies) == 1
    assert is_sendable(outcome)


@settings(FEW, max_examples=60)
@given(messages=st.lists(MESSAGES, min_size=2, max_size=7), products=st.sampled_from([PRODUCTS, PRODUCTS[:1]]))
def test_any_sequence_of_messages_keeps_a_state_that_can_be_stored(
    assistant: Assistant, messages: list[str], products: tuple[str, ...]
) -> None:
    context = Context(products=products)
    for message in messages:
        outcome = assistant.discuss(message, context)
        assert is_sendable(outcome)
        assert outcome.state is not None
        stored = json.loads(json.dumps(outcome.state))
        assert Context.from_state(stored, products=products) == Context.from_state(outcome.state, products=products)
        context = Context.from_state(stored, products=products)
