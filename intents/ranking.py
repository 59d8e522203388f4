"""Ranks the topics of a terrain for one message: learned scores, names found, and what the conversation was about.

Three things are learned apart, because each needs other examples: which family of service and whether a handbook is
meant at all (everything recorded), what is asked about a service (services' names masked), and which very topic. The
latter two are learned for each product by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intents.memory import digest, remembered
from intents.reader import Reader, Reading
from intents.scorer import Example, Floats, Learned, Scorer, Seen, Vocabulary
from intents.terrain import Terrain, Topic

IN_SCOPE = "in"
MEDICAL = "out:medical"
_SAY_CHARACTERS = 90


@dataclass(frozen=True, kw_only=True)
class Balance:
    """How much each kind of evidence counts towards a topic's score."""

    own: float = 1.3
    family: float = 1.6
    key: float = 0.6
    attribute: float = 0.6
    place: float = 0.3
    very_place: float = 0.15
    same_service: float = 1.4
    same_key: float = 0.9


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """One candidate with its score."""

    topic: Topic
    score: float


@dataclass(frozen=True, kw_only=True)
class Scope:
    """How much a message looks like a handbook question, like any foreign one, like a medical one."""

    inside: float
    foreign: float
    medical: float


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A message with its scores, so that each is computed once."""

    reading: Reading
    rest: Seen
    aspect: Seen
    area: Floats
    by_product: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)  # own and aspect, once asked for


class _Product:
    """The topics of one product and the scorers that tell them apart."""

    def __init__(
        self, topics: tuple[Topic, ...], learned: dict[str, Learned], product: str, vocabulary: Vocabulary
    ) -> None:
        self.topics = topics
        self.product = product
        self.scorer = Scorer(learned[f"own {product}"], vocabulary=vocabulary)
        self.aspect = Scorer(learned[f"aspect {product}"], vocabulary=vocabulary)
        area = {label: at for at, label in enumerate(learned["area"].labels)}
        self.own = np.array([self.scorer.column[topic.id] for topic in topics])
        self.family = np.array([area[f"f:{topic.family}"] for topic in topics])
        self.key = np.array([self.aspect.column[f"k:{topic.key}"] for topic in topics])
        self.attribute = np.array([self.aspect.column[f"a:{topic.attribute}"] for topic in topics])
        self.families = np.array([topic.family for topic in topics])
        self.places = np.array([topic.place for topic in topics])
        self._of_family = {name: self.families == name for name in set(self.families.tolist())}
        self.keys = np.array([topic.key for topic in topics])
        self.attributes = np.array([topic.attribute for topic in topics])

    def scores(self, judged: "Judged") -> tuple[Floats, Floats]:
        """Return the message's scores for the very topics, and for keys and attributes."""
        if self.product not in judged.by_product:
            own, aspect = self.scorer.score_seen(judged.rest), self.aspect.score_seen(judged.aspect)
            judged.by_product[self.product] = own, aspect
        return judged.by_product[self.product]

    def of_families(self, families: Iterable[str]) -> NDArray[np.bool_]:
        """Return for each topic whether it is of one of the families."""
        named = np.zeros(len(self.topics), dtype=np.bool_)
        for family in families:
            named |= self._of_family.get(family, False)
        return named


def _learn(terrain: Terrain, reader: Reader) -> dict[str, Learned]:
    """Fit the three kinds of scorers."""
    from intents.fitting import fit  # with scipy: only for those who learn

    examples = list(_examples(terrain, reader))
    foreign = list(_foreign(terrain, reader))
    learned = {"area": fit([*(item.area() for item in examples if not item.is_answer), *foreign])}
    for product in terrain.products:
        asking = [item for item in examples if item.asks_for(product.id)]
        learned[f"own {product.id}"] = fit([item.own(product.id) for item in asking])
        learned[f"aspect {product.id}"] = fit([item.aspect() for item in asking])
    return learned


