"""Keeps what was learned on disk, so that only the first start after a change of the data has to learn.

A file is found by the digest of everything it was learned from; a stale or damaged one is never read as a fresh one.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from intents.scorer import Example, Learned, Weights

# What reads texts and learns from them: when one of these files changes, everything is learned anew.
_READING = (
    "borrowed.py", "borrowed.yaml", "fitting.py", "lexicon.py", "normal.py", "ranking.py", "reader.py", "scorer.py",
    "words.py",
)  # fmt: skip
# Read with the code itself: a file that is replaced under a running process is not what that process learns with.
_CODE = b"".join((Path(__file__).parent / name).read_bytes() for name in _READING)


def digest(*sources: object) -> str:
    """Return the digest of the data, and of the code that reads and learns it."""
    total = hashlib.sha256(_CODE)
    for source in sources:
        total.update(repr(source).encode())
    return total.hexdigest()[:32]


def remembered(
    folder: Path | None, lesson: str, sources: str, learn: Callable[[], dict[str, Learned]]
) -> dict[str, Learned]:
    """Return what is kept in `folder` of a lesson learned from sources with that digest, or learn and keep it.

    Without a folder, or one that cannot be written, it learns every time. Of several processes that start together
    one learns, and the others wait for it.
    """
    if folder is None:
        return learn()
    home = folder / f"{lesson}-{sources}"
    kept = _read(home)
    if kept:
        return kept
    with _one_at_a_time(folder):
        kept = _read(home)
        if kept:
            return kept
        learned = learn()
        _write(folder, home, learned)
        for old in folder.glob(f"{lesson}-*"):
            if old != home:
                shutil.rmtree(old, ignore_errors=True)
    return learned


def remembered_fit(folder: Path | None, lesson: str, examples: Sequence[Example], *, weights: Weights) -> Learned:
    """Return what a single scorer learned from `examples`, kept like `remembered`."""

    def learn() -> dict[str, Learned]:
        from intents.fitting import fit  # with scipy: only for those who learn

        return {lesson: fit(examples, weights=weights)}

    return remembered(folder, lesson, digest(examples, weights), learn)[lesson]


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)  # the folder itself is the lock: nothing is left behind
    except OSError:  # a folder that cannot be made: nothing is kept, and nobody is waited for
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(home: Path) -> dict[str, Learned]:
    try:
        parts = json.loads((home / "parts.json").read_text(encoding="utf-8"))
        return {
            part: Learned(
                labels=tuple(kept["labels"]),
                names=tuple(kept["names"]),
                unit=float(kept["unit"]),
                rarity=np.load(home / f"{kept['file']}.rarity.npy"),
                # A plain view: indexing numpy's own memmap class costs more than the scoring.
                solution=np.asarray(np.load(home / f"{kept['file']}.solution.npy", mmap_mode="r")),
            )
            for part, kept in parts.items()
        }
    except (OSError, ValueError, KeyError, EOFError):
        shutil.rmtree(home, ignore_errors=True)  # missing or damaged: make room for a whole one
        return {}


def _write(folder: Path, home: Path, learned: dict[str, Learned]) -> None:
    """Write beside, then rename: another process sees all of it or nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=folder))
        parts = {}
        for number, (part, item) in enumerate(learned.items()):
            np.save(beside / f"{number}.rarity.npy", item.rarity)
            np.save(beside / f"{number}.solution.npy", item.solution)
            parts[part] = {"file": number, "unit": item.unit, "labels": item.labels, "names": item.names}
        (beside / "parts.json").write_text(json.dumps(parts, ensure_ascii=False), encoding="utf-8")
        beside.chmod(0o755)
        os.rename(beside, home)
    except OSError:
        return  # somebody else wrote it first, or the folder cannot be written: what was learned still serves
