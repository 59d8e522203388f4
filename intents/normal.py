"""Brings what people type into one form: width, case, traditional characters, spacing; and gives its sound as pinyin.

Speech and pinyin input err by homophones, so that the sound of a text is often truer than its characters.
"""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

import yaml
from opencc import OpenCC
from pypinyin.pinyin_dict import pinyin_dict

from bot.errors import ConfigurationFault

BORROWED = Path(__file__).parent / "borrowed.yaml"

_SPACE = re.compile(r"\s+")
_CJK = (0x4E00, 0x9FFF)

# Pairs of initials and finals that many speakers and most recognisers confuse.
_CONFUSED = ((re.compile("^zh"), "z"), (re.compile("^ch"), "c"), (re.compile("^sh"), "s"), (re.compile("ng$"), "n"))


def _simplified_table() -> dict[int, str]:
    """Return the one-to-one part of OpenCC's traditional → simplified conversion as a translation table."""
    convert = OpenCC("t2s").convert
    characters = [chr(code) for code in range(_CJK[0], _CJK[1] + 1)]
    return {ord(old): new for old in characters if len(new := convert(old)) == 1 and new != old}


_SIMPLIFIED = _simplified_table()


def _borrowed(path: Path = BORROWED) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what finds words mixed in from elsewhere, and what each is read as. Raises ConfigurationFault."""
    try:
        sections = yaml.safe_load(path.read_text(encoding="utf-8"))
        words = {str(word): str(read) for section in sections.values() for word, read in section.items()}
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise ConfigurationFault(f"{path}: {error}; it holds sections of `word: what is read instead`") from error
    longest_first = sorted(words, key=len, reverse=True)
    latin = "|".join(re.sub(r"[ -]", "[ -]?", word) for word in longest_first if word.isascii())
    other = [word for word in longest_first if not word.isascii()]
    # Most positions of most messages begin none of them: one look at the character says so.
    starts = "".join(sorted({word[0] for word in other}))
    pattern = rf"(?=[a-z])(?<![a-z0-9])(?:{latin})(?![a-z0-9])|(?=[{starts}])(?:{'|'.join(other)})"
    return re.compile(pattern), {_joined(word): words[word] for word in words}


def _joined(word: str) -> str:
    return word.replace(" ", "").replace("-", "")


_BORROWED, _READ_AS = _borrowed()


def normalise(text: str) -> str:
    """Return `text` in NFKC, lower case, simplified characters, with words from elsewhere (borrowed.yaml) in the words
    of here, and with runs of white space as one blank."""
    text = unicodedata.normalize("NFKC", text).lower().translate(_SIMPLIFIED)
    text = _SPACE.sub(" ", text).strip()
    return _BORROWED.sub(lambda found: _READ_AS[_joined(found[0])], text)


def compact(text: str) -> str:
    """Return normalised `text` without blanks, except between Latin words."""
    return re.sub(r"(?<![a-z0-9]) | (?![a-z0-9])", "", normalise(text))


@lru_cache(maxsize=32768)
def sound(character: str) -> str:
    """Return the toneless pinyin of one character, with commonly confused sounds merged; others return themselves."""
    reading = pinyin_dict.get(ord(character))
    if reading is None:
        return character
    plain = unicodedata.normalize("NFD", reading.split(",")[0])
    syllable = "".join(letter for letter in plain if "a" <= letter <= "z")
    for pattern, merged in _CONFUSED:
        syllable = pattern.sub(merged, syllable)
    return syllable


def sounds(text: str) -> tuple[str, ...]:
    """Return the sound of each character of `text`."""
    return tuple(map(sound, text))
