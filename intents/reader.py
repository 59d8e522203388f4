"""Reads one message for what stands in it: products, services, attributes. Decides nothing."""

import re
from collections import defaultdict
from dataclasses import dataclass, replace

from intents.cues import Cues
from intents.halves import Halves
from intents.lexicon import Found, Lexicon
from intents.normal import compact
from intents.terrain import Terrain

SERVICE_MARK = "◇"
# Directly before the name of a product that is not meant, beside one that is: 不是臻爱无限，我问臻爱21的.
_DENIED = re.compile(
    r"(?<!是)(?:不是|不要|不用|不想|不问|没问|没买|别)(?:再|给我|跟我|和我)*(?:说|讲|扯|提|问|答|看|买)?(?:的是|的|是)?$"
)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What stands in a message.

    `rest` is the compact text without the products' names, `aspect` the same with each service's name as one mark, so
    that what is asked about it stands out. `products` were named for certain, in order, `denied` to say that they are
    not meant; `narrowed` are those that a shared name leaves open (empty: no such name). `places` are the services
    (product/service) whose names were found (`is_sure`: one of them letter by letter), `spots` also topics, and
    `families` are those of all spots.
    """

    text: str
    rest: str
    aspect: str
    products: tuple[str, ...]
    denied: frozenset[str]
    narrowed: frozenset[str]
    places: frozenset[str]
    is_sure: bool
    spots: frozenset[str]
    families: frozenset[str]
    attributes: frozenset[str]
    marks: tuple[str, ...]
    found: tuple[Found, ...]


class Reader:
    """Knows the names of a terrain."""

    def __init__(self, terrain: Terrain, cues: Cues) -> None:
        self.cues = cues
        self._family_of = terrain.family_of
        self._is_topic = {service.place: service.topic for service in terrain.services}
        self._products = Lexicon((name, product.id) for product in terrain.products for name in product.called)
        self._halves = Halves(terrain.products)
        self._shared = Lexicon(_shared_names(terrain), fuzzy=False)
        self._services = Lexicon(
            (name, service.place) for service in terrain.services for name in {service.short, *service.called}
        )

    def read(self, message: str) -> Reading:
        """Return what stands in `message`."""
        text = compact(message)
        whole = self._products.find(text)
        named = sorted([*whole, *self._halves.find(text, whole, self._services)], key=lambda hit: hit.start)
        meant, denied = _apart(named, text)
        rest, products = _cut(text, [*meant, *denied]), tuple(dict.fromkeys(hit.thing for hit in meant))
        shared = [] if products else self._shared.find(rest)
        narrowed = frozenset[str]().union(*(frozenset(hit.thing.split("|")) for hit in shared))
        rest = _cut(rest, shared)
        services = self._services.find(rest)
        real = [hit for hit in services if not self._is_topic[hit.thing]]
        places = frozenset(hit.thing for hit in real)
        spots = frozenset(hit.thing for hit in services)
        families = frozenset(map(self._family_of.__getitem__, spots))
        attributes = self.cues.attributes_in(rest)
        return Reading(
            text=text,
            rest=rest,
            aspect=_mark(rest, services),
            products=products,
            denied=frozenset(hit.thing for hit in denied),
            narrowed=narrowed,
            places=places,
            is_sure=any(hit.how == "exact" for hit in real),
            spots=spots,
            families=families,
            attributes=attributes,
            marks=marks(families, attributes),
            found=(*named, *shared, *services),
        )


def marks(families: frozenset[str], attributes: frozenset[str]) -> tuple[str, ...]:
    """Return the scorer's marks for names and cues found, and for each pair of them."""
    pairs = [f"{family}*{attribute}" for family in sorted(families) for attribute in sorted(attributes)]
    return (*(f"f:{family}" for family in sorted(families)), *(f"a:{name}" for name in sorted(attributes)), *pairs)


def _cut(text: str, hits: list[Found]) -> str:
    """Return `text` without the stretches that were found."""
    for start, end in sorted({(hit.start, hit.end) for hit in hits}, reverse=True):
        text = text[:start] + text[end:]
    return text.strip(" ,，。、:：的") if hits else text


def _apart(named: list[Found], text: str) -> tuple[list[Found], list[Found]]:
    """Return the names that are meant, and those denied, with what denies them; none is where no other stands."""
    denials = [(hit, _DENIED.search(text[: hit.start])) for hit in named]
    meant = [hit for hit, denial in denials if denial is None]
    denied = [replace(hit, start=denial.start()) for hit, denial in denials if denial is not None]
    return (meant, denied) if meant else (named, [])


def _mark(text: str, hits: list[Found]) -> str:
    """Return `text` with each stretch that was found as one mark."""
    for start, end in sorted({(hit.start, hit.end) for hit in hits}, reverse=True):
        text = text[:start] + SERVICE_MARK + text[end:]
    return text


def _shared_names(terrain: Terrain) -> list[tuple[str, str]]:
    """A name that several products give as shared narrows to those; one that a single product gives says nothing."""
    owners: dict[str, set[str]] = defaultdict(set)
    for product in terrain.products:
        for name in product.shared:
            owners[name].add(product.id)
    return [(name, "|".join(sorted(products))) for name, products in owners.items() if len(products) > 1]
