"""Whether two written names are the same person's name: blanks, width, case, middle dots and old characters aside."""

import hmac
import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

# Blanks, hyphens, and the dots between the parts of names such as 买买提·艾力: each input method has a dot of its own.
_BETWEEN = re.compile("[\\s\u00b7\u2022\u2027\u2219\u22c5\u2e31\u30fb\uff65\u318d\u16eb\u0387.．。,，'’\\-‐‑–—]+")


def plain_name(name: str) -> str:
    """Return the name in the one form by which names are compared."""
    text = _BETWEEN.sub("", unicodedata.normalize("NFKC", name)).casefold()
    simplified: str = _to_simplified().convert(text)
    return simplified


def same_name(one: str, other: str) -> bool:
    """Return whether two names are the same; the time tells nothing about how much of them agrees."""
    return hmac.compare_digest(plain_name(one).encode(), plain_name(other).encode())


@lru_cache(maxsize=1)
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")
