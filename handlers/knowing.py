"""Keeps the assistant of a process up with what operators publish: no restart, nothing learned anew.

What was published for a handbook that has changed since, and no longer fits it, is left out and logged.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import structlog

from bot.errors import RetryLater
from bot.messages import Outcome, Turn
from bot.store.store import Store
from care import knowledge_items
from care.knowledge_items import Content, Item
from handlers.respond import Assistant
from intents.overlay import Named, Overlay, Said
from intents.router import Router
from intents.terrain import Topic
from knowledge.library import Handbook, Library
from knowledge.schema import LONGEST, Fact, Service

_LOOK_EVERY_SECONDS = 1.0
_MOST_TEXTS = 20
_SHORTEST, _LONGEST_TEXT, _LONGEST_NAME = 2, 60, 16
_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Additions:
    """What items mean: words for the router, entries for the library. `unfit` are items that no longer fit."""

    overlay: Overlay
    library: Library
    unfit: tuple[int, ...] = ()


def faults(content: Content, library: Library) -> list[str]:
    """Return, in Chinese, what is wrong with an addition; nothing when it may be kept. No clause, no answer."""
    handbook = library.handbooks.get(content.product)
    if handbook is None:
        return ["请选择产品。"]
    is_name = content.kind in ("service_name", "drug_name")
    return [
        *_of_texts(content.texts, longest=_LONGEST_NAME if is_name else _LONGEST_TEXT),
        *_of_target(content, handbook),
    ]


def added(library: Library, items: Iterable[Item]) -> Additions:
    """Return what these items add to a library."""
    overlay, unfit = Overlay(), []
    facts: dict[tuple[str, str], list[Fact]] = {}
    for item in items:
        content = item.content
        if faults(content, library):
            unfit.append(item.id)
            continue
        if content.kind == "entry" and content.service:
            facts.setdefault((content.product, content.service), []).append(_fact(item))
        if item.state != "withdrawn":
            overlay = _with(overlay, item, library.handbooks[content.product])
    return Additions(overlay=overlay, library=_extended(library, facts), unfit=tuple(unfit))


class Knowing:
    """The published additions of one process. `look` notices what any process published."""

    def __init__(
        self,
        *,
        store: Store,
        library: Library,
        router: Router,
        assistant: Assistant,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.library = library
        self.router = router
        self.assistant = assistant
        self.additions = Additions(overlay=Overlay(), library=library)
        self._store = store
        self._ticks = ticks
        self._looked_at: float | None = None
        self._revision = 0
        self._lock = threading.Lock()

    def before(self, handle: Callable[[Turn], Outcome]) -> Callable[[Turn], Outcome]:
        """Return `handle` with a look at what was published before each turn."""

        def knowing(turn: Turn) -> Outcome:
            self.look()
            return handle(turn)

        return knowing

    def look(self, *, at_once: bool = False) -> None:
        """Take up what was published since, asking once a second at most. A database that is away changes nothing."""
        if not self._lock.acquire(blocking=at_once):
            return
        try:
            now = self._ticks()
            if not at_once and self._looked_at is not None and now - self._looked_at < _LOOK_EVERY_SECONDS:
                return
            self._looked_at = now
            self._take_up()
        except RetryLater:
            _log.warning("additions not read")
        finally:
            self._lock.release()

    def _take_up(self) -> None:
        with self._store.reading() as connection:
            revision = knowledge_items.revision(connection)
            if revision == self._revision:
                return
            found = knowledge_items.ever_published(connection)
        additions = added(self.library, found)
        if additions.unfit:
            _log.warning("additions do not fit", items=additions.unfit)
        # The library never shrinks, and grows before the router: a turn under way finds what it was led to.
        self.assistant.tell_from(additions.library)
        self.router.publish(additions.overlay)
        self.additions, self._revision = additions, revision


def _of_texts(texts: tuple[str, ...], *, longest: int) -> list[str]:
    found = []
    if not texts or len(texts) > _MOST_TEXTS or len(set(texts)) < len(texts):
        found.append(f"请写 1 到 {_MOST_TEXTS} 个说法，一行一个，不要重复。")
    if any(not _SHORTEST <= len(text) <= longest or "\n" in text for text in texts):
        found.append(f"每个说法 {_SHORTEST} 到 {longest} 个字。")
    if any(sum(character.isdigit() for character in text) >= 6 for text in texts):
        found.append("说法里像是有证件号、电话或保单号，请去掉个人信息。")
    return found


def _of_target(content: Content, handbook: Handbook) -> list[str]:
    service = handbook.service(content.service or "")
    if content.kind == "drug_name":
        is_there = any(drug.no == content.drug_no for drug in handbook.drugs)
        return [] if is_there else ["请选择药品清单里的药品。"]
    if service is None:
        return ["请选择手册里的服务或主题。"]
    if content.kind == "phrasing":
        is_there = handbook.find(service.id, content.key or "") is not None
        return [] if is_there else ["请选择手册里已有的内容。"]
    return _of_entry(content, handbook) if content.kind == "entry" else []


def _of_entry(content: Content, handbook: Handbook) -> list[str]:
    found = []
    say = (content.say or "").strip()
    if not say or len(say) > LONGEST["fact"]:
        found.append(f"请写回答，最多 {LONGEST['fact']} 个字。")
    told = {clause.id for clause in handbook.clauses if not clause.fact_free}
    if not content.clauses or set(content.clauses) - told:
        found.append("没有条款，就没有回答：请选择这句话出自手册的哪一条。")
    return found


def _fact(item: Item) -> Fact:
    content = item.content
    return Fact(key=_key(item), ask=content.texts[0], say=content.say or "", clause=list(content.clauses))


def _key(item: Item) -> str:
    return f"added.{item.id}"


def _with(overlay: Overlay, item: Item, handbook: Handbook) -> Overlay:
    content, product = item.content, handbook.product.id
    if content.kind == "phrasing":
        known = f"{product}/{content.service}/{content.key}"
        return replace(overlay, said=(*overlay.said, *_said(item, known)))
    if content.kind == "entry":
        service = handbook.service(content.service or "")
        topic = _topic(item, service) if service is not None else None
        if topic is None:
            return overlay
        return replace(overlay, said=(*overlay.said, *_said(item, topic.id)), topics=(*overlay.topics, topic))
    word = _word(content, handbook)
    names = (Named(item=item.id, product=product, name=text, word=word) for text in content.texts)
    return replace(overlay, named=(*overlay.named, *names))


def _said(item: Item, topic: str) -> tuple[Said, ...]:
    return tuple(Said(item=item.id, text=text, topic=topic) for text in item.content.texts)


def _topic(item: Item, service: Service) -> Topic:
    fact = _fact(item)
    return Topic(
        id=f"{item.content.product}/{service.id}/{fact.key}",
        product=item.content.product,
        service=service.id,
        family=service.family,
        key=fact.key,
        ask=fact.ask,
        say=fact.say,
        beside=fact.beside,
    )


def _word(content: Content, handbook: Handbook) -> str:
    if content.kind == "drug_name":
        return next(drug.brand or drug.generic for drug in handbook.drugs if drug.no == content.drug_no)
    service = handbook.service(content.service or "")
    return service.short if service is not None else ""


def _extended(library: Library, facts: dict[tuple[str, str], list[Fact]]) -> Library:
    if not facts:
        return library
    return Library(
        handbooks={
            id: replace(
                handbook,
                services=tuple(
                    service.model_copy(update={"facts": [*service.facts, *facts.get((id, service.id), ())]})
                    for service in handbook.services
                ),
            )
            for id, handbook in library.handbooks.items()
        }
    )
