"""What a person wrote, in two aligned forms: as typed, and plain (half width, lower case, simplified characters)."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from opencc import OpenCC

Span = tuple[int, int]

# Stands for a piece that was already taken as a value; no pattern matches it.
TAKEN = "\x00"

_CJK = (0x4E00, 0x9FFF)
# The comma in 35,000 is none between clauses.
_BREAK = re.compile(
    r"[。;；!！?？\n、|]|[,，](?!(?<=\d[,，])\d{3}(?!\d))|(?<!\d)\.|\.(?!\d)|(?<=[\u4e00-\u9fff])\s+|\s+(?=[\u4e00-\u9fff])"
)


@lru_cache(maxsize=1)
def _simplified() -> dict[int, str]:
    # Only the one-to-one part of the conversion, so that the two forms stay aligned.
    convert = OpenCC("t2s").convert
    characters = [chr(code) for code in range(_CJK[0], _CJK[1] + 1)]
    return {ord(old): new for old in characters if len(new := convert(old)) == 1 and new != old}


@lru_cache(maxsize=16_384)  # single characters: nothing of anybody stays in it
def _narrow(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    plain = plain.lower() if len(plain) == 1 else character
    if len(plain) != 1:
        return character
    if unicodedata.category(plain) == "Nd":
        return str(unicodedata.decimal(plain))
    return " " if unicodedata.category(plain) in ("Cc", "Cf", "Zs") and plain != "\n" else plain


def plain(text: str) -> str:
    """Return `text` in half width, lower case, simplified characters: character by character, so of the same length."""
    return "".join(map(_narrow, text)).translate(_simplified())


@dataclass(frozen=True, kw_only=True)
class Said:
    """A message or a part of one. `typed` and `plain` have the same length: a span means the same in both."""

    typed: str
    plain: str

    @classmethod
    def of(cls, text: str) -> "Said":
        """Return what `text` says."""
        return cls(typed=text, plain=plain(text))

    def __bool__(self) -> bool:
        return bool(self.plain.replace(TAKEN, "").strip())

    def part(self, span: Span) -> "Said":
        """Return what stands in a span."""
        return Said(typed=self.typed[slice(*span)], plain=self.plain[slice(*span)])

    def without(self, span: Span) -> "Said":
        """Return the same with a span taken out; the places of everything else stay."""
        start, end = span
        gap = TAKEN * (end - start)
        return Said(
            typed=self.typed[:start] + gap + self.typed[end:], plain=self.plain[:start] + gap + self.plain[end:]
        )

    def stripped(self, ends: str = " \t\r\n,，。.!！;；、~～") -> Span:
        """Return the span of what stands between blanks and stray marks."""
        start, end = 0, len(self.plain)
        while start < end and self.plain[start] in ends:
            start += 1
        while end > start and self.plain[end - 1] in ends:
            end -= 1
        return start, end

    def clauses(self) -> list[Span]:
        """Return the spans between commas, stops and line breaks, without empty ones."""
        found, start = [], 0
        for mark in _BREAK.finditer(self.plain):
            found.append((start, mark.start()))
            start = mark.end()
        found.append((start, len(self.plain)))
        return [span for span in found if self.plain[slice(*span)].strip()]

    def clause_of(self, span: Span) -> Span:
        """Return the clause in which a span begins."""
        for start, end in self.clauses():
            if start <= span[0] < end:
                return start, max(end, span[1])
        return span
