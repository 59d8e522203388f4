"""What was published since the handbooks were learned: phrasings, names and entries that act before the learned scores.

A phrasing counts where a message says the same: word for word, by its sound, or but for a character or two that change
nothing. A name is read as the service or drug it stands for. Nothing is learned anew, and danger is judged before.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz

from intents.courtesy import strip_courtesies
from intents.normal import compact, sounds
from intents.reader import Reading
from intents.terrain import Topic

_NOISE = re.compile(r"[\W_]+")
_OPENINGS = re.compile(r"^(?:那|我)?(?:请问|(?:想|要)?(?:问|咨询|了解)(?:一下|下)|想问)(?:您|你)?")
_ENDINGS = re.compile(r"(?:[吗呢啊吧呀哦嘛啦哈]|了吗|一下)+$")
_NEGATIVES = re.compile(r"[不没無无未别非莫勿]")
_FIGURES = re.compile(r"[0-9a-z一二三四五六七八九十百千万两半]+")
_LEAST_ALIKE = 90  # of 100
_SHORTEST_ALIKE = 6  # characters; shorter ones must be the same, at least by sound
_SHORTEST_SOUND = 4
# A text that is 90 of 100 like a phrasing shares at least 0.45 / 0.55 of the phrasing's characters with it.
_LEAST_SHARED = 0.81


@dataclass(frozen=True, kw_only=True)
class Said:
    """A way of asking for a topic of a product. `item` is the number of what was published."""

    item: int
    text: str
    topic: str

    @property
    def product(self) -> str:
        """The product it is for: topics are named product/service/key."""
        return self.topic.split("/", 1)[0]


@dataclass(frozen=True, kw_only=True)
class Named:
    """A name that people of a product use; `word` is what the handbook calls it."""

    item: int
    product: str
    name: str
    word: str


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """Everything that is published. `topics` are the new entries."""

    said: tuple[Said, ...] = ()
    named: tuple[Named, ...] = ()
    topics: tuple[Topic, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.said or self.named or self.topics)

    @cached_property
    def topic(self) -> dict[str, Topic]:
        return {topic.id: topic for topic in self.topics}


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A phrasing that a message says, and how: exact | sound | near."""

    said: Said
    how: str


class Known:
    """An overlay made ready to be asked; it never changes."""

    def __init__(self, overlay: Overlay, read: Callable[[str], Reading]) -> None:
        self.overlay = overlay
        readings = [(said, read(strip_courtesies(said.text))) for said in overlay.said]
        self._said = [(said, reading, skeleton(reading.rest)) for said, reading in readings]
        self._least = [_LEAST_SHARED * len(sounds(key)) for _, _, key in self._said]
        self._where: dict[str, list[tuple[int, int]]] = defaultdict(list)  # a sound → phrasings, how often in each
        for at, (_, _, key) in enumerate(self._said):
            for sound, times in Counter(sounds(key)).items():
                self._where[sound].append((at, times))
        names = [(compact(named.name), compact(named.word), named) for named in overlay.named]
        self._names = sorted(names, key=lambda row: -len(row[0]))

    def renamed(self, text: str, products: Iterable[str]) -> tuple[str, tuple[str, ...]]:
        """Return `text` with published names replaced by the handbook's, and the reasons; as it was without any.

        A name that means different things for the products in question is left alone.
        """
        if not self._names:
            return text, ()
        open_to, written, reasons = set(products), compact(text), []
        for name in dict.fromkeys(name for name, _, _ in self._names):
            meant = [(word, one.item) for other, word, one in self._names if other == name and one.product in open_to]
            words = {word for word, _ in meant}
            if len(words) != 1 or name not in written or (word := words.pop()) in written:
                continue
            written = written.replace(name, word)
            reasons.append(f"published {min(item for _, item in meant)}: name {name} → {word}")
        return (written, tuple(reasons)) if reasons else (text, ())

    def may_be_said(self, text: str) -> bool:
        """Whether any phrasing may stand in `text`: cheap, and never no where `said` finds one."""
        return bool(self._said) and bool(self._likely(compact(text)))

    def said(self, reading: Reading, products: Iterable[str]) -> list[Hit]:
        """Return the phrasings of these products that a message says; only those said most exactly."""
        open_to, asked = set(products), skeleton(reading.rest)
        if not self._said or not asked:
            return []
        hits = [
            Hit(said=said, how=how)
            for said, known, key in (self._said[at] for at in self._likely(reading.text))
            if said.product in open_to and (how := _how(asked, reading, key, known))
        ]
        best = next((how for how in ("exact", "sound", "near") if any(hit.how == how for hit in hits)), None)
        return [hit for hit in hits if hit.how == best]

    def _likely(self, text: str) -> list[int]:
        """Return which phrasings share enough sounds with a compact text to stand in it at all."""
        shared: Counter[int] = Counter()
        for sound, times in Counter(sounds(text)).items():
            for at, needed in self._where.get(sound, ()):
                shared[at] += min(times, needed)
        return [at for at in sorted(shared) if shared[at] >= self._least[at]]


def skeleton(text: str) -> str:
    """Return what remains of a compact text without marks, polite opening and the particles at its end."""
    bare = _NOISE.sub("", text)
    return _ENDINGS.sub("", _OPENINGS.sub("", bare)) or bare


def _how(asked: str, reading: Reading, key: str, known: Reading) -> str:
    if asked == key:
        return "exact" if key else ""
    if len(asked) == len(key) >= _SHORTEST_SOUND and sounds(asked) == sounds(key):
        return "sound"
    is_near = (
        min(len(asked), len(key)) >= _SHORTEST_ALIKE
        and fuzz.ratio(asked, key, score_cutoff=_LEAST_ALIKE) > 0
        and _weighs(asked) == _weighs(key)
        and (reading.places, reading.families, reading.attributes) == (known.places, known.families, known.attributes)
    )
    return "near" if is_near else ""


def _weighs(text: str) -> tuple[int, list[str]]:
    """What may not differ in two texts that say the same: how often they say no, and their figures and Latin words."""
    return len(_NEGATIVES.findall(text)), _FIGURES.findall(text)
