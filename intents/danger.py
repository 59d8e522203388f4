"""Red flags: danger to life and self-harm, found as concepts in their circumstances; a learned score is the second net.

Missing one is the worst fault this project can have, so two independent nets are united: concepts
(catalogue/danger/*.yaml), and likeness to recorded messages (catalogue/danger/examples.csv). What takes a sign back are
frames: it is history, a mere if, a word in an insurance question. When torn, it is an alarm. No diagnosis is made.
"""

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml
from intents import catalogue
from intents.fields import Fields, marks
from intents.frames import Circumstances, Frames
from intents.memory import remembered_fit
from intents.phrases import GAP, Hit, Mender, PhraseBook, Phrases, ready
from intents.scorer import Example, Scorer, Weights

FOLDER = Path(__file__).parent / "catalogue" / "danger"
EMERGENCY = "emergency"
SELF_HARM = "self_harm"

_ALARMING = "alarming"
_HARMLESS = "harmless"

Made = TypeVar("Made")

_TIERS = ("grave", "event", "disease", "part")
# Chosen by cross-validation on the recorded messages; below zero, because a missed alarm costs more than a false one.
_LIKENESS = -0.25
_LIKENESS_WHEN_CALM = -0.1
_LIKENESS_OF_SELF_HARM = -0.05  # below it stand curses and jokes (无聊死了)
_WEIGHTS = Weights(one=1.0, apart=0.0, sound_two=0.7, marks=1.5, ridge=0.1)


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: `kind` is emergency | self_harm, `reasons` name the matched concepts.

    `by_likeness` alone: no concept was found, the message is only more like recorded alarms than like others, by
    `likeness` (0: as like the one as the other; 1: just like the alarms).
    """

    kind: str
    reasons: tuple[str, ...]
    by_likeness: bool = False
    likeness: float = 1.0


class _Concept(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patterns: list[str] = Field(min_length=1)
    spared: str = ""


class _Signs(BaseModel):
    model_config = ConfigDict(extra="forbid")

    even_supposed: bool = False
    words: dict[str, str] = {}
    grave: dict[str, _Concept] = {}
    event: dict[str, _Concept] = {}
    disease: dict[str, _Concept] = {}
    part: dict[str, _Concept] = {}
    together: list[list[str]] = []


@dataclass(frozen=True, kw_only=True)
class _Net:
    """The concepts of one kind of alarm, compiled."""

    kind: str
    even_supposed: bool  # whether a sign counts that is only supposed
    book: PhraseBook
    together: tuple[tuple[frozenset[str], ...], ...]

    def reasons(self, text: str, around: Circumstances) -> list[str]:
        """Return why `text` raises this alarm; empty when nothing does."""
        sieve = self.book.sieve(text)
        found: dict[str, Hit] = {}
        for tier in ("grave", "event", "disease"):
            for hit in self._standing(tier, text, sieve, around):
                if _counts(tier, hit, around):
                    return [f"danger: {hit.concept}"]
                found.setdefault(hit.concept, hit)
        for hit in self._standing("part", text, sieve, around):
            found.setdefault(hit.concept, hit)
        if not found:
            return []
        for sets in self.together:
            chosen = _one_of_each(sets, found)
            if chosen:
                return [f"danger: {' × '.join(chosen)}"]
        return []

    def _standing(self, tier: str, text: str, sieve: int, around: Circumstances) -> Iterable[Hit]:
        for hit in self.book.find(tier, text, sieve):
            if not around.takes_back(hit.start, hit.end, even_supposed=self.even_supposed):
                yield hit


def _counts(tier: str, hit: Hit, around: Circumstances) -> bool:
    """Whether a standing sign of this tier is enough alone."""
    if tier == "grave":
        return True
    happening = around.is_happening(hit.start, hit.end)
    if tier == "event":
        return happening or around.plea or not around.insurance
    return (happening or around.plea) and not (around.insurance and not (happening and around.plea))


def _one_of_each(sets: tuple[frozenset[str], ...], found: Mapping[str, Hit]) -> list[str]:
    """Return one found concept of each set, each at its own place, or nothing."""
    chosen: list[Hit] = []
    for names in sets:
        fitting = (
            hit
            for name, hit in found.items()
            if name in names and all(hit.start >= other.end or other.start >= hit.end for other in chosen)
        )
        hit = next(fitting, None)
        if hit is None:
            return []
        chosen.append(hit)
    return [hit.concept for hit in chosen]


@dataclass(frozen=True, kw_only=True)
class _Likeness:
    """The second net: more like recorded alarms than like harmless messages."""

    fields: Fields
    scorer: Scorer

    def judge(self, text: str, around: Circumstances) -> Alarm | None:
        touched = self.fields.of(text)
        telling = [field for field in touched if field in self.fields.telling]
        if not telling:
            return None
        scores = self.scorer.score(text, marks(touched))
        column = self.scorer.column
        score = float(scores[column[_ALARMING]] - scores[column[_HARMLESS]])
        enough = _LIKENESS_WHEN_CALM if around.is_calm else _LIKENESS
        if score < enough:
            return None
        kind = max((EMERGENCY, SELF_HARM), key=lambda label: float(scores[column[label]]))
        if kind == SELF_HARM and score < _LIKENESS_OF_SELF_HARM:
            return None
        return Alarm(
            kind=kind,
            by_likeness=True,
            likeness=score,
            reasons=(f"danger: like recorded alarms ({score:+.2f}): {' × '.join(telling)}",),
        )


class Danger:
    """Judges messages for danger to life and self-harm."""

    def __init__(self, *, nets: Sequence[_Net], frames: Frames, mender: Mender, likeness: _Likeness) -> None:
        self._nets = tuple(nets)
        self._frames = frames
        self._mender = mender
        self._likeness = likeness

    @classmethod
    def load(cls, questions: Sequence[str] = (), *, folder: Path = FOLDER, memory: Path | None = None) -> "Danger":
        """Read the catalogue's folder and learn, or take from the folder `memory` what was learned from the same.

        `questions` are recorded ones about the handbooks: of those that speak of what alarms speak of, too, and show no
        sign of danger, it learns that they are harmless. Raises ConfigurationFault naming file, entry and remedy.
        """
        mender = _made(folder / "mishearings.yaml", Mender)
        frames = _frames(folder / "frames.yaml")
        fields = _made(folder / "fields.yaml", Fields)
        talk = [{"label": intent.name, "text": text} for intent in catalogue.load() for text in intent.examples]
        asked = [{"label": "handbook", "text": text} for text in dict.fromkeys(questions)]
        nets = [_net(folder / "self_harm.yaml", SELF_HARM), _net(folder / "signs.yaml", EMERGENCY)]
        recorded = [_example(row, mender, frames, fields) for row in [*_rows(folder / "examples.csv"), *talk]]
        near = [
            example
            for example in (_example(row, mender, frames, fields) for row in asked)
            if fields.telling & {*example.marks} and not _reasons(nets, example.text, frames)
        ]
        learned = remembered_fit(memory, "danger", [*recorded, *near], weights=_WEIGHTS)
        return cls(
            nets=nets,
            frames=frames,
            mender=mender,
            likeness=_Likeness(fields=fields, scorer=Scorer(learned, weights=_WEIGHTS)),
        )

    def judge(self, message: str) -> Alarm | None:
        """Return the alarm that `message` raises, or None. Self-harm goes first: its help includes the other's."""
        typed = ready(message)
        mended = self._mender.mend(typed)
        alarm = self._by_concepts(typed)
        if alarm is None and mended != typed:
            alarm = self._by_concepts(mended)
        return alarm or self._likeness.judge(self._frames.plainly(mended), self._frames.around(mended))

    def _by_concepts(self, text: str) -> Alarm | None:
        found = _reasons(self._nets, text, self._frames)
        return None if found is None else Alarm(kind=found[0], reasons=tuple(found[1]))


