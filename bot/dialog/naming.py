"""By which words people name a question of the form when they answer or correct it out of turn."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.dialog.plan import Item
from bot.slots.numerals import NUMERAL, whole
from bot.slots.said import TAKEN, Said, Span, plain

# What any question of a kind may be called; a question's own names come first.
_KIND_NAMES = {
    "date": ("日期", "时间", "日子"),
    "phone": ("电话", "电话号码", "手机", "手机号", "手机号码", "号码", "联系电话", "联系方式"),
    "id_number": ("身份证", "身份证号", "身份证号码", "证件号", "证件号码", "证号"),
    "card": ("卡号", "银行卡", "银行卡号"),
    "hospital": ("医院",),
    "name": ("姓名", "名字"),
    "drug": ("药", "药名", "药品"),
    "files": ("照片", "图片", "材料"),
}
_STEM = re.compile(r"(?:日期|时间|日子|日|电话|手机号?|号码|医院|姓名|名字|证件号|身份证号?|方式|类型|类别)$")
_ROW = re.compile(rf"第\s*({NUMERAL})\s*(?:项|笔|条|张|个|次|份|位)的?\s*$")


@dataclass(frozen=True, kw_only=True)
class Naming:
    """A name that stands in a text, and the questions that go by it."""

    span: Span
    items: tuple[Item, ...]


def own_names(item: Item) -> set[str]:
    """Return the names of a question itself."""
    return {plain(name) for name in (item.question.short, *item.question.also)}


def cues(item: Item) -> set[str]:
    """Return words that tell which of several values is meant: the names, their stems (住院 of 住院日期), and what
    they are in general (手机 of 手机号)."""
    names = own_names(item)
    stems = {_STEM.sub("", name) for name in names}
    general = {word for word in _KIND_NAMES.get(item.question.kind, ()) if any(word in name for name in names)}
    return {cue for cue in names | stems | general if len(cue) > 1}


def all_names(item: Item) -> set[str]:
    """Return every word a question may go by, those of its kind included."""
    return cues(item) | own_names(item) | set(_KIND_NAMES.get(item.question.kind, ()))


def nearness(item: Item, said: Said, span: Span) -> int:
    """Return how long a word for the question stands in the clause of a value, outside the value; 0 for none."""
    start, end = said.clause_of(span)
    around = said.plain[start : span[0]] + TAKEN + said.plain[span[1] : end]
    return max((len(cue) for cue in cues(item) if cue in around), default=0)


def namings(text: str, items: Sequence[Item]) -> list[Naming]:
    """Return the names in plain `text`, longer before shorter, none overlapping, in order of place."""
    found = _hits(text, [(name, item) for item in items for name in own_names(item)])
    kinds = [(name, item) for item in items for name in _KIND_NAMES.get(item.question.kind, ())]
    found += [hit for hit in _hits(text, kinds) if not any(_overlap(hit.span, other.span) for other in found)]
    return sorted((_of_row(text, one) for one in found), key=lambda one: one.span)


def _hits(text: str, names: Iterable[tuple[str, Item]]) -> list[Naming]:
    by_span: dict[Span, list[Item]] = {}
    for name, item in names:
        for match in re.finditer(re.escape(name), text):
            by_span.setdefault(match.span(), []).append(item)
    taken: list[Naming] = []
    for span in sorted(by_span, key=lambda one: (one[0] - one[1], one[0])):
        if not any(_overlap(span, other.span) for other in taken):
            taken.append(Naming(span=span, items=tuple(by_span[span])))
    return taken


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _of_row(text: str, naming: Naming) -> Naming:
    # 第二笔金额: the row is named before the question.
    row = _ROW.search(text[: naming.span[0]])
    if row is None or len(naming.items) < 2:
        return naming
    items = tuple(item for item in naming.items if item.row == whole(row[1]))
    return Naming(span=(row.start(), naming.span[1]), items=items or naming.items)
