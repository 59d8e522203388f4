"""One or several of the offered choices: by number, letter, label, other names, or something near."""

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from bot.forms import Choice
from bot.slots import yes_no
from bot.slots.numerals import NUMERAL, whole
from bot.slots.reading import Found, Option, Problem, Reading, Several
from bot.slots.said import Said, plain

_ORDER = re.compile(
    rf"(?:选|就选|我选|要|就|那就|就要|答案)?\s*(?:第)?\s*(?P<n>{NUMERAL})\s*(?:个|项|种|号|张|家|位|份|件|款|、|\.|\)|）|的|吧|选项)*\s*(?:谢谢)?"
)
_LETTER = re.compile(r"(?:选|就选|我选)?\s*(?P<l>[a-z])\s*(?:项|吧|选项|\.)?")
_LAST = re.compile(r"(?:选)?(?:最后|最末)(?:一个|一项|一种|的)?(?:吧)?")
_ALL = re.compile(r"(?:全部|全都|都要|都有|都是|全要|全选|所有|每个都|以上都|上面都|都选).{0,4}")
_NONE = re.compile(r"(?:都|全)(?:不是|没有|不对|不要)|没有(?:我要的|合适的|对的)|以上都不|一个都(?:没|不)|都不")
_ANY_ANSWER = re.compile(r"其[他它]|别的|另外的?|自己|本人|家人|都可以|没有.?|不能|再定|还没有?|情况|时间|医院|日期")
_MEANINGS = {
    yes_no.YES: {"yes", "是", "是的", "有"},
    yes_no.NO: {"no", "不是", "没有", "否"},
    "unsure": {"unknown", "unsure", "不清楚", "不知道", "不确定"},
}
_AROUND = re.compile(r"^(?:我?(?:就?选|就?要|想要?)|就是?|那就|是)|[的了吧啊呀呢哦哈嘛,，。.!！~～\s]+$")
_SEPARATORS = re.compile(r"[,，、;；/+&\s]+|和|跟|以及|还有|与|加")
_NEAR = 72.0
_MARGIN = 10.0
_MOST = 3
_MOST_LINES = 100


def find(said: Said, choices: Sequence[Choice]) -> list[Found]:
    """Return the one choice whose name stands in the text, if no other choice's does. 没有 or 是 is no name here."""
    named = [(choice, span) for choice, span in _named(said.plain, choices) if _says_what(said.plain[slice(*span)])]
    if len({choice.id for choice, _ in named}) != 1:
        return []
    choice, span = named[0]
    return [Found(value=choice.id, span=span)]


def read(said: Said, choices: Sequence[Choice]) -> Reading | None:
    """Return the choice an answer gives, or the near ones."""
    span = said.stripped()
    words = said.plain[slice(*span)]
    if _NONE.search(words) and not _named(words, choices):
        return Problem(sentence="choice_none", span=span)
    picked = _by_order(words, choices)
    if picked is not None:
        return Found(value=picked.id, span=span)
    if _is_order(words):
        return Problem(sentence="choice_number", span=span, gaps={"count": str(len(choices))})
    named = _named(said.plain, choices)
    if named:
        return _one_of(named, span)
    for clause in said.clauses():
        # 2，明天住院: the choice, and something more.
        picked = _by_order(said.plain[slice(*clause)].strip(), choices)
        if picked is not None:
            return Found(value=picked.id, span=clause)
    meant = _by_meaning(words, choices)
    if meant is not None:
        return Found(value=meant.id, span=span, is_computed=True)
    return _near(words, choices, span)


def read_many(said: Said, choices: Sequence[Choice]) -> Reading | None:
    """Return the ids of all choices an answer gives, in the order offered."""
    span = said.stripped()
    words = said.plain[slice(*span)]
    if _NONE.search(words):
        return Problem(sentence="choice_none", span=span)
    named = {choice.id for choice, _ in _named(said.plain, choices)}
    if _ALL.fullmatch(words) and not named:
        return Found(value=[choice.id for choice in choices], span=span, is_computed=True)
    parts = [part for part in _SEPARATORS.split(words) if part]
    if len(parts) == 1 and re.fullmatch(r"[1-9]{2,}", words) and len(choices) <= 9:
        parts = list(words)
    by_order = [_by_order(part, choices) for part in parts]
    if any(choice is None and _is_order(part) for choice, part in zip(by_order, parts, strict=True)):
        return Problem(sentence="choice_number", span=span, gaps={"count": str(len(choices))})
    picked = named | {choice.id for choice in by_order if choice is not None}
    if picked:
        return Found(value=[choice.id for choice in choices if choice.id in picked], span=span)
    near = _near(words, choices, span)
    if isinstance(near, Found):
        return Found(value=[near.value], span=span, is_computed=True)
    if isinstance(near, Several):
        options = tuple(Option(value=[option.value], label=option.label) for option in near.options)
        return Several(options=options, span=span)
    return None