def _reasons(nets: Iterable[_Net], text: str, frames: Frames) -> tuple[str, list[str]] | None:
    """Return the kind of alarm that the first net with a sign in `text` raises, and why."""
    around = frames.around(text)
    return next(((net.kind, reasons) for net in nets if (reasons := net.reasons(text, around))), None)


def recorded_questions(folder: Path = FOLDER) -> list[str]:
    """Return the recorded messages that raise no alarm: questions of every kind. Raises ConfigurationFault."""
    return [row["text"] for row in _rows(folder / "examples.csv") if row["label"] not in (EMERGENCY, SELF_HARM)]


def _net(path: Path, kind: str) -> _Net:
    try:
        signs = _Signs.model_validate(_mapping(path))
    except ValidationError as error:
        raise ConfigurationFault(f"{path}: {error}; mend these entries") from error
    tiers = {
        tier: tuple(_phrases(path, name, concept, signs.words) for name, concept in getattr(signs, tier).items())
        for tier in _TIERS
    }
    known = {phrases.concept for group in tiers.values() for phrases in group}
    together = tuple(tuple(frozenset(names.split("|")) for names in row) for row in signs.together)
    for names in (names for row in together for names in row):
        if names - known:
            raise ConfigurationFault(f"{path}: together: {', '.join(sorted(names - known))}: no such concept; name one")
    return _Net(kind=kind, even_supposed=signs.even_supposed, book=PhraseBook(tiers), together=together)


def _phrases(path: Path, name: str, concept: _Concept, words: Mapping[str, str]) -> Phrases:
    try:
        return Phrases(name, concept.patterns, concept.spared, words=words)
    except re.error as error:
        raise ConfigurationFault(f"{path}: {name}: no regular expression ({error}); mend it") from error


def _made(path: Path, maker: Callable[..., Made]) -> Made:
    """Make what a file describes, its top entries being the arguments."""
    try:
        return maker(**_mapping(path))
    except (re.error, TypeError, AttributeError) as error:
        raise ConfigurationFault(f"{path}: {error}; mend the entries of this file") from error


def _frames(path: Path) -> Frames:
    try:
        cues = {name: re.compile(cue.replace("~", GAP)) for name, cue in _mapping(path).items()}
        exaggerated = re.compile(f"(?:{cues['hyperbole'].pattern})[^,。!?;]{{1,4}}")
        return Frames(**cues, exaggerated=exaggerated)
    except (re.error, TypeError, AttributeError, KeyError) as error:
        raise ConfigurationFault(f"{path}: {error}; the file needs one regular expression for each frame") from error


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = read_yaml(path)
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationFault(f"{path}: cannot be read ({error}); put a valid file there") from error
    if not isinstance(content, dict):
        raise ConfigurationFault(f"{path}: holds no mapping; write entries of `name: value`")
    return content


def _rows(path: Path) -> list[dict[str, str]]:
    """Read label,text rows: emergency, self_harm, and every other label as harmless."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise ConfigurationFault(f"{path}: {error.strerror}; it holds the recorded messages") from error
    for number, row in enumerate(rows, start=2):
        if not row.get("label") or not row.get("text"):
            raise ConfigurationFault(f"{path}: line {number}: needs label and text; fill in both")
    return rows


def _example(row: Mapping[str, str], mender: Mender, frames: Frames, fields: Fields) -> Example:
    text = frames.plainly(mender.mend(ready(row["text"])))
    labels = {row["label"], _ALARMING} if row["label"] in (EMERGENCY, SELF_HARM) else {_HARMLESS}
    return Example(text=text, labels=frozenset(labels), marks=marks(fields.of(text)))
