"""What parents say of a child's health, kept in their own words."""

from typing import Any

import pytest

from handlers.profile_words import changes_in

SAID: dict[str, dict[str, Any]] = {
    "对鸡蛋过敏": {"conditions": "对鸡蛋过敏"},
    "宝宝对鸡蛋、牛奶过敏，记一下": {"conditions": "对鸡蛋、牛奶过敏"},
    "早产，32周": {"conditions": "早产"},
    "有癫痫": {"conditions": "癫痫"},
    "出生体重3200克": {"birth_weight_g": 3200},
    "出生时6斤4两": {"birth_weight_g": 3200},
    "生下来只有1.9公斤": {"birth_weight_g": 1900},
    "妈妈乙肝表面抗原阴性": {"mother_hbsag": "negative"},
    "我是乙肝大三阳": {"mother_hbsag": "positive"},
    "我们在上海": {"region": "上海"},
    "改一下档案": {},
    "身高105": {},
}


@pytest.mark.parametrize("said", SAID)
def test_what_belongs_into_the_profile_is_heard(said: str) -> None:
    assert changes_in(said) == SAID[said]


def test_a_further_condition_stands_after_those_known_and_once() -> None:
    assert changes_in("对花生过敏", conditions="对鸡蛋过敏") == {"conditions": "对鸡蛋过敏；对花生过敏"}
    assert changes_in("对鸡蛋过敏", conditions="对鸡蛋过敏；早产") == {}
