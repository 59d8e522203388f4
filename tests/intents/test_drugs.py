"""A drug is found by any of its names; a name not quite right is never taken for right."""

import pytest

from intents.drugs import DrugIndex
from intents.match import DrugAsk
from intents.normal import compact
from tests.intents.terrains import DRUGS

INDEX = DrugIndex(DRUGS)


def ask(text: str, *, following: bool = False) -> DrugAsk | None:
    return INDEX.ask(compact(text), following=following)


@pytest.mark.parametrize(("name", "rows"), [("星愈片", (1,)), ("S药", (1,)), ("starlo", (1,)), ("月安针", (3,))])
def test_a_brand_or_nickname_finds_its_row(name: str, rows: tuple[int, ...]) -> None:
    assert ask(f"特药清单里有{name}吗") == DrugAsk(rows=rows, typed=compact(name), certain=True)


def test_a_generic_name_finds_every_brand_of_it() -> None:
    found = ask("清单里有没有塞洛替尼")
    assert found is not None
    assert found.rows == (1, 2)


def test_a_bare_name_is_a_question_for_the_list() -> None:
    found = ask("星愈片")
    assert found is not None
    assert found.rows == (1,)


@pytest.mark.parametrize("typed", ["星鱼片", "星语片"])
def test_a_misheard_name_is_marked_as_not_certain(typed: str) -> None:
    found = ask(f"特药清单里有{typed}吗")
    assert found is not None
    assert (found.rows, found.typed, found.certain) == ((1,), typed, False)


def test_a_wrong_character_in_a_generic_name_is_another_drug() -> None:
    found = ask("特药清单里有塞非替尼吗")
    assert found is not None
    assert found.rows == ()


def test_a_drug_that_is_not_listed_is_named_back() -> None:
    found = ask("特药清单里有没有阿帕替尼")
    assert found is not None
    assert found.rows == ()
    assert "阿帕替尼" in found.typed


def test_a_maker_finds_its_drugs() -> None:
    found = ask("清单里月湖生物的药有哪些")
    assert found is not None
    assert (found.rows, found.by_maker) == ((2, 3), True)


def test_a_maker_may_be_called_by_its_short_name() -> None:
    found = ask("星河有哪些特药")
    assert found is not None
    assert found.rows == (1, 4)


@pytest.mark.parametrize("question", ["星愈片一天吃几片", "米拉单抗的副作用", "塞洛替尼漏服怎么办"])
def test_dose_and_effect_are_no_question_for_a_list(question: str) -> None:
    assert ask(question) is None


def test_a_follow_up_needs_no_word_for_the_list() -> None:
    question = "另外再问下月安针呢"
    assert ask(question) is None
    found = ask(question, following=True)
    assert found is not None
    assert found.rows == (3,)


@pytest.mark.parametrize("question", ["特药怎么申请", "等待期多久", "云舒展了今天天气不错呀"])
def test_a_question_without_a_drug_is_none(question: str) -> None:
    assert ask(question) is None


def test_a_very_short_brand_counts_only_beside_words_for_drugs() -> None:
    found = ask("特药清单里有云舒吗")
    assert found is not None
    assert found.rows == (4,)
    assert ask("我的心情像云舒一样好啊有人吗") is None
