"""Looks for people in what was stored or logged: any Chinese at all, and given numbers, names and ids, in one pass."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

# Four Chinese characters in a row stand in sealed bytes once in some terabytes; two or three do now and then.
_CHINESE = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){2,}")
_ESCAPED = re.compile(rb"(?:\\u[4-9][0-9a-f]{3}){2,}", re.IGNORECASE)
_PLAIN = re.compile(rb"[0-9A-Za-z_-]{6,}")
_SENTENCE = 4


def traces(stored: bytes, *, names: Collection[str], marks: Collection[str]) -> list[str]:
    """Return what is found: sentences and escaped ones, `names` (Chinese), `marks` (numbers and ids, in ASCII)."""
    # Every second byte: what UTF-16 makes of ASCII.
    return [
        *_sentences(stored),
        *_named(stored, set(names)),
        *(mark for part in (stored, stored[::2], stored[1::2]) for mark in _marked(part, marks)),
    ]


def of_folder(folder: Path, *, but: Collection[str] = ()) -> bytes:
    """Return the bytes of all files below a folder, without those named `but`, at any depth."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not set(but) & set(path.parts))
    return b"\0".join(path.read_bytes() for path in found)


def _sentences(stored: bytes) -> Iterator[str]:
    for run in _CHINESE.findall(stored):
        text = run.decode(errors="replace")
        if len(text) >= _SENTENCE:
            yield text
    yield from (run.decode() for run in _ESCAPED.findall(stored))


def _named(stored: bytes, names: set[str]) -> Iterator[str]:
    for run in _CHINESE.findall(stored):
        text = run.decode(errors="replace")
        for length in {len(name) for name in names}:
            yield from (text[at : at + length] for at in range(len(text)) if text[at : at + length] in names)


def _marked(stored: bytes, marks: Collection[str]) -> Iterator[str]:
    known = {mark.encode() for mark in marks}
    lengths = {len(mark) for mark in known}
    for run in _PLAIN.findall(stored):
        for length in lengths:
            for at in range(len(run) - length + 1):
                if run[at : at + length] in known:
                    yield run[at : at + length].decode()
