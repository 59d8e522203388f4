"""Different ways to type the same thing become one form; what sounds alike gets one sound."""

import pytest

from intents.normal import compact, normalise, sound, sounds


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("ＣＡＲ－Ｔ　２０２５", "car-t 2025"),
        ("臻愛無限的住院墊付", "臻爱无限的住院垫付"),
        ("視訊問診", "视频问诊"),
        ("線上諮詢醫師", "在线咨询医生"),
        ("  臻爱\n\t21  ", "臻爱 21"),
        ("①Ⅱ㎎", "1iimg"),
        ("", ""),
    ],
)
def test_width_case_script_region_and_space_are_levelled(typed: str, form: str) -> None:
    assert normalise(typed) == form


def test_levelling_twice_changes_nothing_more() -> None:
    for typed in ("臻愛無限ＰＬＵＳ 版", "視訊問診 CAR T", "ﷺ２０２５年", "谘詢 醫師"):
        assert normalise(normalise(typed)) == normalise(typed)


def test_blanks_stay_only_between_latin_words() -> None:
    assert compact("住 院 垫 付 怎么 申请") == "住院垫付怎么申请"
    assert compact("zhen ai 21 特药 drug list") == "zhen ai 21特药drug list"


@pytest.mark.parametrize(("one", "other"), [("臻", "真"), ("无限", "无线"), ("住", "租"), ("诊", "争"), ("是", "四")])
def test_what_is_commonly_confused_sounds_the_same(one: str, other: str) -> None:
    assert sounds(one) == sounds(other)


def test_different_syllables_sound_different() -> None:
    assert sounds("住院") != sounds("门诊")


@pytest.mark.parametrize("character", ["a", "7", "?", "😀", "\u0000"])
def test_what_has_no_reading_stands_for_itself(character: str) -> None:
    assert sound(character) == character
