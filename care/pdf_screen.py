"""Tell PDFs that act by themselves: scripts and launched programs are no part of a hospital's paper.

A screen, not a guarantee: names are looked for outside of streams and inside object streams, with escapes resolved,
but a PDF that is broken on purpose may hide them. Whoever shows a PDF still shows it without rights of its own.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_BEGIN, _END = b"stream", b"endstream"
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_ACTING = re.compile(rb"/(JavaScript|JS|Launch)(?![A-Za-z0-9_.-])")
_ENCRYPTED = re.compile(rb"/Encrypt(?![A-Za-z0-9_.-])")
_DICTIONARY_BYTES = 500  # before a stream: its own dictionary is seldom longer
_MOST_UNPACKED_BYTES = 64 * 1024 * 1024  # of all object streams together


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """A PDF taken apart: what stands outside of streams, and the packed content of its object streams."""

    outside: bytes
    object_streams: tuple[bytes, ...]


def is_encrypted(content: bytes) -> bool:
    """Return whether the PDF is encrypted: then nobody but who knows the password can look into it."""
    return _ENCRYPTED.search(_parts(content).outside) is not None


def acts(content: bytes) -> bool:
    """Return whether the PDF holds a script or launches something, or has more inside than can be looked through."""
    parts = _parts(content)
    if _ACTING.search(_unescaped(parts.outside)):
        return True
    left = _MOST_UNPACKED_BYTES
    for packed in parts.object_streams:
        plain = _unpacked(packed, left)
        left -= len(plain)
        if left <= 0 or _ACTING.search(_unescaped(plain)):
            return True
    return False


def _parts(content: bytes) -> _Parts:
    outside, object_streams, at = [], [], 0
    for begin, end in _streams(content):
        outside.append(content[at:begin])
        dictionary = content[max(at, begin - _DICTIONARY_BYTES) : begin]
        if b"ObjStm" in _unescaped(dictionary):
            object_streams.append(content[begin + len(_BEGIN) : end].lstrip(b"\r\n"))
        at = end
    return _Parts(outside=b" ".join([*outside, content[at:]]), object_streams=tuple(object_streams))


def _streams(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each stream begins and ends. By plain search: a pattern could be made to try for hours."""
    at = 0
    while (begin := content.find(_BEGIN, at)) >= 0 and (end := content.find(_END, begin + len(_BEGIN))) >= 0:
        if content[begin + len(_BEGIN) : begin + len(_BEGIN) + 1] in (b"\r", b"\n"):
            yield begin, end
            at = end + len(_END)
        else:
            at = begin + len(_BEGIN)


def _unpacked(packed: bytes, most_bytes: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, most_bytes)
    except zlib.error:
        return packed


def _unescaped(part: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), part)
