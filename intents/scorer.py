"""Learns from labelled phrasings which label a text asks for: regularised least squares on character and sound n-grams.

It is closed-form and deterministic: the same data give the same scores on every machine. It is no language model; it
knows no word that is not in the data, and each score can be traced to the recorded phrasings nearest to the text.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

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

    one: float = 0.5
    two: float = 1.0
    three: float = 0.7
    sound_two: float = 0.7
    sound_three: float = 0.5
    marks: float = 1.0
    ridge: float = 0.5
    rarest: int = 2


def features(text: str, marks: Sequence[str], weights: Weights) -> Iterable[tuple[str, float]]:
    """Yield the features of one text with their family's weight."""
    padded = f"^{text}$"
    heard = ("^", *sounds(text), "$")
    for character in text:
        yield character, weights.one
    for at in range(len(padded) - 1):
        yield padded[at : at + 2], weights.two
        yield "~" + heard[at] + "-" + heard[at + 1], weights.sound_two
    for at in range(len(padded) - 2):
        yield padded[at : at + 3], weights.three
        yield "~" + "-".join(heard[at : at + 3]), weights.sound_three
    for mark in marks:
        yield "#" + mark, weights.marks


class Scorer:
    """Scores a text for each label; about 0 means "nothing like it", about 1 "just like the examples"."""

    def __init__(self, examples: Sequence[Example], *, weights: Weights | None = None) -> None:
        self._weights = weights or Weights()
        self.labels = tuple(sorted({label for example in examples for label in example.labels}))
        self.column: Mapping[str, int] = {label: at for at, label in enumerate(self.labels)}
        self._examples = tuple(examples)
        self._vocabulary, self._rarity = self._learn_vocabulary()
        self._matrix = sparse.vstack([self._row(example.text, example.marks) for example in examples], format="csr")
        self._solution = self._solve()

    def _learn_vocabulary(self) -> tuple[dict[str, int], Floats]:
        seen: Counter[str] = Counter()
        for example in self._examples:
            seen.update({name for name, _ in features(example.text, example.marks, self._weights)})
        names = sorted(name for name, times in seen.items() if times >= self._weights.rarest)
        rarity = np.array([np.log(1 + len(self._examples) / seen[name]) for name in names], dtype=np.float32)
        return {name: at for at, name in enumerate(names)}, rarity

    def _columns(self, text: str, marks: Sequence[str]) -> tuple[NDArray[np.int32], Floats]:
        """Return the known features of a text and their values, scaled to unit length."""
        found: dict[int, float] = {}
        get = self._vocabulary.get
        for name, weight in features(text, marks, self._weights):
            at = get(name)
            if at is not None:
                found[at] = weight
        columns = np.fromiter(found.keys(), dtype=np.int32, count=len(found))
        values = np.fromiter(found.values(), dtype=np.float32, count=len(found)) * self._rarity[columns]
        norm = float(np.linalg.norm(values))
        return columns, values / norm if norm else values

    def _row(self, text: str, marks: Sequence[str]) -> sparse.csr_matrix:
        columns, values = self._columns(text, marks)
        return sparse.csr_matrix(
            (values, columns, np.array([0, len(columns)])), shape=(1, len(self._vocabulary)), dtype=np.float32
        )

    def _solve(self) -> Floats:
        """Solve the dual of ridge regression: fewer examples than features."""
        targets = np.zeros((len(self._examples), len(self.labels)), dtype=np.float32)
        for row, example in enumerate(self._examples):
            for label in example.labels:
                targets[row, self.column[label]] = 1.0
        kernel = (self._matrix @ self._matrix.T).toarray()
        kernel[np.diag_indices_from(kernel)] += self._weights.ridge
        dual = cho_solve(cho_factor(kernel, overwrite_a=True), targets)
        return np.ascontiguousarray(self._matrix.T @ dual, dtype=np.float32)

    def score(self, text: str, marks: Sequence[str] = ()) -> Floats:
        """Return one score per label, in the order of `labels`."""
        columns, values = self._columns(text, marks)
        if not len(columns):
            return np.zeros(len(self.labels), dtype=np.float32)
        scores: Floats = values @ self._solution[columns]
        return scores

    def nearest(self, text: str, marks: Sequence[str] = (), *, where: Callable[[Example], bool]) -> tuple[str, float]:
        """Return the example most like the text among those that satisfy `where`, with its cosine similarity."""
        similar = (self._matrix @ self._row(text, marks).T).toarray().ravel()
        for at in np.argsort(-similar):
            if where(self._examples[at]):
                return self._examples[at].text, float(similar[at])
        return "", 0.0
