"""What the router may choose from: products, services, topics, drugs, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class ProductNames:
    """One product and how people call it. `shared` names fit other products too: alone they never decide.

    `halves` of names are everyday words, too: they count only where nothing else can be meant.
    """

    id: str
    short: str
    called: tuple[str, ...]
    shared: tuple[str, ...] = ()
    halves: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ServiceNames:
    """One service or topic of one product with its everyday names."""

    product: str
    id: str
    family: str
    short: str
    called: tuple[str, ...]
    offered: bool = True  # False: the handbook is only known to be silent about it
    topic: bool = False  # True: no service but something around them (contact, privacy, claims)

    @property
    def place(self) -> str:
        return f"{self.product}/{self.id}"


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One question that can be answered: a fact of one product. `ask` is how it is offered as a choice.

    `say` answers it alone; `beside` (if it differs) where it is told beside others.
    """

    id: str
    product: str
    service: str
    family: str
    key: str
    ask: str
    say: str = ""
    beside: str = ""
    unsaid: bool = False

    @property
    def place(self) -> str:
        return f"{self.product}/{self.service}"

    @property
    def attribute(self) -> str:
        return self.key.split(".")[0]

    @property
    def sums_up(self) -> bool:
        """Whether it tells all of its attribute, where other topics tell parts of it."""
        return self.key == f"{self.attribute}.all"

    @property
    def kind(self) -> tuple[str, str]:
        """The same question in another product has the same kind."""
        return self.family, self.key


@dataclass(frozen=True, kw_only=True)
class DrugNames:
    """One row of a product's drug list with all names by which people ask for it."""

    product: str
    no: int
    brand: str
    generic: str
    maker: str
    nicknames: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Phrasing:
    """One recorded question and the topic it asks for."""

    text: str
    topic: str


@dataclass(frozen=True, kw_only=True)
class Terrain:
    """Everything together. `foreign` are messages that no handbook answers, by kind (medical, insurance, general …)."""

    products: tuple[ProductNames, ...]
    services: tuple[ServiceNames, ...]
    topics: tuple[Topic, ...]
    drugs: tuple[DrugNames, ...] = ()
    phrasings: tuple[Phrasing, ...] = ()
    foreign: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def topic(self) -> dict[str, Topic]:
        return {topic.id: topic for topic in self.topics}

    @cached_property
    def family_of(self) -> dict[str, str]:
        """Family by place (product/service)."""
        return {service.place: service.family for service in self.services}

    @cached_property
    def families(self) -> dict[str, frozenset[str]]:
        """The families that each product really offers."""
        return {
            product.id: frozenset(
                service.family for service in self.services if service.product == product.id and service.offered
            )
            for product in self.products
        }

    def of_service(self, place: str) -> list[Topic]:
        """Return the topics of one service of one product (product/service)."""
        return [topic for topic in self.topics if topic.place == place]

    def of_family(self, product: str, family: str) -> list[Topic]:
        """Return a product's topics of one family of services."""
        return [topic for topic in self.topics if topic.product == product and topic.family == family]

    @cached_property
    def short(self) -> dict[str, str]:
        return {product.id: product.short for product in self.products}