def order_in(text: str, count: int) -> int | None:
    """Return which of `count` numbered lines an answer names (from 0): 2, 第二个, 选2, b, 最后一个; else None."""
    text = plain(text).strip(" ,，。.!！\n")
    if match := _ORDER.fullmatch(text):
        number = whole(match["n"])
        return number - 1 if number is not None and 1 <= number <= count else None
    if match := _LETTER.fullmatch(text):
        place = ord(match["l"]) - ord("a")
        return place if place < count else None
    return count - 1 if _LAST.fullmatch(text) else None


def _says_what(name: str) -> bool:
    # Words that answer any question say nothing without theirs.
    return len(name) > 1 and not (_ANY_ANSWER.fullmatch(name) or yes_no.is_bare(name) or yes_no.is_unsure(name))


def _by_meaning(words: str, choices: Sequence[Choice]) -> Choice | None:
    """Return the choice that stands for yes, no or "I don't know", where the choices are of that sort."""
    meaning = yes_no.read(words)
    said = meaning if meaning else "unsure" if yes_no.knows_not(words) else None
    for choice in choices:
        if said and not _MEANINGS[said].isdisjoint({choice.id, *_names(choice)}):
            return choice
    return None


def is_name(text: str, choices: Sequence[Choice]) -> bool:
    """Whether plain `text` is a label or another name of a choice and nothing else."""
    return _exactly(text, choices) is not None


def _exactly(text: str, choices: Sequence[Choice]) -> Choice | None:
    bare = _AROUND.sub("", text)
    for said in (text, bare):
        for choice in choices:
            if said in _names(choice):
                return choice
    return None


def says_none(text: str) -> bool:
    """Whether plain `text` says that nothing offered fits."""
    return bool(_NONE.search(text))


def _by_order(words: str, choices: Sequence[Choice]) -> Choice | None:
    exact = _exactly(words, choices)
    if exact is not None:
        return exact
    place = order_in(words, len(choices))
    return None if place is None else choices[place]


def _is_order(words: str) -> bool:
    match = _ORDER.fullmatch(words)
    number = whole(match["n"]) if match else None
    return number is not None and number < _MOST_LINES  # a telephone number is no line's


def _names(choice: Choice) -> list[str]:
    # Not its id: nobody reads that, and a "1" that is some other choice's id would mean the wrong person.
    return [plain(name) for name in (choice.label, *choice.called)]


def _named(words: str, choices: Sequence[Choice]) -> list[tuple[Choice, tuple[int, int]]]:
    """Return the choices named in `words`; a name inside a longer name of another choice does not count."""
    found = [
        (match.span(), choice)
        for choice in choices
        for name in {plain(name) for name in (choice.label, *choice.called)}
        if len(name) > 1 or words.strip() == name
        for match in re.finditer(re.escape(name), words)
    ]
    found.sort(key=lambda one: (one[0][0] - one[0][1], one[0][0]))
    taken: list[tuple[Choice, tuple[int, int]]] = []
    for span, choice in found:
        if all(span[1] <= other[0] or other[1] <= span[0] or span == other for _, other in taken):
            taken.append((choice, span))
    said = [(choice, span) for choice, span in taken if not _denied(words, span)]
    return said or taken


def _denied(words: str, span: tuple[int, int]) -> bool:
    return bool(re.search(r"(?:不是|不要|不选|不用|别选)\s*$", words[: span[0]]))


def _one_of(named: list[tuple[Choice, tuple[int, int]]], span: tuple[int, int]) -> Reading:
    choices = list({choice.id: choice for choice, _ in named}.values())
    if len(choices) == 1:
        place = (min(at[0] for _, at in named), max(at[1] for _, at in named))
        return Found(value=choices[0].id, span=place)
    return Several(options=_options(choices[:_MOST]), span=span)


def _near(words: str, choices: Sequence[Choice], span: tuple[int, int]) -> Reading | None:
    if not 2 <= len(words) <= 30:
        return None
    scored = sorted(((_score(words, choice), choice) for choice in choices), key=lambda one: -one[0])
    best = scored[0][0]
    if best < _NEAR:
        return None
    near = [choice for score, choice in scored if best - score < _MARGIN and score >= _NEAR - _MARGIN]
    if len(near) == 1:
        return Found(value=near[0].id, span=span, is_computed=True)
    return Several(options=_options(near[:_MOST]), span=span)


def _score(words: str, choice: Choice) -> float:
    # A part of a label is near (特药 for 特药购买); a label hidden in a long message is not.
    def one(name: str) -> float:
        if len(words) <= len(name) and words in name:
            return 90.0
        return fuzz.ratio(words, name)

    return max(one(plain(name)) for name in (choice.label, *choice.called))


def _options(choices: Sequence[Choice]) -> tuple[Option, ...]:
    return tuple(Option(value=choice.id, label=choice.label) for choice in choices)
