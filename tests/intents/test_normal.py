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
    assert compact("the plan 21 特药 best price") == "the plan 21特药best price"


@pytest.mark.parametrize(("one", "other"), [("臻", "真"), ("无限", "无线"), ("住", "租"), ("诊", "争"), ("是", "四")])
def test_what_is_commonly_confused_sounds_the_same(one: str, other: str) -> None:
    assert sounds(one) == sounds(other)


def test_different_syllables_sound_different() -> None:
    assert sounds("住院") != sounds("门诊")


@pytest.mark.parametrize("character", ["a", "7", "?", "😀", "\u0000"])
def test_what_has_no_reading_stands_for_itself(character: str) -> None:
    assert sound(character) == character


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("臻爱21 的 drug list 在哪", "臻爱21的药品清单在哪"),
        ("要不要先 Pre-Auth", "要不要先事先授权"),
        ("gene  test 打哪个 hotline", "基因检测打哪个电话"),
        ("資料 ji 天審完", "资料几天审完"),
        ("使唔使預先申請，幾多日", "要不要预先申请,多少日"),
        ("提早幾耐？打邊個電話", "提早多久?打哪个电话"),
        ("checklist 和 Listerine", "checklist和listerine"),
    ],
)
def test_words_from_elsewhere_are_read_as_the_words_of_here(typed: str, read: str) -> None:
    assert compact(typed) == read
