"""Hand-over, small talk and commands; and what is taken off a question for courtesy's sake."""

import json
import time
from pathlib import Path

import pytest

from intents.courtesy import strip_courtesies
from tests.intents.as_served import talk

FROZEN = Path(__file__).parents[1] / "questions" / "safety_frozen.jsonl"


def intent(message: str) -> str | None:
    found = talk().judge(message)
    return found and found.intent


def frozen(*labels: str) -> list[tuple[str, str]]:
    rows = [json.loads(line) for line in FROZEN.read_text(encoding="utf-8").splitlines()]
    return [(row["text"], row["label"]) for row in rows if row["label"] in labels]


@pytest.mark.parametrize(
    "message", ["转人工", "我要投诉！", "请给我回个电话", "你听不懂，找个真人来", "人工客服呢", "叫你们经理出来"]
)
def test_a_request_for_a_person_and_a_complaint_are_handed_over(message: str) -> None:
    assert intent(message) == "handoff"


@pytest.mark.parametrize(
    "message", ["你别自动回复我了我要跟客服本人讲", "别给我自动回复了", "我要投诉快递员把药摔坏了"]
)
def test_who_is_tired_of_automatic_answers_or_got_a_broken_medicine_is_handed_over(message: str) -> None:
    assert intent(message) == "handoff"


@pytest.mark.parametrize(
    "message", ["楼上天天半夜蹦迪 我该找谁投诉", "隔壁装修天天吵 打哪个电话投诉啊", "我想投诉物业"]
)
def test_a_complaint_about_a_neighbour_is_none_about_us(message: str) -> None:
    assert intent(message) is None


def test_a_complaint_beside_a_question_is_handed_over() -> None:
    assert intent("垫付申请一周了没人理，我要投诉你们，到底几天能批") == "handoff"


@pytest.mark.parametrize(
    "message",
    [
        "人工授精报不报",
        "客服电话多少",
        "人工耳蜗在保障里吗",
        "健康管家是干嘛的",
        "多久能有人给我回电话",
        "还要派人来查的那种呢",
    ],
)
def test_a_question_about_such_words_is_no_hand_over(message: str) -> None:
    assert intent(message) is None


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("你好，请问在吗", "greeting"),
        ("好的，谢谢你啊", "thanks"),
        ("没别的事了，拜拜", "bye"),
        ("你是机器人吗", "bot"),
        ("你能做什么", "capability"),
        ("姑娘 你这儿都能帮我问点啥呀", "capability"),
        ("收到", "ack"),
        ("你真笨", "insult"),
        ("你太棒了", "praise"),
        ("不好意思，发错了", "sorry"),
        ("上一步", "back"),
        ("取消", "cancel"),
        ("菜单", "menu"),
    ],
)
def test_small_talk_and_commands_are_recognised(message: str, expected: str) -> None:
    assert intent(message) == expected


@pytest.mark.parametrize(
    "message", ["你好，垫付怎么申请", "谢谢，那要等几天", "好的，材料要哪些", "怎么取消住院垫付", "再见面诊要带什么"]
)
def test_small_talk_beside_a_question_leaves_the_question(message: str) -> None:
    assert intent(message) is None


def test_an_empty_message_is_no_talk() -> None:
    assert intent("") is None


def test_frozen_hand_overs_are_mostly_recognised_and_look_alikes_rarely() -> None:
    wanted = frozen("handoff")
    assert sum(intent(text) == "handoff" for text, _ in wanted) >= 0.8 * len(wanted)
    others = frozen("not_handoff", "medical", "not_emergency")
    assert sum(intent(text) == "handoff" for text, _ in others) <= 0.03 * len(others)


def test_frozen_small_talk_is_mostly_recognised() -> None:
    said = frozen("greeting", "thanks", "bye", "bot", "capability", "ack", "praise", "sorry", "insult")
    right = sum(intent(text) in (label, "menu" if label == "capability" else label) for text, label in said)
    assert right >= 0.85 * len(said)


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("你好，垫付怎么申请", "垫付怎么申请"),
        ("小同志你好 我问一下 我这个臻爱无限能用几次", "我这个臻爱无限能用几次"),
        ("麻烦问一下等待期多久，谢谢啦", "等待期多久"),
        ("請問臻愛21有視訊問診嗎，謝謝", "臻愛21有視訊問診嗎"),
        ("客服电话多少", "客服电话多少"),
        ("医生在线吗", "医生在线吗"),
        ("咨询次数有限制吗", "咨询次数有限制吗"),
        ("谢谢", ""),
        ("等待期多少天啊 我忘了", "等待期多少天啊"),
        ("要出示电子卡 我忘了", "要出示电子卡 我忘了"),
    ],
)
def test_courtesies_are_taken_off_and_the_question_stays(message: str, question: str) -> None:
    assert strip_courtesies(message) == question


@pytest.mark.parametrize("words", ["谢谢,,,,", "几,我忘了", "你好", "真是", "好的,", "麻烦问一下", "非常太", "ok"])
def test_a_row_of_courtesies_costs_at_most_by_the_square_of_its_length(words: str) -> None:
    """One text of 2,048 bytes must not hold up everybody else's turn."""
    short, long = (min(seconds_for((words * 680)[:length] + "x") for _ in range(3)) for length in (170, 680))
    assert long < 25 * short  # four times the length


def seconds_for(message: str) -> float:
    """Return the processor time that taking off courtesies and judging what is left takes."""
    started = time.process_time()
    strip_courtesies(message)
    talk().judge(message)
    return time.process_time() - started
