"""Trying an addition before it is published: which answers to real and recorded questions would change.

Only what the addition touches can change, so that the others need not be answered twice. It runs on a thread of its
own that often steps aside, and writes down how far it is: any process can show it.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import structlog

from bot.clock import Clock
from bot.store import asked
from bot.store.schema import questions
from bot.store.store import Store
from care import knowledge_items, knowledge_replays
from care.knowledge_items import Item
from handlers.knowing import Knowing, added
from intents.match import Context, Match
from intents.router import Router
from knowledge.library import read_phrasings
from knowledge.schema import Phrasing

_RECORDED_DAYS = 90
_MOST_RECORDED = 5000
_STEP = 100  # questions between two breaths
_BREATH_SECONDS = 0.01
_TELL_EVERY_SECONDS = 1.0
_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A question to try. `place` is how it is found again; `expected` the topic it asks for, where that is known."""

    source: str
    place: str
    text: str
    context: Context
    expected: str | None = None


class Replayer:
    """Tries additions against what one process knows."""

    def __init__(self, *, store: Store, knowing: Knowing, clock: Clock) -> None:
        self._store = store
        self._knowing = knowing
        self._clock = clock

    def start(self, item: Item, *, actor: str) -> bool:
        """Begin to try an item on a thread of its own; False while that is under way already."""
        now = self._clock()
        id = self._store.write(lambda connection: knowledge_replays.begin(connection, item, actor=actor, now=now))
        if id is None:
            return False
        threading.Thread(target=self._run, args=(id, item), name="replay", daemon=True).start()
        return True

    def _run(self, id: int, item: Item) -> None:
        try:
            self.replay(id, item)
        except Exception:
            _log.exception("replay failed", item=item.id)
            self._tell(id, "failed", 0, 0, 0, [])

    def replay(self, id: int, item: Item) -> None:
        """Try an item against everything, and write down what changes."""
        knowing = self._knowing
        knowing.look(at_once=True)
        with self._store.reading() as connection:
            published = knowledge_items.items(connection, states=("published",))
        others = [one for one in published if one.id != item.id]
        library, trial = knowing.library, replace(item, state="published")
        alone = knowing.router.with_overlay(added(library, [trial]).overlay)
        before = knowing.router.with_overlay(added(library, others).overlay)
        after = knowing.router.with_overlay(added(library, [*others, trial]).overlay)
        tried = [*self._recorded(), *self._phrasings()]
        changes: list[dict[str, Any]] = []
        touched, told_at = 0, time.monotonic()
        for done, one in enumerate(tried):
            if alone.is_touched(one.text, one.context):
                touched += 1
                changes.extend(_change(one, before, after))
            if done % _STEP == 0:
                time.sleep(_BREATH_SECONDS)
                if time.monotonic() - told_at > _TELL_EVERY_SECONDS:
                    told_at = time.monotonic()
                    self._tell(id, "running", len(tried), done, touched, [])
        self._tell(id, "done", len(tried), len(tried), touched, changes)

    def _tell(self, id: int, state: str, total: int, done: int, touched: int, changes: list[dict[str, Any]]) -> None:
        self._store.write(
            lambda connection: knowledge_replays.tell(
                connection, id, state=state, total=total, done=done, touched=touched, changes=changes, now=self._clock()
            )
        )

    def _recorded(self) -> Iterator[Tried]:
        since = self._clock() - timedelta(days=_RECORDED_DAYS)
        with self._store.reading() as connection:
            found = asked.asked(
                connection, self._store.keys, questions.c.asked_at >= since, questions.c.decision != "dialog",
                limit=_MOST_RECORDED,
            )  # fmt: skip
        every = tuple(self._knowing.library.handbooks)
        for one in found:
            context = Context(products=self._knowing.assistant.products_of(one.account) or every, product=one.product)
            yield Tried(source="recorded", place=str(one.id), text=one.text, context=context)

    def _phrasings(self) -> Iterator[Tried]:
        products = tuple(self._knowing.library.handbooks)
        for product, handbook in self._knowing.library.handbooks.items():
            context = Context(products=products, product=product)
            for source, rows in (("phrasing", handbook.phrasings), ("frozen", frozen(handbook.home))):
                for at, row in enumerate(rows):
                    expected = f"{product}/{row.service}/{row.key}"
                    yield Tried(
                        source=source, place=f"{product}:{at}", text=row.text, context=context, expected=expected
                    )


@cache
def frozen(home: Path) -> tuple[Phrasing, ...]:
    """Return the phrasings of a handbook that were never learned from."""
    return read_phrasings(home / "phrasings_frozen.csv")


def _change(one: Tried, before: Router, after: Router) -> Iterator[dict[str, Any]]:
    old, new = before.route(one.text, one.context), after.route(one.text, one.context)
    if _said(old) == _said(new):
        return
    verdict = "other"
    if one.expected is not None:
        was, will = one.expected in old.topics, one.expected in new.topics
        verdict = "other" if was == will else "better" if will else "worse"
    yield {"from": one.source, "at": one.place, "old": _told(old), "new": _told(new), "verdict": verdict}


def _said(match: Match) -> tuple[Any, ...]:
    """What makes two matches the same answer."""
    choices = tuple(choice.label for choice in match.choices)
    return match.decision, match.topics, choices, match.intent, match.drug, match.lacking, match.is_sure


def _told(match: Match) -> dict[str, Any]:
    return {"decision": match.decision, "topics": list(match.topics), "is_sure": match.is_sure}
