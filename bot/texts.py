"""Texts that fit a platform's message: cut by UTF-8 bytes, on sentence ends. Pure."""

import unicodedata

_SENTENCE_ENDS = "。！？!?；;…\n"
_SOFTER_ENDS = "，,、：: "
_CLOSERS = "”’」』）)】》\"'"
_JOINERS = "\u200d\ufe0e\ufe0f"


def split(text: str, max_bytes: int) -> list[str]:
    """Cut `text` into parts of at most `max_bytes` UTF-8 bytes each: on a sentence end if one is in reach,
    else on a softer mark, else between two characters. White space at a cut is dropped; nothing else is lost.
    """
    if max_bytes < 4:
        raise ValueError("a part must have room for one character (4 bytes)")
    parts = []
    rest = text
    while len(rest.encode()) > max_bytes:
        cut = _cut(rest, max_bytes)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [part for part in [*parts, rest] if part]


def _cut(text: str, max_bytes: int) -> int:
    reach = len(text.encode()[:max_bytes].decode("utf-8", "ignore"))
    for ends in (_SENTENCE_ENDS, _SOFTER_ENDS):
        cut = _after_last(text, ends, reach)
        # A cut near the start would make a stub of a message; a rougher cut reads better.
        if cut > reach // 3:
            return cut
    return _between_characters(text, reach)


def _after_last(text: str, ends: str, reach: int) -> int:
    for position in range(reach - 1, -1, -1):
        if text[position] not in ends:
            continue
        cut = position + 1
        while cut < len(text) and text[cut] in _CLOSERS:
            cut += 1
        if cut <= reach:
            return cut
    return 0


def _between_characters(text: str, reach: int) -> int:
    cut = reach
    while cut > 1 and (unicodedata.combining(text[cut]) or text[cut] in _JOINERS or text[cut - 1] in _JOINERS[0]):
        cut -= 1
    return cut if cut > 1 else reach
