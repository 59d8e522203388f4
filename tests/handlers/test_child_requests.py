"""What is told of children is heard, and questions for the handbooks stay theirs."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from handlers.requests import child_dose_wrong, child_doses, child_plan
from intents.requests import Requests

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 23)
WISHES = Requests.load()
MEANT = {
    "child_doses": lambda text: child_doses.is_meant(text, TODAY),
    "child_plan": child_plan.is_meant,
    "child_dose_wrong": child_dose_wrong.is_meant,
}
SAID = {
    "child_profile": ["建宝宝档案", "给宝宝建接种档案", "帮我建个孩子档案", "看宝宝档案", "再加一个孩子"],
    "child_doses": [
        "打过五联两针，3月和4月",
        "昨天打了麻腮风",
        "乙肝三针都打了，出生、1个月、6个月",
        "卡介苗出生就打了",
        "已接种",
        "都打了",
        "打完了",
        "已接种，昨天打的",
        "五联3月5号",
        "打了" + "五联3月5号，" * 30,
    ],
    "child_dose_wrong": ["不对，第二针是4月15号", "刚才那针记错了，删掉", "把麻腮风删掉", "第二针应该是4月15号"],
    "child_whole": ["就这些", "就打过这些", "都说完了"],
    "child_plan": [
        "宝宝还有哪些针没打",
        "还有几针没打",
        "下一针什么时候",
        "下次打什么疫苗",
        "把疫苗计划发给我",
        "接种记录",
        "孩子该打什么疫苗",
    ],
    "child_growth": ["身高105 体重17", "今天量的75厘米，20斤"],
    "child_check_up": ["体检做好了", "昨天做完体检了", "儿保做过了"],
    "child_change": ["宝宝对鸡蛋过敏，记一下", "出生体重3200克", "改一下宝宝档案", "我们在上海"],
    "child_fit": ["发烧能打疫苗吗", "宝宝感冒了可以打针吗", "能打疫苗吗，宝宝有湿疹"],
}
OTHERS = [
    "给孩子建个健康档案",
    "帮我设置预防接种提醒",
    "帮我约第二针疫苗",
    "想给孩子打流感疫苗",
    "昨天打了13价，怎么报销",
    "昨天刚打完疫苗，胳膊肿了",
    "孩子还没打麻腮风",
]


def heard(text: str) -> list[str]:
    kinds = [kind for kind in WISHES.all_in(text) if kind.startswith("child_")]
    return [kind for kind in kinds if kind not in MEANT or MEANT[kind](text)]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in SAID.items() for text in texts])
def test_what_is_told_of_a_child_is_heard(kind: str, text: str) -> None:
    assert kind in heard(text)


@pytest.mark.parametrize("text", OTHERS)
def test_what_others_answer_is_left_to_them(text: str) -> None:
    assert heard(text) == []


def questions() -> Iterator[str]:
    for path in sorted((ROOT / "knowledge/handbooks").glob("*/phrasings.csv")):
        with path.open(encoding="utf-8") as lines:
            yield from (row["text"] for row in csv.DictReader(lines))


def test_no_question_for_a_handbook_is_taken_for_what_is_told_of_a_child() -> None:
    taken = {text: kinds for text in questions() if (kinds := heard(text))}
    assert taken == {}, json.dumps(taken, ensure_ascii=False)
