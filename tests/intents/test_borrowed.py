"""Words from elsewhere are data: what could never be found, or stands twice, is refused with place and remedy."""

import pytest

from bot.errors import ConfigurationFault
from intents.borrowed import FILE, load
from intents.normal import normalise

WORDS = {"regional": "视讯: 视频", "cantonese": "几耐: 多久", "english": "pre-auth: 事先授权", "pinyin": "ji: 几"}


def written(tmp_path, **more):
    path = tmp_path / "borrowed.yaml"
    sections = (f"{name}:\n  {words}\n  {more.pop(name, '')}\n" for name, words in WORDS.items())
    path.write_text("".join(sections) + "".join(more.values()), encoding="utf-8")
    return path


def test_a_word_is_read_in_any_spelling_and_only_whole(tmp_path) -> None:
    read = load(written(tmp_path)).read
    assert [read(word) for word in ("pre-auth", "pre auth", "preauth")] == ["事先授权"] * 3
    assert read("ji天 jian") == "几天 jian"
    assert read("要几耐") == "要多久"


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"english": "Hotline: 电话"}, "english: 'Hotline' is never found"),
        ({"cantonese": "幾時;: 何时"}, "cantonese: '幾時;' is never found"),
        ({"english": "call: ''"}, "english: 'call' is read as nothing"),
        ({"pinyin": "preauth: 授权"}, "pinyin: 'preauth' stands twice"),
        ({"pinyin": "no: 不"}, "stands in quotes"),
        ({"dialect": "x:\n  侬: 你\n"}, "dialect|x"),
    ],
)
def test_a_faulty_word_is_refused_with_its_place_and_the_remedy(tmp_path, more: dict[str, str], names: str) -> None:
    path = written(tmp_path, **more)
    with pytest.raises(ConfigurationFault, match=names) as raised:
        load(path)
    assert str(path) in str(raised.value)


def test_every_word_that_is_shipped_is_written_as_messages_are_read() -> None:
    """Else it would never be found: 幾時 is 几时 by then."""
    known = load(FILE)
    for word, read in known.read_as.items():
        assert normalise(word) == normalise(read) == read, word
