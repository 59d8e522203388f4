"""What was learned once is kept for the next start; nothing stale or damaged is taken for it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from intents.cues import Cues
from intents.memory import digest, remembered
from intents.scorer import Learned

LEARNED = {
    "area": Learned(
        labels=("in", "out"),
        names=("a", "b", "c"),
        rarity=np.array([1.0, 2.0, 3.0], dtype=np.float32),
        solution=np.array([[2, 0], [0, 2], [1, 1]], dtype=np.int16),
        unit=0.5,
    )
}


class Lesson:
    """Something to learn, which counts how often it had to be learned."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, Learned]:
        self.times += 1
        return LEARNED


def same(one: dict[str, Learned], other: dict[str, Learned]) -> bool:
    return one.keys() == other.keys() and all(
        one[part].labels == other[part].labels
        and one[part].names == other[part].names
        and np.array_equal(one[part].rarity, other[part].rarity)
        and one[part].unit == other[part].unit
        and np.array_equal(one[part].solution, other[part].solution)
        for part in one
    )


def test_what_was_learned_is_read_back_the_next_time(tmp_path: Path) -> None:
    lesson = Lesson()
    first = remembered(tmp_path / "memory", "lesson", "one", lesson)
    second = remembered(tmp_path / "memory", "lesson", "one", lesson)
    assert lesson.times == 1
    assert same(first, second)


def test_other_data_are_learned_anew_and_the_old_are_thrown_away(tmp_path: Path) -> None:
    lesson = Lesson()
    remembered(tmp_path, "lesson", "one", lesson)
    remembered(tmp_path, "lesson", "two", lesson)
    assert lesson.times == 2
    assert [path.name for path in tmp_path.iterdir()] == ["lesson-two"]


def test_without_a_folder_it_learns_every_time() -> None:
    lesson = Lesson()
    remembered(None, "lesson", "one", lesson)
    remembered(None, "lesson", "one", lesson)
    assert lesson.times == 2


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    assert same(remembered(tmp_path / "file", "lesson", "one", Lesson()), LEARNED)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


@pytest.mark.parametrize("name", ["parts.json", "0.rarity.npy", "0.solution.npy"])
@pytest.mark.parametrize("damage", [Path.unlink, cut_off])
def test_damaged_memory_is_learned_anew(tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    remembered(tmp_path, "lesson", "one", Lesson())
    damage(tmp_path / "lesson-one" / name)
    lesson = Lesson()
    assert same(remembered(tmp_path, "lesson", "one", lesson), LEARNED)
    assert lesson.times == 1


@pytest.mark.parametrize("name", ["0.rarity.npy", "0.solution.npy"])
def test_memory_emptied_by_a_crash_is_learned_anew(tmp_path: Path, name: str) -> None:
    remembered(tmp_path, "lesson", "one", Lesson())
    (tmp_path / "lesson-one" / name).write_bytes(b"")
    assert same(remembered(tmp_path, "lesson", "one", Lesson()), LEARNED)


def test_damaged_memory_is_mended_for_the_next_time(tmp_path: Path) -> None:
    remembered(tmp_path, "lesson", "one", Lesson())
    (tmp_path / "lesson-one" / "0.solution.npy").unlink()
    lesson = Lesson()
    remembered(tmp_path, "lesson", "one", lesson)
    remembered(tmp_path, "lesson", "one", lesson)
    assert lesson.times == 1
    assert [path.name for path in tmp_path.iterdir()] == ["lesson-one"]


def test_the_digest_tells_any_two_sources_apart() -> None:
    assert digest("a") == digest("a")
    assert digest("a") != digest("b")
    assert digest("ab", "c") != digest("a", "bc")


def test_the_digest_sees_the_end_of_a_long_cue() -> None:
    def cues(last: str) -> list[tuple[str, str]]:
        return Cues(attributes={"hours": re.compile("甲" * 300 + last)}, phrases={}).patterns()

    assert digest(cues("乙")) != digest(cues("丙"))


def test_the_digest_is_the_same_in_every_process() -> None:
    program = (
        "from handlers.understanding import build_terrain; from knowledge.library import load; "
        "from intents.memory import digest; print(digest(build_terrain(load())))"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
