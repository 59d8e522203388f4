"""Learns from labelled phrasings which label a text asks for: regularised least squares on character and sound n-grams.

It is closed-form and deterministic: the same data give the same scores on every machine. It is no language model; it
knows no word that is not in the data, and each score can be traced to the recorded phrasings nearest to the text.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator, cg

from intents.normal import sounds

Floats = NDArray[np.float32]

_FEW_LABELS = 64
_LARGEST = 32767
_MANY = 2000  # examples from which on a feature that stands in a single one is left out: half of all, and no help


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


def fit(examples: Sequence[Example], *, weights: Weights | None = None) -> Learned:
    """Learn from labelled examples. Takes seconds for thousands of them."""
    weighed = weights or Weights()
    names, rarity = _vocabulary(examples, weighed)
    matrix = _matrix(examples, names, rarity, weighed)
    labels = tuple(sorted({label for example in examples for label in example.labels}))
    targets = _targets(examples, labels)
    solve = _solve_each if len(labels) <= _FEW_LABELS else _solve_together
    dual: Floats = solve(matrix, targets, weighed.ridge)
    exact = matrix.T @ dual
    unit = float(np.abs(exact).max(initial=0.0)) / _LARGEST or 1.0
    solution = np.ascontiguousarray(np.rint(exact / unit), dtype=np.int16)
    return Learned(labels=labels, names=names, rarity=rarity, solution=solution, unit=unit)


# The dual of ridge regression, (X X' + ridge) A = Y: there are fewer examples than features. With few labels each is
# found by conjugate gradients, which never writes the square kernel down; with many, one factorisation serves all.


def _solve_each(matrix: sparse.csr_matrix, targets: Floats, ridge: float) -> Floats:
    transposed = matrix.T.tocsr()
    size = matrix.shape[0]
    kernel = LinearOperator(
        (size, size), matvec=lambda vector: matrix @ (transposed @ vector) + ridge * vector, dtype=np.float32
    )
    found = [cg(kernel, target, rtol=1e-2, maxiter=40)[0] for target in targets.T]
    return np.stack(found, axis=1).astype(np.float32)


def _solve_together(matrix: sparse.csr_matrix, targets: Floats, ridge: float) -> Floats:
    kernel = (matrix @ matrix.T).toarray()
    kernel[np.diag_indices_from(kernel)] += ridge
    factor = cho_factor(kernel, overwrite_a=True, check_finite=False)
    return np.asarray(cho_solve(factor, targets, check_finite=False), dtype=np.float32)


def _vocabulary(examples: Sequence[Example], weights: Weights) -> tuple[tuple[str, ...], Floats]:
    seen: Counter[str] = Counter()
    for example in examples:
        seen.update(features(example.text, example.marks, weights).keys())
    fewest = 2 if len(examples) >= _MANY else 1
    names = tuple(sorted(name for name, times in seen.items() if times >= fewest))
    return names, np.array([np.log(1 + len(examples) / seen[name]) for name in names], dtype=np.float32)


def _matrix(examples: Sequence[Example], names: tuple[str, ...], rarity: Floats, weights: Weights) -> sparse.csr_matrix:
    """Return a row of unit length for each example."""
    number = {name: at for at, name in enumerate(names)}
    found = [
        {name: weight for name, weight in features(example.text, example.marks, weights).items() if name in number}
        for example in examples
    ]
    ends = np.cumsum([0, *map(len, found)])
    columns = np.fromiter((number[name] for row in found for name in row), dtype=np.int32, count=ends[-1])
    values = np.fromiter((weight for row in found for weight in row.values()), dtype=np.float32, count=ends[-1])
    values *= rarity[columns]
    matrix = sparse.csr_matrix((values, columns, ends), shape=(len(found), len(names)))
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scale = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    return sparse.csr_matrix(sparse.diags(scale.astype(np.float32)) @ matrix)


def _targets(examples: Sequence[Example], labels: tuple[str, ...]) -> Floats:
    column = {label: at for at, label in enumerate(labels)}
    targets = np.zeros((len(examples), len(labels)), dtype=np.float32)
    for row, example in enumerate(examples):
        for label in example.labels:
            targets[row, column[label]] = 1.0
    return targets
