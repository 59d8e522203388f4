"""Requests for a person, small talk and commands: by the catalogue's phrases, then by likeness to its examples.

Small talk is only what is nothing else: "你好，垫付怎么申请" is a question and gets None. A person who is asked for, or
a complaint that is announced, counts anywhere in a message.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from intents import catalogue
from intents.catalogue import Intent
from intents.danger import recorded_questions
from intents.memory import remembered_fit
from intents.normal import compact
from intents.scorer import Example, Scorer, Weights

_OTHER = "other"
_LONGEST_PHRASES = 60  # a longer message is no row of set phrases
# Chosen by cross-validation on the examples: handing over a question costs more than asking back.
_SURE = 0.25
_MARGIN = 0.05
_WEIGHTS = Weights(one=1.0, apart=0.0, sound_two=0.7, ridge=0.2)
_EVERY = 6  # of the longer recorded questions one in so many: all of them would outweigh what is said besides questions
_SHORT = 9  # characters; so short questions sound like small talk, and all are learned

_PUNCTUATION = re.compile(r"[\s,.。!?;:、~…\"'“”‘’()\-—^_*#@+=<>《》\[\]【】|/\\]+")
_FILLER = re.compile(
    "嗯+|啊+|呀|哦+|噢+|那个?|就是|啦|呢|吧|哈+|嘛|呗|哇+|哎+|欸|唉|诶|了|的|请问|小?(?:同志|姑娘|小姐姐|小哥哥?|老师|师傅|客服|管家|美女|帅哥|妹妹|大姐|老铁|朋友|亲)|您|你|我|也|好|先|再|"
    "[^\\w\\s]"
)


@dataclass(frozen=True, kw_only=True)
class Talked:
    """What a message is if no handbook question. `is_certain`: even if it looks like one.

    `likeness` is how like the intent's examples it is, where that was all that was found.
    """

    intent: str
    reasons: tuple[str, ...]
    is_certain: bool = False
    likeness: float = 1.0


class Talk:
    """Judges messages for hand-over, small talk and commands."""

    def __init__(self, intents: Sequence[Intent], scorer: Scorer) -> None:
        self._intents = tuple(intents)
        self._by_name = {intent.name: intent for intent in intents}
        self._scorer = scorer

    @classmethod
    def load(cls, questions: Sequence[str] = (), *, memory: Path | None = None) -> "Talk":
        """Read the catalogue and learn from its examples, and from recorded `questions` what is none of them.

        `memory` is a folder in which what was learned is kept. Raises ConfigurationFault.
        """
        intents = catalogue.load()
        examples = list(_examples(intents, questions))
        learned = remembered_fit(memory, "talk", examples, weights=_WEIGHTS)
        return cls(intents, Scorer(learned, weights=_WEIGHTS))

    def judge(self, message: str) -> Talked | None:
        """Return what `message` is, or None for a question or anything else."""
        text = compact(message)
        bare = _PUNCTUATION.sub("", text)
        return self._command(bare) or self._anywhere(text) or self._only_phrases(bare) or self._alike(text)

    def _command(self, bare: str) -> Talked | None:
        for intent in self._intents:
            if intent.alone and intent.whole and intent.whole.fullmatch(bare):
                return Talked(intent=intent.name, reasons=(f"command: {intent.name}",), is_certain=True)
        return None

    def _anywhere(self, text: str) -> Talked | None:
        for intent in self._intents:
            if intent.anywhere is None or not intent.anywhere.search(text):
                continue
            rest = intent.spared.sub("；", text) if intent.spared else text
            found = intent.anywhere.search(rest)
            if found:
                reason = f"{intent.name}: phrase at {found.start()}–{found.end()}"
                is_certain = bool(intent.certain and intent.certain.search(rest))
                return Talked(intent=intent.name, reasons=(reason,), is_certain=is_certain)
        return None

    def _only_phrases(self, bare: str) -> Talked | None:
        """Take the message apart from left to right, always the longest phrase; every character must belong to one."""
        if not bare or len(bare) > _LONGEST_PHRASES:
            return None
        found: set[str] = set()
        at = 0
        while at < len(bare):
            phrases = [
                (match.end(), intent.name)
                for intent in self._intents
                if intent.whole and not intent.alone and (match := intent.whole.match(bare, at))
            ]
            end, name = max(phrases, default=(at, ""))
            filler = _FILLER.match(bare, at)
            if end <= at and filler is None:
                return None
            if end > at:
                found.add(name)
            at = max(end, filler.end() if filler else at)
        spoken = [intent.name for intent in self._intents if intent.name in found]
        if not spoken:
            return None
        return Talked(intent=spoken[0], reasons=(f"{spoken[0]}: nothing but {' and '.join(spoken)}",), is_certain=True)

    def _alike(self, text: str) -> Talked | None:
        scores = self._scorer.score(text)
        column = self._scorer.column
        name = max((label for label in column if label != _OTHER), key=lambda label: float(scores[column[label]]))
        score, other = float(scores[column[name]]), float(scores[column[_OTHER]])
        if score < _SURE or score - other < _MARGIN or self._is_spared(name, text):
            return None
        reason = f"{name}: like its examples ({score:.2f} against {other:.2f})"
        return Talked(intent=name, reasons=(reason,), likeness=score)

    def _is_spared(self, name: str, text: str) -> bool:
        spared = self._by_name[name].spared
        return bool(spared and spared.search(text))


def _examples(intents: Sequence[Intent], questions: Sequence[str]) -> Iterable[Example]:
    """Yield the examples of each intent, and everything else that people ask, also with a greeting before it."""
    hello, thanks = "你好,", ",谢谢"
    for intent in intents:
        if intent.alone:
            continue
        for text in intent.examples:
            yield Example(text=compact(text), labels=frozenset({intent.name}))
        for text in intent.look_alikes:
            yield Example(text=compact(text), labels=frozenset({_OTHER}))
    # By a checksum and not by place: a question more leaves the choice among all others as it was.
    chosen = [text for text in questions if len(text) <= _SHORT or crc32(text.encode()) % _EVERY == 0]
    for text in (*recorded_questions(), *chosen):
        dressed = crc32(text.encode()) // _EVERY % 3
        text = compact(text)
        yield Example(text=(text, hello + text, text + thanks)[dressed], labels=frozenset({_OTHER}))