class Ranking:
    """Knows the topics of a terrain and the recorded phrasings that ask for them."""

    def __init__(
        self, terrain: Terrain, reader: Reader, *, memory: Path | None = None, balance: Balance | None = None
    ) -> None:
        """`memory` is a folder in which what was learned is kept for the next start."""
        self.balance = balance or Balance()
        learned = remembered(memory, "topics", digest(terrain, reader.cues.patterns()), lambda: _learn(terrain, reader))
        self._family_of = terrain.family_of
        self._vocabulary = Vocabulary(learned.values())
        self._area = Scorer(learned["area"], vocabulary=self._vocabulary)
        self._foreign_columns = [at for label, at in self._area.column.items() if label.startswith("out:")]
        self._products = {
            product.id: _Product(
                tuple(topic for topic in terrain.topics if topic.product == product.id),
                learned,
                product.id,
                self._vocabulary,
            )
            for product in terrain.products
        }

    def judge(self, reading: Reading) -> Judged:
        """Return the message with its learned scores."""
        rest = self._vocabulary.see(reading.rest, reading.marks)
        aspect = self._vocabulary.see(reading.aspect, _cues(reading))
        return Judged(reading=reading, rest=rest, aspect=aspect, area=self._area.score_seen(rest))

    def scope(self, judged: Judged) -> Scope:
        """Return whether the message looks like a handbook question at all."""
        column = self._area.column
        return Scope(
            inside=float(judged.area[column[IN_SCOPE]]),
            foreign=max((float(judged.area[at]) for at in self._foreign_columns), default=0.0),
            medical=float(judged.area[column[MEDICAL]]) if MEDICAL in column else 0.0,
        )

    def nearest_family(self, judged: Judged, families: Iterable[str]) -> str:
        """Return which of `families` of services a message is most like."""
        column = self._area.column
        return max(sorted(families), key=lambda family: float(judged.area[column[f"f:{family}"]]))

    def rank(
        self,
        judged: Judged,
        *,
        products: Iterable[str],
        context: Topic | None = None,
        carry: bool = False,
        family: str | None = None,
        most: int = 8,
    ) -> list[Ranked]:
        """Return the best topics of `products`, or of a family in them, best first.

        `context` is the topic answered before; with `carry` the message only changes service or product, so that
        the attribute asked for stays.
        """
        ranked: list[Ranked] = []
        for product in products:
            known = self._products[product]
            total = self._total(judged, known, context, carry=carry)
            asked = slice(None) if family is None else known.of_families((family,))
            best = np.arange(len(total))[asked][np.argsort(-total[asked], kind="stable")[:most]]
            ranked += [Ranked(topic=known.topics[at], score=float(total[at])) for at in best]
        return sorted(ranked, key=lambda item: -item.score)[:most]

    def _total(self, judged: Judged, known: _Product, context: Topic | None, *, carry: bool) -> Floats:
        weigh, reading = self.balance, judged.reading
        own, aspect = known.scores(judged)
        total = (
            weigh.own * own[known.own]
            + weigh.family * judged.area[known.family]
            + weigh.key * aspect[known.key]
            + weigh.attribute * aspect[known.attribute]
        )
        mine = {spot for spot in reading.spots if spot.startswith(f"{known.product}/")}
        # What a name means in another product says nothing where it has a meaning in this one: 绿通 is 住院绿通 there.
        places = reading.places & mine if mine else reading.places
        if places:
            # A place's topics are of its family, so naming the place names all of the family.
            named = known.of_families(self._family_of[place] for place in places)
            total = total + np.where(named, weigh.place, -weigh.place) * (1.0 if reading.is_sure else 0.5)
        if mine:
            # What was named is meant rather than its neighbours in the family.
            total = total + weigh.very_place * np.isin(known.places, tuple(mine))
        if not reading.is_sure and context is not None:
            total = total + weigh.same_service * (known.families == context.family)
        if carry and context is not None:
            # Who names the service again, by another of its names, asks the same of another thing in it: 赠药的呢.
            is_again = any(self._family_of[place] == context.family for place in reading.places)
            total = total + (0 if is_again else weigh.same_key) * (known.keys == context.key)
            total = total + weigh.same_key / 2 * (known.attributes == context.attribute)
        return np.asarray(total, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class _Item:
    """One text that asks for topics (the same question in several products), or a fact's own words (`is_answer`)."""

    reading: Reading
    topics: tuple[Topic, ...]
    is_answer: bool = False

    def asks_for(self, product: str) -> bool:
        return any(topic.product == product for topic in self.topics)

    def area(self) -> Example:
        labels = frozenset({f"f:{self.topics[0].family}", IN_SCOPE})
        return Example(text=self.reading.rest, labels=labels, marks=self.reading.marks)

    def aspect(self) -> Example:
        labels = frozenset({f"k:{self.topics[0].key}", f"a:{self.topics[0].attribute}"})
        return Example(text=self.reading.aspect, labels=labels, marks=_cues(self.reading))

    def own(self, product: str) -> Example:
        labels = frozenset(topic.id for topic in self.topics if topic.product == product)
        return Example(text=self.reading.rest, labels=labels, marks=self.reading.marks)


def _cues(reading: Reading) -> tuple[str, ...]:
    return tuple(f"a:{name}" for name in sorted(reading.attributes))


def _examples(terrain: Terrain, reader: Reader) -> Iterator[_Item]:
    """Yield what asks for topics: recorded phrasings, each topic's title, and the words of its answer."""
    alike: dict[tuple[str, str], list[Topic]] = defaultdict(list)
    for topic in terrain.topics:
        alike[topic.kind].append(topic)
    for phrasing in terrain.phrasings:
        topic = terrain.topic[phrasing.topic]
        yield _Item(reading=reader.read(phrasing.text), topics=_same_question(topic, alike[topic.kind]))
    short = {service.place: service.short for service in terrain.services}
    for topic in terrain.topics:
        name = short[topic.place]
        yield _Item(reading=reader.read(name + topic.ask), topics=(topic,))
        yield _Item(reading=reader.read(name + topic.say[:_SAY_CHARACTERS]), topics=(topic,), is_answer=True)


def _same_question(topic: Topic, alike: Sequence[Topic]) -> tuple[Topic, ...]:
    """Return of topics of one kind, `topic` among them, those that a phrasing of it asks for.

    A product may have two services of a family, each with its own "how often": in its own product a phrasing asks for
    its topic alone, in another one for that of the same service, where it has it.
    """
    same = {other.product for other in alike if other.service == topic.service}
    return tuple(other for other in alike if other.service == topic.service or other.product not in same)


def _foreign(terrain: Terrain, reader: Reader) -> Iterator[Example]:
    for kind, texts in sorted(terrain.foreign.items()):
        for text in texts:
            reading = reader.read(text)
            yield Example(text=reading.rest, labels=frozenset({f"out:{kind}"}), marks=reading.marks)
