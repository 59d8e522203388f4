"""Half a product's name counts only where nothing else can be meant by it."""

import pytest

from intents.halves import Halves
from intents.lexicon import Lexicon
from intents.terrain import ProductNames

PRODUCTS = [
    ProductNames(id="endless", short="臻爱无限", called=("臻爱无限",), halves=("无限",)),
    ProductNames(id="one", short="臻爱21", called=("臻爱21",), halves=("21",)),
]
WHOLE = Lexicon((name, product.id) for product in PRODUCTS for name in product.called)
SERVICES = Lexicon([("绿通", "fast-track"), ("住院垫付", "advance"), ("图文咨询", "text"), ("特药", "drug")])
HALVES = Halves(PRODUCTS)


def named(text: str) -> list[tuple[str, int, int]]:
    return [(hit.thing, hit.start, hit.end) for hit in HALVES.find(text, WHOLE.find(text), SERVICES)]


@pytest.mark.parametrize(
    "text",
    [
        "无限的绿通要几天",
        "我无限的特药几次",
        "跟无限的图文咨询比",
        "我自己的无限走住院垫付",
        "无限",
        "噢是无限",
        "说错了我买的是无限",
    ],
)
def test_half_a_name_before_a_service_or_alone_names_the_product(text: str) -> None:
    assert [thing for thing, _, _ in named(text)] == ["endless"]
    assert [text[start:end] for _, start, end in named(text)] == ["无限"]


@pytest.mark.parametrize(
    "text",
    [
        "次数是无限的吗",
        "图文咨询无限次吗",
        "是不是无限",
        "可以无限问吗",
        "无限制使用吗",
        "每年21天",
        "21岁能用吗",
        "2021的绿通",
    ],
)
def test_the_everyday_word_names_nothing(text: str) -> None:
    assert named(text) == []


def test_within_a_whole_name_the_half_is_not_told_again() -> None:
    assert named("臻爱无限的绿通") == []
    assert named("臻爱21的绿通和无限的绿通") == [("endless", 8, 10)]
