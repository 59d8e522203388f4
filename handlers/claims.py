"""Reads what people tell of a policy in one message: 臻爱无限 DEMO-WX-0001 演示甲 0101. Pure."""

import re
from collections.abc import Mapping, Sequence

from bot.forms import Choice
from bot.slots import choices, names
from bot.slots.said import TAKEN, Said, Span

_PHONE = re.compile(r"(?:后四位|后4位|尾号|手机号?码?|电话号?码?)[^\d\x00]{0,6}(?P<told>\d{11}|\d{4})(?!\d)")
_FOUR = re.compile(r"(?<![\da-z\-_/.])(?P<told>1\d{10}|\d{4})(?![\da-z\-_/年月日号])")
_NUMBER = re.compile(r"(?<![\da-z])(?=[a-z\-_/.]*\d)(?P<told>[\da-z](?:[\da-z]|[\-_/.‐-―](?=[\da-z])){4,})(?![\da-z])")
_SPACED = re.compile(r"(?<![\da-z\-_/])\d+(?: +\d+[\dx]?)+(?![\da-z\-_/])")  # a number in groups: 990101 19880412 0778
_NAMED = re.compile(
    r"(?:被保险人|被保人|姓名|名字)(?:姓名|名字)?(?:叫做?|是|为|:|\s)*(?P<told>[\u4e00-\u9fff]{2,4})(?![\u4e00-\u9fff])"
    r"|(?:名叫|叫做?|我是)\s*(?P<called>[\u4e00-\u9fff]{2,4})(?![\u4e00-\u9fff])"
)
_PIECE = re.compile(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{2,4}(?![\u4e00-\u9fff])")
_LABELS = re.compile(
    r"保单号?码?|保险|身份证号?码?|证件号?码?|号码|姓名|名字|手机号?码?|电话|尾号|后四位|被保险?人|投保人|产品|绑定|我的|我们|还有|以及"
)
_FEWEST = 2  # one fact alone is the answer to the open question, and read as that


def facts_in(text: str, products: Sequence[Choice]) -> Mapping[str, str]:
    """Return the facts that a message tells, by slot of the form `verify`; empty unless it tells at least two."""
    said = Said.of(text)
    found: dict[str, str] = {}
    if _SPACED.search(said.plain):
        return {}
    for one in choices.find(said, products):
        found["product"] = str(one.value)
        said = said.without(one.span)
    for slot, patterns in (("phone_last4", (_PHONE,)), ("number", (_NUMBER,)), ("phone_last4", (_FOUR,))):
        for pattern in patterns:
            match = pattern.search(said.plain) if slot not in found else None
            if match is not None:
                found[slot] = said.typed[slice(*match.span("told"))]
                said = said.without(match.span("told"))
    name = _name_in(said)
    if name is not None and found:
        found["insured_name"] = said.typed[slice(*name)]
    return found if len(found) >= _FEWEST else {}


def _name_in(said: Said) -> Span | None:
    """Return where a name stands: after a word for it, or as a piece of its own beside the other facts."""
    for match in _NAMED.finditer(said.plain):
        group = "told" if match["told"] else "called"
        if _is_name(match[group]):
            return match.span(group)
    pieces = [match for match in _PIECE.finditer(said.plain) if _is_name(match.group())]
    return pieces[0].span() if len(pieces) == 1 else None


def _is_name(words: str) -> bool:
    reading = names.read(Said.of(words))
    return TAKEN not in words and not _LABELS.search(words) and getattr(reading, "value", None) == words
