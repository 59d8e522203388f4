"""Answers of each kind as people write them, from a table; and what must hold for any text."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.forms import Choice, Question
from bot.slots import id_numbers, kinds, phones, yes_no
from bot.slots.numerals import whole
from bot.slots.reading import Found, Problem, Reading, Scope, Several
from bot.slots.said import Said, plain

TABLE = yaml.safe_load((Path(__file__).parent / "slots.yaml").read_text(encoding="utf-8"))
SCOPE = Scope(today=date(2026, 11, 22))
CHOICES: dict[str, list[dict[str, Any]]] = {
    "choice": [
        {"id": "outpatient", "label": "门诊费用", "called": ["门诊"]},
        {"id": "inpatient", "label": "住院费用", "called": ["住院"]},
        {"id": "other", "label": "其他费用", "called": ["别的"]},
    ],
    "choices": [
        {"id": "escort", "label": "陪诊"},
        {"id": "nurse", "label": "护工"},
        {"id": "car", "label": "接送"},
    ],
}
KINDS = [*TABLE, "date", "drug", "files"]


def question(kind: str) -> Question:
    fields = {"slot": "it", "kind": kind, "ask": "是什么？", "short": "它", "choices": CHOICES.get(kind, [])}
    return Question.model_validate(fields)


def told(reading: Reading | None) -> Any:
    match reading:
        case Found():
            return reading.value
        case Several():
            return [option.value for option in reading.options]
        case Problem():
            return reading.sentence
        case _:
            return "没有"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("办好了", "yes"),
        ("凭证已经办好啦", "yes"),
        ("还没办好", "no"),
        ("拿到了", None),
        ("办好了吗", None),
        ("不知道办好没有", None),
    ],
)
def test_an_answer_in_the_questions_own_words_is_yes_or_no(text: str, expected: str | None) -> None:
    assert yes_no.echoed(text, "住院凭证办好了吗？") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("是", "yes"),
        ("同意，谢谢", "yes"),
        ("我同意你们使用", "yes"),
        ("确定删除", "yes"),
        ("对，删掉吧", "yes"),
        ("我还能用几次", "没有"),
        ("要不先看看", "没有"),
        ("好的，我先问问家里人", "没有"),
        ("可以先不删吗", "没有"),
        ("不同意", "no"),
        ("先不了", "no"),
    ],
)
def test_a_yes_with_consequences_says_nothing_else(text: str, expected: str) -> None:
    binding = question("yes_no").model_copy(update={"binding": True})
    assert told(kinds.read(binding, Said.of(text), SCOPE)) == expected


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        pytest.param(kind, text, value, id=f"{kind}: {text}")
        for kind, rows in TABLE.items()
        for text, value in rows.items()
    ],
)
def test_an_answer_is_read_as_it_is_meant(kind: str, text: str, expected: Any) -> None:
    assert told(kinds.read(question(kind), Said.of(text), SCOPE)) == expected


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=60))
def test_no_text_makes_reading_fail_and_what_is_found_is_valid(kind: str, text: str) -> None:
    said = Said.of(text)
    reading = kinds.read(question(kind), said, SCOPE)
    found = [reading] if isinstance(reading, Found) else []
    for one in [*found, *kinds.find(question(kind), said, SCOPE)]:
        assert kinds.is_valid(question(kind), one.value, today=SCOPE.today)
        assert 0 <= one.span[0] <= one.span[1] <= len(text)


@given(text=st.text(max_size=80))
def test_plain_text_keeps_its_places(text: str) -> None:
    assert len(plain(text)) == len(text)
    said = Said.of(text)
    assert all(0 <= start < end <= len(text) for start, end in said.clauses())


@given(
    area=st.integers(100000, 999999),
    born=st.dates(date(1900, 1, 1), SCOPE.today),
    serial=st.integers(0, 999),
    other=st.integers(1, 9),
    at=st.integers(0, 16),
)
def test_a_check_digit_finds_every_single_wrong_digit(area: int, born: date, serial: int, other: int, at: int) -> None:
    head = f"{area}{born:%Y%m%d}{serial:03}"
    weights = [pow(2, 17 - place, 11) for place in range(17)]
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(head, weights, strict=True)) % 11]
    number = head + check
    assert id_numbers.fault_of(number, today=SCOPE.today) is None
    assert id_numbers.birth_of(number) == born
    wrong = number[:at] + str((int(number[at]) + other) % 10) + number[at + 1 :]
    assert id_numbers.fault_of(wrong, today=SCOPE.today) is not None


@given(digits=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), gap=st.sampled_from(["", " ", "-"]))
def test_a_mobile_number_is_found_however_it_is_spaced(digits: str, gap: str) -> None:
    text = f"请打{digits[:3]}{gap}{digits[3:7]}{gap}{digits[7:]}，谢谢"
    assert [found.value for found in phones.find(Said.of(text))] == [digits]


@pytest.mark.parametrize(
    ("text", "number"),
    [("十", 10), ("十五", 15), ("二十", 20), ("一百零五", 105), ("三千五", 3500), ("一万五", 15000), ("二〇二六", 2026),
     ("三百二十一", 321), ("两千", 2000), ("十二万三千", 123000), ("廿五", 25), ("甲", None), ("", None)],
)  # fmt: skip
def test_chinese_numerals_are_numbers(text: str, number: int | None) -> None:
    assert whole(text) == number


def test_numbers_of_persons_are_shown_by_their_last_four() -> None:
    for kind, value in [("phone", "13800138000"), ("id_number", "990101199003071237"), ("card", "6200000000001234")]:
        assert kinds.shown(question(kind), value, today=SCOPE.today) == f"尾号{value[-4:]}"
        assert kinds.shown(question(kind), value, today=SCOPE.today, masked=False) == value


def test_a_number_means_the_line_and_not_the_id_of_another_choice() -> None:
    """Ids made on the spot are row numbers: a 1 must not choose the second person."""
    people = [{"id": "0", "label": "演示甲"}, {"id": "1", "label": "演示乙"}, {"id": "3", "label": "演示丙"}]
    asked = question("choice").model_copy(update={"choices": tuple(Choice(**one) for one in people)})
    assert [told(kinds.read(asked, Said.of(text), SCOPE)) for text in ("1", "2", "3")] == ["0", "1", "3"]
