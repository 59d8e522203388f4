"""Learns from labelled phrasings which label a text asks for: regularised least squares on character and sound n-grams.

It is closed-form and deterministic: the same data give the same scores on every machine. It is no language model; it
knows no word that is not in the data, and each score can be traced to the recorded phrasings nearest to the text.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator, cg

from intents.normal import sounds

Floats = NDArray[np.float32]

_FEW_LABELS = 64


@dataclass(frozen=True, kw_only=True)
class Example:
    """One labelled text: `text` is compact and stripped of product names, `marks` are names and cues found in it."""

    text: str
    labels: frozenset[str]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each family of features counts, and how strongly the fit is regularised."""

    one: float = 1.0
    two: float = 1.0
    sound_two: float = 0.7
    marks: float = 3.0
    ridge: float = 0.5


@lru_cache(maxsize=16)  # several scorers look at the same message one after another
def features(text: str, marks: tuple[str, ...], weights: Weights) -> dict[str, float]:
    """Return the features of one text, each with its family's weight."""
    padded = f"^{text}$"
    heard = ("^", *sounds(text), "$")
    found = dict.fromkeys(text, weights.one)
    found.update({first + second: weights.two for first, second in pairwise(padded)})
    found.update({f"~{first}-{second}": weights.sound_two for first, second in pairwise(heard)})
    found.update({"#" + mark: weights.marks for mark in marks})
    return found


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What a fit leaves: all that scoring needs. `solution` has a row a feature, a column a label (half precision)."""

    labels: tuple[str, ...]
    names: tuple[str, ...]
    rarity: Floats
    solution: NDArray[np.float16]


class Scorer:
    """Scores a text for each label; about 0 means "nothing like it", about 1 "just like the examples"."""

    def __init__(self, learned: Learned, *, weights: Weights | None = None) -> None:
        self.learned = learned
        self._weights = weights or Weights()
        self._vocabulary = {name: at for at, name in enumerate(learned.names)}
        self.labels = learned.labels
        self.column: Mapping[str, int] = {label: at for at, label in enumerate(learned.labels)}

    def score(self, text: str, marks: tuple[str, ...] = ()) -> Floats:
        """Return one score per label, in the order of `labels`."""
        columns, values = unit_row(text, marks, self._vocabulary, self.learned.rarity, self._weights)
        if not len(columns):
            return np.zeros(len(self.labels), dtype=np.float32)
        scores: Floats = values @ self.learned.solution[columns].astype(np.float32)
        return scores


def unit_row(
    text: str, marks: tuple[str, ...], vocabulary: Mapping[str, int], rarity: Floats, weights: Weights
) -> tuple[NDArray[np.int32], Floats]:
    """Return the known features of a text (columns) and their values, scaled to unit length."""
    known = [
        (vocabulary[name], weight) for name, weight in features(text, marks, weights).items() if name in vocabulary
    ]
    columns = np.array([at for at, _ in known], dtype=np.int32)
    values = np.array([weight for _, weight in known], dtype=np.float32) * rarity[columns]
    norm = float(np.linalg.norm(values))
    return columns, values / norm if norm else values


def fit(examples: Sequence[Example], *, weights: Weights | None = None) -> Learned:
    """Learn from labelled examples. Takes seconds for thousands of them."""
    weighed = weights or Weights()
    names, rarity = _vocabulary(examples, weighed)
    matrix = _matrix(examples, names, rarity, weighed)
    labels = tuple(sorted({label for example in examples for label in example.labels}))
    targets = _targets(examples, labels)
    solve = _solve_each if len(labels) <= _FEW_LABELS else _solve_together
    dual: Floats = solve(matrix, targets, weighed.ridge)
    solution = np.ascontiguousarray(matrix.T @ dual, dtype=np.float16)
    return Learned(labels=labels, names=names, rarity=rarity, solution=solution)


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
    names = tuple(sorted(seen))
    return names, np.array([np.log(1 + len(examples) / seen[name]) for name in names], dtype=np.float32)


def _matrix(examples: Sequence[Example], names: tuple[str, ...], rarity: Floats, weights: Weights) -> sparse.csr_matrix:
    vocabulary = {name: at for at, name in enumerate(names)}
    rows = [unit_row(example.text, example.marks, vocabulary, rarity, weights) for example in examples]
    ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    columns = np.concatenate([columns for columns, _ in rows])
    values = np.concatenate([values for _, values in rows])
    return sparse.csr_matrix((values, columns, ends), shape=(len(rows), len(names)))


def _targets(examples: Sequence[Example], labels: tuple[str, ...]) -> Floats:
    column = {label: at for at, label in enumerate(labels)}
    targets = np.zeros((len(examples), len(labels)), dtype=np.float32)
    for row, example in enumerate(examples):
        for label in example.labels:
            targets[row, column[label]] = 1.0
    return targets
