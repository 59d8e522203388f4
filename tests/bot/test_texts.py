"""Splitting long texts."""

from hypothesis import given
from hypothesis import strategies as st

from bot.texts import split


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=300), size=st.integers(40, 200))
def test_every_part_fits_and_nothing_but_white_space_is_lost(text: str, size: int) -> None:
    parts = split(text, size)
    assert all(len(part.encode()) <= size for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_short_text_is_one_part() -> None:
    assert split("您好。", 2048) == ["您好。"]


def test_nothing_gives_no_part() -> None:
    assert split("", 2048) == []


def test_a_cut_falls_on_a_sentence_end() -> None:
    assert split("等待期是30天。犹豫期另算。", 30) == ["等待期是30天。", "犹豫期另算。"]


def test_a_closing_quotation_mark_stays_with_its_sentence() -> None:
    assert split("他说：“等三十天。”然后挂了。", 33)[0] == "他说：“等三十天。”"


def test_without_a_sentence_end_a_comma_does() -> None:
    assert split("身份证，保单，病历，发票", 24) == ["身份证，保单，", "病历，发票"]


def test_without_any_mark_the_cut_is_between_characters() -> None:
    assert split("一二三四五六七八", 12) == ["一二三四", "五六七八"]


def test_a_joined_emoji_stays_whole() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert split("一二三四五" + family, 26) == ["一二三四五", family]
