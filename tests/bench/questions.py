"""What the benchmarks ask: the recorded question sets, recorded phrasings, and a corpus of texts to search."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from zlib import crc32

from bot.errors import ConfigurationFault
from knowledge.library import HANDBOOKS, Handbook, Library, read_phrasings
from knowledge.schema import Phrasing

RECORDED = Path(__file__).resolve().parents[1] / "questions"
CORPUS_TEXTS = 10_000


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question of which the right topic and product are known."""

    text: str
    topic: str
    product: str


def recorded(folder: Path = RECORDED, *, sets: str = "*") -> list[tuple[str, ...]]:
    """Return every recorded conversation: its messages in order. A question of its own is a conversation of one."""
    found: list[tuple[str, ...]] = []
    for path in sorted(folder.glob(f"{sets}.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.append(tuple(turn["user"] for turn in row["turns"]) if "turns" in row else (row["text"],))
    for path in sorted(folder.glob(f"{sets}.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            found += [(row["text"],) for row in csv.DictReader(stream)]
    if not found:
        raise ConfigurationFault(f"{folder}: no question sets found; put the recorded questions there")
    return found


def conversations() -> list[tuple[str, ...]]:
    """Return the recorded conversations only, as people write on a day: half of the other sets are emergencies."""
    return recorded(sets="conversations_*")


def split(library: Library, *, folder: Path = HANDBOOKS) -> tuple[Library, list[Asked]]:
    """Return what the router may learn from, and phrasings that it has not seen.

    The frozen ones where a handbook has them; else a third of all is held out by a checksum of the text.
    """
    learning: dict[str, Handbook] = {}
    unseen: list[Asked] = []
    for id, handbook in library.handbooks.items():
        frozen = read_phrasings(folder / id / "phrasings_frozen.csv")
        kept = handbook.phrasings
        if not frozen:
            frozen = tuple(each for each in kept if _is_held_out(each))
            kept = tuple(each for each in kept if not _is_held_out(each))
        learning[id] = replace(handbook, phrasings=kept)
        unseen += [
            Asked(text=each.text, topic=f"{id}/{each.service}/{each.key}", product=id)
            for each in frozen
            if handbook.find(each.service, each.key) is not None
        ]
    return Library(handbooks=learning), unseen


def corpus(library: Library) -> list[str]:
    """Return 10,000 different texts about the handbooks, for a search engine to look through."""
    texts = list(islice(dict.fromkeys(_texts(library)), CORPUS_TEXTS))
    if len(texts) < CORPUS_TEXTS:
        raise ConfigurationFault(f"only {len(texts)} texts for the corpus; {CORPUS_TEXTS} are needed")
    return texts


def _is_held_out(phrasing: Phrasing) -> bool:
    return crc32(phrasing.text.encode()) % 3 == 0


def _texts(library: Library) -> Iterator[str]:
    for entry in library.entries.values():
        yield entry.fact.say
    yield from (each.text for handbook in library for each in handbook.phrasings)
    yield from _named(library)


def _named(library: Library) -> Iterable[str]:
    """Every fact's question under every name of its service: what an index of templates would hold."""
    for entry in library.entries.values():
        for product in (entry.product.short, *entry.product.called):
            for service in (entry.service.short, *entry.service.called):
                yield f"{product}{service}：{entry.fact.ask}"
