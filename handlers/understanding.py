"""Joins what we know with what people mean: builds the router and its terrain from the handbooks."""

import csv
from collections import defaultdict
from pathlib import Path

import intents
from bot.errors import ConfigurationFault
from intents import cues
from intents.danger import Danger
from intents.router import Router
from intents.talk import Talk
from intents.terrain import DrugNames, Phrasing, ProductNames, ServiceNames, Terrain, Topic
from knowledge.library import Handbook, Library

LEARNED_FOLDER = "learned"  # in the data directory: what the router learned from the phrasings
FOREIGN = Path(intents.__file__).parent / "foreign.csv"


def build_router(library: Library, *, memory: Path | None = None) -> Router:
    """Return a router that knows every handbook of the library. Raises ConfigurationFault.

    Learning the phrasings takes some seconds; with `memory`, a folder, only the first time.
    """
    terrain = build_terrain(library)
    questions = [phrasing.text for phrasing in terrain.phrasings]
    danger, talk = Danger.load(questions, memory=memory), Talk.load(questions, memory=memory)
    return Router(terrain, cues.load(), danger, talk, memory=memory)


def build_terrain(library: Library, *, foreign: Path = FOREIGN) -> Terrain:
    """Return what the router may choose from."""
    return Terrain(
        products=tuple(_product(handbook) for handbook in library),
        services=tuple(service for handbook in library for service in _services(handbook)),
        topics=tuple(topic for handbook in library for topic in _topics(handbook)),
        drugs=tuple(drug for handbook in library for drug in _drugs(handbook)),
        phrasings=tuple(
            Phrasing(text=phrasing.text, topic=f"{handbook.product.id}/{phrasing.service}/{phrasing.key}")
            for handbook in library
            for phrasing in handbook.phrasings
        ),
        foreign=_foreign(foreign),
    )


def _product(handbook: Handbook) -> ProductNames:
    product = handbook.product
    return ProductNames(
        id=product.id,
        short=product.short,
        called=tuple(sorted({*product.called, *product.mistaken, product.short, product.name})),
        shared=tuple(product.shared_names),
        halves=tuple(product.halves),
    )


def _services(handbook: Handbook) -> list[ServiceNames]:
    return [
        ServiceNames(
            product=handbook.product.id,
            id=service.id,
            family=service.family,
            short=service.short,
            called=(service.name, *service.called),
            offered=any(fact.status != "unsaid" for fact in service.facts),
            topic=service.id in handbook.topics,
        )
        for service in handbook.services
    ]


def _topics(handbook: Handbook) -> list[Topic]:
    return [
        Topic(
            id=entry.id,
            product=handbook.product.id,
            service=entry.service.id,
            family=entry.service.family,
            key=entry.fact.key,
            ask=entry.fact.ask,
            say=entry.fact.say,
            beside=entry.fact.beside,
            unsaid=entry.fact.status == "unsaid",
        )
        for entry in handbook.entries
    ]


def _drugs(handbook: Handbook) -> list[DrugNames]:
    return [
        DrugNames(
            product=handbook.product.id,
            no=drug.no,
            brand=drug.brand,
            generic=drug.generic,
            maker=drug.maker,
            nicknames=tuple(drug.nicknames),
        )
        for drug in handbook.drugs
    ]


def _foreign(path: Path) -> dict[str, tuple[str, ...]]:
    """Read the messages that no handbook answers (kind,voice,text)."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError as error:
        raise ConfigurationFault(f"{path}: the file is missing; it holds the messages no handbook answers") from error
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row["kind"]].append(row["text"])
    return {kind: tuple(texts) for kind, texts in found.items()}
