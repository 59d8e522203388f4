"""What somebody sees or hears read of a page: its text, and what fields, buttons and pictures say of themselves."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

_UNSEEN = frozenset({"script", "style", "code"})
_SAID = frozenset({"placeholder", "title", "aria-label", "alt", "label"})
_ENGLISH = re.compile(r"(?<![\w/.-])[A-Za-z][A-Za-z_-]+(?:\.[a-z]+)?(?![\w/])")


class _Visible(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag, attributes) -> None:
        self._unseen += tag in _UNSEEN
        self.texts += [value for name, value in attributes if name in _SAID and value]

    def handle_endtag(self, tag) -> None:
        self._unseen -= tag in _UNSEEN

    def handle_data(self, data) -> None:
        if not self._unseen and data.strip():
            self.texts.append(data.strip())


def visible(page: str) -> list[str]:
    """Return the pieces of text of a page or of an SVG picture."""
    reader = _Visible()
    reader.feed(page)
    return reader.texts


def english(texts: list[str], *, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield each Latin word that is none of the known ones, with the text it stands in."""
    for text in texts:
        for word in _ENGLISH.findall(text):
            if word not in known:
                yield word, text[:80]
