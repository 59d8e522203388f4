"""Texts as chats can carry them: without characters that break an envelope, in pieces that fit a message."""

import re
import unicodedata

# Control characters, halves of surrogate pairs and non-characters: XML 1.0 allows none of them.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Where a text may be cut, the best place first: after a line, a sentence, a clause, a word.
_PLACES = tuple(re.compile(pattern) for pattern in (r"\n+", r"[。！？!?；;…]+[”’」』）)]*", r"[，,、：:]", r"\s"))


def make_safe(text: str) -> str:
    """Return the text without control characters, with plain line ends, stripped at both ends."""
    if text.isprintable():  # the usual case, without a scan by expression
        return text.strip()
    return _UNSAFE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def split(text: str, max_bytes: int) -> list[str]:
    """Cut the text into pieces of at most `max_bytes` bytes of UTF-8, on sentence ends where there are any.

    Nothing but white space at the cuts is lost. An empty text gives no piece. `max_bytes` is at least 4.
    """
    pieces = []
    rest = text.strip()
    while len(rest.encode()) > max_bytes:
        cut = _cut(rest, max_bytes)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def _cut(text: str, max_bytes: int) -> int:
    """Return where to cut: after the last good place of the second half that fits, else between two characters."""
    fits = len(text.encode()[:max_bytes].decode("utf-8", "ignore"))
    for place in _PLACES:
        ends = [match.end() for match in place.finditer(text, 0, fits)]
        if ends and ends[-1] > fits // 2:
            return ends[-1]
    return _between_characters(text, fits)


def _between_characters(text: str, fits: int) -> int:
    """Move the cut before what belongs to the character in front of it (accents, joined emoji)."""
    cut = fits
    while cut > 1 and (_joins(text[cut]) or text[cut - 1] == "\u200d"):
        cut -= 1
    return cut if cut > 1 else fits


def _joins(character: str) -> bool:
    is_skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    return is_skin_tone or character in "\u200d\ufe0e\ufe0f" or bool(unicodedata.combining(character))
