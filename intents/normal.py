"""Brings what people type into one form: width, case, traditional characters, spacing; and gives its sound as pinyin.

Speech and pinyin input err by homophones, so that the sound of a text is often truer than its characters.
"""

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

from intents.borrowed import shipped
from intents.pinyin import pinyin_dict

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


def normalise(text: str) -> str:
    """Return `text` in NFKC, lower case, simplified characters, with words from elsewhere (borrowed.yaml) in the words
    of here, and with runs of white space as one blank."""
    text = unicodedata.normalize("NFKC", text).lower().translate(_SIMPLIFIED)
    text = _SPACE.sub(" ", text).strip()
    return shipped().read(text)


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
