"""Tell PDFs that act by themselves: scripts and launched programs are no part of a hospital's paper.

A screen, not a guarantee: names are looked for outside of streams and inside object streams, with escapes resolved,
but a PDF that is broken on purpose may hide them. Whoever shows a PDF still shows it without rights of its own.
"""

import re
import zlib
from collections.abc import Iterator

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_ACTING = re.compile(rb"/(JavaScript|JS|Launch)(?![A-Za-z0-9_.-])")
_ENCRYPTED = re.compile(rb"/Encrypt(?![A-Za-z0-9_.-])")
_MOST_UNPACKED_BYTES = 8 * 1024 * 1024  # of one object stream
_MOST_OBJECT_STREAMS = 2000
_DICTIONARY_BYTES = 2000  # before a stream: its own dictionary is far shorter


def is_encrypted(content: bytes) -> bool:
    """Return whether the PDF is encrypted: then nobody but the owner of the password can look into it."""
    return _ENCRYPTED.search(_STREAM.sub(b" ", content)) is not None


def acts(content: bytes) -> bool:
    """Return whether the PDF holds a script or launches something."""
    return any(_ACTING.search(_unescaped(part)) for part in _written_out(content))


def _written_out(content: bytes) -> Iterator[bytes]:
    yield _STREAM.sub(b" ", content)
    for number, found in enumerate(_STREAM.finditer(content)):
        dictionary = content[max(0, found.start() - _DICTIONARY_BYTES) : found.start()].rpartition(b" obj")[2]
        if b"ObjStm" in _unescaped(dictionary) and number < _MOST_OBJECT_STREAMS:
            yield _unpacked(found[1])


def _unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, _MOST_UNPACKED_BYTES)
    except zlib.error:
        return packed


def _unescaped(part: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), part)
