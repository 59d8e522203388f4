"""Learns from labelled phrasings which label a text asks for: regularised least squares on character and sound n-grams.

It is closed-form and deterministic: the same data give the same scores on every machine. Only what learns imports this
module: loading scipy takes longer than reading what was learned before.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator, cg

from intents.scorer import Example, Floats, Learned, Weights, features

_FEW_LABELS = 64
_LARGEST = 32767
_MANY = 2000  # examples from which on a feature that stands in a single one is left out: half of all, and no help


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
