"""Names are found letter by letter, by sound, or with one wrong character; the longest and surest reading wins."""

from intents.lexicon import Lexicon

NAMES = Lexicon([
    ("住院垫付", "advance"), ("住院", "stay"), ("特药", "drug"), ("CAR-T", "car-t"), ("CAR", "car"),
    ("臻爱无限", "endless"), ("问诊", "video"), ("问诊", "text"),
])  # fmt: skip


def found(text: str, names: Lexicon = NAMES) -> list[tuple[str, str]]:
    return [(hit.thing, hit.how) for hit in names.find(text)]


def test_a_name_is_found_where_it_stands() -> None:
    hit = NAMES.find("我想申请住院垫付")[0]
    assert (hit.thing, hit.name, hit.start, hit.end, hit.how) == ("advance", "住院垫付", 4, 8, "exact")


def test_the_longest_name_wins_over_one_inside_it() -> None:
    assert found("住院垫付") == [("advance", "exact")]


def test_a_shorter_name_is_found_elsewhere_in_the_text() -> None:
    assert found("住院的住院垫付") == [("advance", "exact"), ("stay", "exact")]


def test_a_name_is_found_by_its_sound() -> None:
    assert found("真爱无线怎么用") == [("endless", "sound")]


def test_a_name_with_one_wrong_character_is_found() -> None:
    assert found("住院垫村") == [("advance", "shape")]


def test_two_wrong_characters_are_too_many() -> None:
    assert ("advance", "shape") not in found("住院店村")


def test_a_short_name_may_be_misheard_but_not_misspelt() -> None:
    assert found("特色") == []
    assert found("特要") == [("drug", "sound")]


def test_two_characters_cut_out_of_other_words_are_no_name_misheard() -> None:
    paid = Lexicon([("垫钱", "advance")])
    assert found("要先店钱吗", paid) == [("advance", "sound")]
    assert found("几点前说", paid) == []


def test_letter_by_letter_beats_sound_at_the_same_length() -> None:
    both = Lexicon([("真爱", "true"), ("珍爱", "precious")])
    assert found("真爱", both) == [("true", "exact")]


def test_a_name_of_two_things_finds_both() -> None:
    assert sorted(found("问诊")) == [("text", "exact"), ("video", "exact")]


def test_a_latin_name_is_not_cut_out_of_a_longer_word() -> None:
    assert found("car-t怎么做") == [("car-t", "exact")]
    assert found("cargo") == []


def test_letters_only_match_without_fuzziness() -> None:
    assert NAMES.find("真爱无线", fuzzy=False) == []
    assert Lexicon([("臻爱无限", "endless")], fuzzy=False).find("真爱无线") == []


def test_nothing_is_found_in_nothing() -> None:
    assert NAMES.find("") == []
    assert Lexicon([]).find("住院垫付") == []
