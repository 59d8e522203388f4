"""Ranks the topics of a terrain for one message: learned scores, names found, and what the conversation was about."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intents.reader import Reader, Reading
from intents.scorer import Example, Scorer
from intents.terrain import Terrain, Topic

IN_SCOPE = "in"
MEDICAL = "out:medical"


@dataclass(frozen=True, kw_only=True)
class Balance:
    """How much each kind of evidence counts towards a topic's score."""

    family: float = 0.5
    attribute: float = 0.4
    place: float = 0.15
    elsewhere: float = -0.15
    same_service: float = 0.12
    same_key: float = 0.35


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """One candidate with its score."""

    topic: Topic
    score: float


class Ranking:
    """Knows the topics of a terrain and the recorded phrasings that ask for them."""

    def __init__(self, terrain: Terrain, reader: Reader, *, balance: Balance | None = None) -> None:
        self._terrain = terrain
        self._balance = balance or Balance()
        self.scorer = Scorer(list(_examples(terrain, reader)))
        column = self.scorer.column
        self._topics = tuple(topic for topic in terrain.topics if f"t:{topic.id}" in column)
        self._own = np.array([column[f"t:{topic.id}"] for topic in self._topics])
        self._family = np.array([column[f"f:{topic.family}"] for topic in self._topics])
        self._attribute = np.array([column[f"a:{topic.attribute}"] for topic in self._topics])
        self._foreign = [at for label, at in column.items() if label.startswith("out:")]
        self._of_product = {
            product.id: np.array([topic.product == product.id for topic in self._topics])
            for product in terrain.products
        }

    def scores(self, reading: Reading) -> NDArray[np.float32]:
        """Return the learned score of every label for a message."""
        return self.scorer.score(reading.rest, reading.marks)

    def scope(self, scores: NDArray[np.float32]) -> tuple[float, float, float]:
        """Return how much a message looks like a handbook question, like any foreign one, like a medical one."""
        column = self.scorer.column
        inside = float(scores[column[IN_SCOPE]])
        foreign = max((float(scores[at]) for at in self._foreign), default=0.0)
        medical = float(scores[column[MEDICAL]]) if MEDICAL in column else 0.0
        return inside, foreign, medical

    def rank(
        self,
        reading: Reading,
        scores: NDArray[np.float32],
        *,
        products: Iterable[str],
        context: Topic | None = None,
        carry: bool = False,
        most: int = 8,
    ) -> list[Ranked]:
        """Return the best topics of `products`, best first.

        `context` is the topic answered before; with `carry` the message only changes service or product, so that
        the attribute asked for stays.
        """
        weigh = self._balance
        total = scores[self._own] + weigh.family * scores[self._family] + weigh.attribute * scores[self._attribute]
        allowed = np.zeros(len(self._topics), dtype=bool)
        for product in products:
            allowed |= self._of_product[product]
        if reading.places:
            total = total + self._by(lambda topic: weigh.place if _named(topic, reading) else weigh.elsewhere)
        elif context is not None:
            total = total + self._by(lambda topic: weigh.same_service if topic.family == context.family else 0.0)
        if carry and context is not None:
            total = total + self._by(
                lambda topic: (
                    (topic.key == context.key) * weigh.same_key
                    + (topic.attribute == context.attribute) * weigh.same_key / 2
                )
            )
        total = np.where(allowed, total, -9.0)
        best = np.argsort(-total, kind="stable")[:most]
        return [Ranked(topic=self._topics[at], score=float(total[at])) for at in best if allowed[at]]

    def _by(self, value: Callable[[Topic], float]) -> NDArray[np.float32]:
        return np.array([value(topic) for topic in self._topics], dtype=np.float32)

    def nearest(self, reading: Reading, topic: Topic) -> tuple[str, float]:
        """Return the recorded phrasing of `topic` that is most like the message, and how like (cosine)."""
        label = f"t:{topic.id}"
        return self.scorer.nearest(reading.rest, reading.marks, where=lambda example: label in example.labels)


def _named(topic: Topic, reading: Reading) -> bool:
    return f"{topic.product}/{topic.service}" in reading.places or topic.family in reading.families


def _examples(terrain: Terrain, reader: Reader) -> Iterable[Example]:
    """Yield the training texts: recorded phrasings, each topic's own title, and messages no handbook answers."""
    alike: dict[tuple[str, str], list[Topic]] = defaultdict(list)
    for topic in terrain.topics:
        alike[topic.kind].append(topic)
    for phrasing in terrain.phrasings:
        topic = terrain.topic[phrasing.topic]
        yield _example(reader, phrasing.text, alike[topic.kind])
    short = {service.place: service.short for service in terrain.services}
    for topic in terrain.topics:
        yield _example(reader, short[f"{topic.product}/{topic.service}"] + topic.ask, alike[topic.kind])
    for kind, texts in sorted(terrain.foreign.items()):
        for text in texts:
            reading = reader.read(text)
            yield Example(text=reading.rest, labels=frozenset({f"out:{kind}"}), marks=reading.marks)


def _example(reader: Reader, text: str, topics: list[Topic]) -> Example:
    reading = reader.read(text)
    labels = {f"t:{topic.id}" for topic in topics} | {f"f:{topics[0].family}", f"a:{topics[0].attribute}", IN_SCOPE}
    return Example(text=reading.rest, labels=frozenset(labels), marks=reading.marks)
