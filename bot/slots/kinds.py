"""One way into all slot kinds: read an open question's answer, find surely meant values, check and show them."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.forms import Question
from bot.slots import cards, choices, dates, drugs, hospitals, id_numbers, names, no_answer, phones, yes_no
from bot.slots.dates import Bounds
from bot.slots.numerals import whole
from bot.slots.reading import Found, Problem, Reading, Scope
from bot.slots.said import Said

# Kinds whose answers are free words: whatever is written could be one.
LOOSE = frozenset({"text", "name", "hospital", "drug"})
# Kinds whose values can be recognised in the middle of anything.
STRICT = frozenset({"date", "phone", "id_number", "hospital", "choice"})

MOST_FILES = 20

_NUMBER = re.compile(r"(?<![\d.])(\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*([十百千万亿]*)(?!\d)")
_CHINESE_NUMBER = re.compile(r"[零〇一二两俩三四五六七八九十廿卅百千万亿]+")
_BETWEEN = re.compile(r"[\s\-‐-―_·.]+")
_NOT_TEXT = re.compile(
    r"(?:你好|您好|在吗|在不在|谢谢|多谢|哦|噢|啊|哈哈|嗯|嗯嗯|好|好的|收到|ok|人工|确认|提交|可以|行|对|对的|是|是的|没错|知道了|明白了?|"
    r"了解|[\W_])+"
)


def bounds_of(question: Question, today: date) -> Bounds:
    """Return the days a date question takes."""
    return Bounds.of(today, earliest=question.earliest, latest=question.latest)


def read(question: Question, said: Said, scope: Scope) -> Reading | None:
    """Return what `said` gives as the answer to an open question; None when it is none."""
    match question.kind:
        case "date":
            return dates.read(said, bounds_of(question, scope.today))
        case "phone":
            return phones.read(said)
        case "id_number":
            return id_numbers.read(said, today=scope.today)
        case "name":
            return names.read(said)
        case "hospital":
            return hospitals.read(said, scope)
        case "drug":
            return drugs.read(said, scope)
        case "yes_no":
            return _read_yes_no(question, said)
        case "choice":
            return choices.read(said, question.choices)
        case "choices":
            return choices.read_many(said, question.choices)
        case "number":
            return _read_number(said)
        case "card":
            return cards.read(said)
        case "text":
            return _read_text(question, said)
        case "files":
            return None


def find(question: Question, said: Said, scope: Scope, *, is_named: bool = False) -> list[Found]:
    """Return the values that surely mean what the question asks, wherever they stand in `said`.

    `is_named`: a word for the question stands beside them, so that 今天 and 11.25 are believed to be days.
    """
    match question.kind:
        case "date":
            return dates.find(said, bounds_of(question, scope.today), strictly=not is_named)
        case "phone":
            return phones.find(said)
        case "id_number":
            return id_numbers.find(said, today=scope.today)
        case "card":
            return cards.find(said) if is_named else []
        case "hospital":
            return hospitals.find(said, scope)
        case "choice":
            return choices.find(said, question.choices)
        case _:
            return []


def is_valid(question: Question, value: Any, *, today: date) -> bool:
    """Whether a stored value still answers the question, its bounds as of today included."""
    match question.kind:
        case "date":
            day = _day(value)
            return day is not None and bounds_of(question, today).hold(day)
        case "phone":
            return phones.is_phone(value)
        case "id_number":
            return isinstance(value, str) and id_numbers.fault_of(value, today=today) is None
        case "name":
            return names.is_name(value)
        case "yes_no":
            return value in (yes_no.YES, yes_no.NO)
        case "choice":
            return value in [choice.id for choice in question.choices]
        case "choices":
            known = {choice.id for choice in question.choices}
            return (
                isinstance(value, list)
                and bool(value)
                and all(isinstance(one, str) for one in value)
                and set(value) <= known
            )
        case "card":
            return cards.is_card(value)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "files":
            return isinstance(value, list) and bool(value)
        case "text":
            return isinstance(value, str) and 0 < len(value) <= question.longest
        case "hospital" | "drug":
            return value is not None and value != ""


def shown(
    question: Question, value: Any, *, today: date, labels: Mapping[str, str] | None = None, masked: bool = True
) -> str:
    """Return a value as people read it; telephone and identity numbers by their last four, unless not `masked`."""
    match question.kind:
        case "date":
            day = _day(value)
            return dates.shown(day, today=today) if day else str(value)
        case "phone" | "id_number" | "card":
            return f"尾号{str(value)[-4:]}" if masked else str(value)
        case "yes_no":
            return "是" if value == yes_no.YES else "否"
        case "choice":
            return next((choice.label for choice in question.choices if choice.id == value), str(value))
        case "choices":
            return "、".join(choice.label for choice in question.choices if choice.id in value)
        case "files":
            return f"{len(value)}份"
        case _:
            return (labels or {}).get(question.slot) or str(value)


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _read_yes_no(question: Question, said: Said) -> Reading | None:
    if question.binding:
        return _read_binding(question, said)
    meaning = yes_no.read(said.plain) or yes_no.echoed(said.plain, question.ask)
    if meaning is not None:
        first = next(iter(said.clauses()), said.stripped())
        is_first = yes_no.is_bare(said.plain[slice(*first)])
        return Found(value=meaning, span=first if is_first else said.stripped())
    said_in = {(yes_no.read(said.plain[slice(*span)]), span) for span in said.clauses()}
    told = {one for one, _ in said_in if one}
    if len(told) == 1:
        # 本地医保，没有第三方: one clause answers.
        return Found(value=told.pop(), span=min(span for one, span in said_in if one))
    if yes_no.is_unsure(said.plain) and not re.search(r"[?？吗]", said.plain):
        return Problem(sentence="yes_no_unsure", span=said.stripped())
    return None


def says_so(question: Question, text: str) -> bool:
    """Whether plain `text` says yes to a binding question by the very deed it asks about: 撤回吧."""
    deed = text.strip().rstrip("吧了啊呀,，。.!！")
    return question.binding and deed in question.also


def _read_binding(question: Question, said: Said) -> Reading | None:
    if yes_no.is_plain_yes(said.plain) or says_so(question, said.plain):
        return Found(value=yes_no.YES, span=said.stripped())
    return Found(value=yes_no.NO, span=said.stripped()) if yes_no.read(said.plain) == yes_no.NO else None


def _read_number(said: Said) -> Reading | None:
    for match in _NUMBER.finditer(said.plain):
        figure = float(re.sub(r"[,，]", "", match.group(1)))
        for unit in match.group(2):
            figure *= whole("一" + unit) or 1
        if figure < 1e15:
            return Found(value=int(figure) if figure == int(figure) else figure, span=match.span())
    for match in _CHINESE_NUMBER.finditer(said.plain):
        number = whole(match.group())
        if number is not None:
            return Found(value=number, span=match.span())
    return None


def _read_text(question: Question, said: Said) -> Reading | None:
    start, end = said.stripped(" \t\r\n,，、;；")
    words = said.typed[start:end].replace("\x00", "").strip()
    if not words or _NOT_TEXT.fullmatch(said.plain[start:end]):
        return None
    if not (question.pattern or question.optional) and no_answer.is_none(said.plain[start:end]):
        return None
    if len(words) > question.longest:
        return Problem(
            sentence="text_long", span=(start, end), gaps={"longest": str(question.longest), "count": str(len(words))}
        )
    if question.pattern and not re.search(question.pattern, _BETWEEN.sub("", words)):
        if not re.search(r"\d", said.plain):
            return None  # 我的保单: something else is meant
        return Problem(sentence="text_shape", span=(start, end), gaps={"short": question.short})
    return Found(value=words, span=(start, end))
