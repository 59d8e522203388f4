"""Scores which label a text asks for, on its character and sound n-grams, by what was learned (intents/fitting.py).

It is no language model; it knows no word that is not in the data, and each score can be traced to the recorded
phrasings nearest to the text.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from intents.normal import sounds

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Example:
    """One labelled text: `text` is compact and stripped of product names, `marks` are names and cues found in it."""

    text: str
    labels: frozenset[str]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each family of features counts, and how strongly the fit is regularised."""

    one: float = 2.0
    two: float = 1.0
    apart: float = 1.0
    sound_two: float = 1.2
    marks: float = 3.0
    ridge: float = 0.85


def features(text: str, marks: tuple[str, ...], weights: Weights) -> dict[str, float]:
    """Return the features of one text, each with its family's weight."""
    padded = f"^{text}$"
    heard = ("^", *sounds(text), "$")
    found = dict.fromkeys(text, weights.one)
    found.update({first + second: weights.two for first, second in pairwise(padded)})
    if weights.apart:  # two characters stay when the one between them is mistyped
        found.update({f"{first}_{second}": weights.apart for first, second in zip(padded, padded[2:], strict=False)})
    found.update({f"~{first}-{second}": weights.sound_two for first, second in pairwise(heard)})
    found.update({"#" + mark: weights.marks for mark in marks})
    return found


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What a fit leaves: all that scoring needs. `solution` has a row a feature, a column a label, in units of `unit`.

    Whole numbers of 16 bits take half the memory of floats, and turn into them faster than half-precision floats do.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    rarity: Floats
    solution: NDArray[np.int16]
    unit: float


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The known features of one text: their numbers in a vocabulary, and each family's weight."""

    numbers: NDArray[np.int32]
    weights: Floats


class Vocabulary:
    """Numbers the features that one or several scorers know, so that one look at a text serves all of them."""

    def __init__(self, learned: Iterable[Learned], weights: Weights | None = None) -> None:
        self._weights = weights or Weights()
        self._number: dict[str, int] = {}
        for item in learned:
            for name in item.names:
                self._number.setdefault(name, len(self._number))

    def see(self, text: str, marks: tuple[str, ...] = ()) -> Seen:
        """Return the features of a text that some scorer knows."""
        numbers, weights = [], []
        number = self._number.get
        for name, weight in features(text, marks, self._weights).items():
            at = number(name)
            if at is not None:
                numbers.append(at)
                weights.append(weight)
        return Seen(numbers=np.array(numbers, dtype=np.int32), weights=np.array(weights, dtype=np.float32))

    def rows_of(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Return for each number the place of its feature in `names`, -1 where it is not among them."""
        rows = np.full(len(self._number), -1, dtype=np.int32)
        rows[[self._number[name] for name in names]] = np.arange(len(names), dtype=np.int32)
        return rows


class Scorer:
    """Scores a text for each label; about 0 means "nothing like it", about 1 "just like the examples"."""

    def __init__(
        self, learned: Learned, *, weights: Weights | None = None, vocabulary: Vocabulary | None = None
    ) -> None:
        """`vocabulary` is one shared with other scorers; without it the scorer has its own, of `weights`."""
        self.learned = learned
        self.vocabulary = vocabulary or Vocabulary([learned], weights)
        self._rows = self.vocabulary.rows_of(learned.names)
        self.labels = learned.labels
        self.column: Mapping[str, int] = {label: at for at, label in enumerate(learned.labels)}

    def score(self, text: str, marks: tuple[str, ...] = ()) -> Floats:
        """Return one score per label, in the order of `labels`."""
        return self.score_seen(self.vocabulary.see(text, marks))

    def score_seen(self, seen: Seen) -> Floats:
        """Return one score per label for what the vocabulary saw in a text."""
        rows = self._rows[seen.numbers]
        known = rows >= 0
        rows = rows[known]
        values = seen.weights[known] * self.learned.rarity[rows]
        norm = float(np.sqrt(values @ values))
        if not norm:
            return np.zeros(len(self.labels), dtype=np.float32)
        scores: Floats = (values * np.float32(self.learned.unit / norm)) @ self.learned.solution[rows].astype(
            np.float32
        )
        return scores
