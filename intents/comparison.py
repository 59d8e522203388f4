"""Compares products: of one service each says the same attribute; where each is named with its own, of that one."""

from collections.abc import Mapping
from itertools import pairwise

from intents.match import Match
from intents.ranking import Judged, Ranked, Ranking
from intents.reader import Reader, Reading
from intents.resolution import Limits, resolve
from intents.terrain import Terrain, Topic

_LEADING = 1.0  # what the best topic's attribute has over the others
_NEAR = 60  # how many of a product's topics may give the attribute that is compared
_ALL = 10_000  # topics of a product; one that has the service must not seem to lack it


class Comparison:
    """Knows which families of services each product has."""

    def __init__(self, terrain: Terrain, reader: Reader, ranking: Ranking) -> None:
        self._terrain = terrain
        self._reader = reader
        self._ranking = ranking

    def of(self, judged: Judged, products: tuple[str, ...], limits: Limits) -> Match | None:
        """Return the answer that compares `products` (two or more), or None where nothing is near enough."""
        ranked = self._ranking.rank(judged, products=products)
        resolution = resolve(ranked, limits)
        if not resolution.topics:
            return None
        lead = ranked[0].topic
        families = self._own_families(judged.reading, products) or dict.fromkeys(products, lead.family)
        alike = self._alike(judged, families, lead.attribute)
        if not any(alike.values()):
            return None
        return Match(
            decision="answer",
            compare=True,
            topics=tuple(topic.id for topic in alike.values() if topic),
            lacking=tuple(product for product, topic in alike.items() if topic is None),
            family=lead.family,
            is_sure=resolution.is_sure,
            reasons=(f"compares {len(products)} products, lead topic {lead.id}",),
        )

    def _own_families(self, reading: Reading, products: tuple[str, ...]) -> dict[str, str]:
        """Return each product's family where each is named with a service of its own: 臻爱21的二诊和成长优享的垫付."""
        starts = sorted((hit.start, hit.thing) for hit in reading.found if hit.thing in products)
        families: dict[str, str] = {}
        for (start, product), (end, _) in pairwise([*starts, (len(reading.text), "")]):
            part = self._reader.read(reading.text[start:end])
            services = {self._terrain.family_of[place] for place in part.places} or part.families
            named = services & self._terrain.families[product]
            if len(named) == 1:
                families.setdefault(product, *named)
        return families if len(families) == len(products) and len(set(families.values())) > 1 else {}

    def _alike(self, judged: Judged, families: Mapping[str, str], leading: str) -> dict[str, Topic | None]:
        """Return each product's topic for what is compared: of its family, if possible of one attribute, rather the
        `leading` one."""
        found: dict[str, list[Ranked]] = {}
        best: dict[str, dict[str, float]] = {}
        for product, family in families.items():
            has_it = family in self._terrain.families[product]
            found[product] = self._ranking.rank(judged, products=(product,), family=family, most=_ALL) if has_it else []
            near = self._ranking.rank(judged, products=(product,), most=_NEAR) if has_it else []
            for item in reversed(near):
                if item.topic.family == family:
                    best.setdefault(item.topic.attribute, {})[product] = item.score
        if not best:
            return {}
        shared = max(sorted(best), key=lambda it: sum(best[it].values()) + _LEADING * (it == leading))
        return {product: _of_attribute(items, shared) for product, items in found.items()}


def _of_attribute(items: list[Ranked], attribute: str) -> Topic | None:
    """Return what a product says of an attribute: the summary of all its steps where there is one, else the best."""
    topics = [item.topic for item in items if item.topic.attribute == attribute]
    summary = [topic for topic in topics if topic.sums_up]
    chosen = summary or topics or [item.topic for item in items]
    return chosen[0] if chosen else None
