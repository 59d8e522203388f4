"""What people tell of a policy in one message is taken all at once, whatever its order."""

import pytest

from bot.forms import Choice
from handlers.claims import facts_in

PRODUCTS = (
    Choice(id="wuxian", label="臻爱无限", called=("臻爱无限2023",)),
    Choice(id="growth", label="成长优享", called=("成长优享PLUS",)),
)
ALL = {"product": "wuxian", "number": "DEMO-WX-0001", "insured_name": "演示甲", "phone_last4": "0101"}
WITHOUT_PRODUCT = {name: value for name, value in ALL.items() if name != "product"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("臻爱无限 DEMO-WX-0001 演示甲 0101", ALL),
        ("DEMO-WX-0001，演示甲，0101", WITHOUT_PRODUCT),
        ("我的保单号是 DEMO-WX-0001，叫演示甲，手机尾号0101", WITHOUT_PRODUCT),
        ("被保险人演示甲 手机后四位：0101 保单DEMO-WX-0001", WITHOUT_PRODUCT),
        ("演示甲\nDEMO-WX-0001\n15400000101", {**WITHOUT_PRODUCT, "phone_last4": "15400000101"}),
        ("身份证99010119880412101X，姓名：演示甲", {"number": "99010119880412101X", "insured_name": "演示甲"}),
        ("臻爱无限，保单号DEMO-WX-0001", {"product": "wuxian", "number": "DEMO-WX-0001"}),
        ("买买提 尾号0101", {"insured_name": "买买提", "phone_last4": "0101"}),
    ],
)
def test_several_facts_are_taken_from_one_message(text: str, told: dict[str, str]) -> None:
    assert dict(facts_in(text, PRODUCTS)) == told


@pytest.mark.parametrize(
    "text",
    [
        "DEMO-WX-0001",
        "演示甲",
        "0101",
        "99010119880412101X",
        "15400000101",
        "臻爱无限",
        "等待期是多久",
        "给我老婆办，我是她老公，昨天住进华西医院，乳腺癌，11月3号确诊的",
        "臻爱无限2025年3月1日生效的能用吗",
        "身份证号 990101 19880412 0778",
        "我要人工",
        "",
    ],
)
def test_one_fact_or_none_is_left_to_the_open_question(text: str) -> None:
    assert facts_in(text, PRODUCTS) == {}
