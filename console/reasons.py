"""Why the assistant did what it did, in plain Chinese: the recorded reasons and names by the words of reasons.yaml.

What is stored stays as it is recorded; only what people read goes through here. Ids never show: products, services
and entries go by the handbooks' names. Nothing here reads the store.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import ConfigurationFault
from bot.messages import Understanding
from bot.yaml_files import read_yaml
from knowledge.library import Library
from knowledge.vocabulary import attribute_names

REASONS = Path(__file__).with_name("reasons.yaml")
UNTOLD = "一条还没有中文说法的理由"
GONE = "已不在手册里的内容"

_LATIN = re.compile(r"[A-Za-z]")
_SLOT = re.compile(r"\{(\w*)\}")
_AS_RECORDED = frozenset({"number", "score", "other", "third", "rows", "said", "word"})
_NAMED = frozenset({"product", "topic", "rival", "thing", "service", "attribute", "reason"})
# Kinds that are rows of another kind: which one, and how the row is recorded.
_ROWS = {
    "products": ("product", ", "),
    "attributes": ("attribute", ", "),
    "intents": ("intent", " and "),
    "signs": ("sign", " × "),
    "fields": ("field", " × "),
}


class Recorded(Protocol):
    """What is recorded of one message."""

    @property
    def product(self) -> str | None: ...
    @property
    def service(self) -> str | None: ...
    @property
    def attribute(self) -> str | None: ...


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    when: str = Field(min_length=1)
    say: str = Field(min_length=1)


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reasons: list[_Row] = Field(min_length=1)
    failures: list[_Row] = Field(min_length=1)
    words: dict[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Phrasebook:
    """The file, read: patterns with the sentences they become, and words by kind and code."""

    rows: tuple[tuple[re.Pattern[str], str], ...]
    failures: tuple[tuple[re.Pattern[str], str], ...]
    words: Mapping[str, Mapping[str, str]]


def read(path: Path = REASONS) -> Phrasebook:
    """Read the file. Raises ConfigurationFault naming file, entry and remedy."""
    try:
        content = _Content.model_validate(read_yaml(path))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigurationFault(f"{path}: cannot be read ({error}); mend what it names") from error
    for kind, table in content.words.items():
        for code, word in table.items():
            if not word or _LATIN.search(word):
                raise ConfigurationFault(f"{path}: words: {kind}: {code}: {word!r} is no Chinese; write it in Chinese")
    known = _AS_RECORDED | _NAMED | set(_ROWS) | set(content.words)
    rows, failures = (
        tuple(_row(f"{path}: {part}: entry {number}", row, known) for number, row in enumerate(listed, start=1))
        for part, listed in (("reasons", content.reasons), ("failures", content.failures))
    )
    return Phrasebook(rows=rows, failures=failures, words=content.words)


def _row(entry: str, row: _Row, known: Iterable[str]) -> tuple[re.Pattern[str], str]:
    place = f"{entry} ({row.when})"
    try:
        when = re.compile(row.when, re.DOTALL)
    except re.error as error:
        raise ConfigurationFault(f"{place}: no regular expression ({error}); mend it") from error
    strange = sorted(set(when.groupindex) - set(known))
    if strange:
        raise ConfigurationFault(f"{place}: group {', '.join(strange)} is no kind; use {', '.join(sorted(known))}")
    open_ = sorted(set(_SLOT.findall(row.say)) - set(when.groupindex) - {"where"})
    if open_:
        raise ConfigurationFault(f"{place}: {{{', '.join(open_)}}} is no group of its pattern; add it or take it out")
    if _LATIN.search(_SLOT.sub("", row.say)):
        raise ConfigurationFault(f"{place}: {row.say!r} is no Chinese; write it in Chinese")
    return when, row.say


@cache
def phrasebook() -> Phrasebook:
    """Return the file that is shipped, read once a process."""
    return read()


class Explained:
    """Says in Chinese what was recorded. `libraries` gives the handbooks, and those with what was added to them."""

    def __init__(self, libraries: Callable[[], Iterable[Library]], *, book: Phrasebook | None = None) -> None:
        self._libraries = libraries
        self._book = book or phrasebook()
        self._kinds: Mapping[str, Callable[[str], str]] = {
            "product": self.product,
            "topic": self.topic,
            "rival": self.topic,
            "thing": self._thing,
            "service": self._thing,
            "attribute": self.attribute,
            "reason": self._reason,
        }

    # Names.

    def product(self, id: str | None) -> str:
        """Return what a product is called."""
        found = (one.product(id).short for one in self._libraries() if id in one.handbooks)
        return next(found, GONE) if id else ""

    def service(self, product: str | None, id: str | None) -> str:
        """Return what a service of a product is called."""
        if not id:
            return ""
        books = (one.handbooks[product] for one in self._libraries() if product in one.handbooks)
        return next((service.short for book in books if (service := book.service(id)) is not None), GONE)

    def place(self, product: str | None, service: str | None) -> str:
        """Return a product with one of its services, as far as they are known."""
        return " ".join(filter(None, (self.product(product), self.service(product, service))))

    def clause(self, product: str, clause: str) -> str:
        """Return where something stands in which product's handbook."""
        return f"{self.product(product)} {clause}"

    def topic(self, id: str) -> str:
        """Return an entry by its service and the question it answers."""
        entry = next((found for one in self._libraries() if (found := one.entries.get(id)) is not None), None)
        return f"{entry.service.short} · {entry.fact.ask}" if entry else GONE

    def attribute(self, code: str | None) -> str:
        """Return what is asked about, or done: an attribute, small talk, a request or a dialog."""
        if not code:
            return ""
        tables = (attribute_names(), *(self._book.words.get(kind, {}) for kind in ("task", "intent")))
        own = code.split(".")[0]
        return next((table[own] for table in tables if own in table), "补充的内容" if own == "added" else UNTOLD)

    # Reasons.

    def reasons(self, recorded: Iterable[str], about: Recorded | None = None) -> tuple[str, ...]:
        """Return reasons in Chinese, each once; `about`: what else is recorded of the message."""
        where = self._where(about) if about is not None else "表单"
        return tuple(dict.fromkeys(self._reason(reason, where) for reason in recorded))

    def understanding(self, what: Understanding) -> Understanding:
        """Return what was understood with names and sentences in place of ids; `decision` and `next_move` stay."""
        return replace(
            what,
            product=self.product(what.product) or None,
            service=self.service(what.product, what.service) or None,
            attribute=self.attribute(what.attribute) or None,
            facts=tuple(map(self.topic, what.facts)),
            reasons=self.reasons(what.reasons, what),
        )

    def failure(self, recorded: str) -> str:
        """Return why a message did not go out."""
        return self._said(self._book.failures, recorded) or UNTOLD

    def _reason(self, reason: str, where: str = "表单") -> str:
        return self._said(self._book.rows, reason, where) or (UNTOLD if _LATIN.search(reason) else reason)

    def _said(self, rows: Iterable[tuple[re.Pattern[str], str]], recorded: str, where: str = "") -> str | None:
        for when, say in rows:
            found = when.fullmatch(recorded)
            if found is not None:
                told = {name: self._told(name, value) for name, value in found.groupdict().items()}
                return say.format_map({**told, "where": where})
        return None

    def _told(self, kind: str, value: str) -> str:
        if kind in _ROWS:
            one, mark = _ROWS[kind]
            return "、".join(dict.fromkeys(self._told(one, part) for part in value.split(mark)))
        if kind in self._kinds:
            return self._kinds[kind](value)
        return self._book.words[kind].get(value, UNTOLD) if kind in self._book.words else value

    def _thing(self, id: str) -> str:
        """A product, several that share a name (a|b), or a service (product/service)."""
        product, _, service = id.partition("/")
        if service:
            return f"{self.product(product)}的{self.service(product, service)}"
        return "或".join(map(self.product, id.split("|")))

    def _where(self, about: Recorded) -> str:
        if about.service:
            return f"申请{self.service(about.product, about.service)}的表单"
        task = self._book.words.get("task", {}).get(about.attribute or "")
        return f"“{task}”的表单" if task else "表单"
