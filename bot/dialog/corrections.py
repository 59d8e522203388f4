"""Finds corrections and named answers: 不对，是25号 / 电话错了 / 医院改成儿科医院 / 不是明天是后天 / 姓名：甲测试."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.dialog.naming import namings
from bot.dialog.plan import Item
from bot.slots.numerals import NUMERAL, whole
from bot.slots.said import Said, Span

_FILL = re.compile(
    r"(?:我的|我们的?|我|他的?|她的?|孩子的?|宝宝的?|病人的?|患者的?|那个|这个|刚才的?|刚刚的?|前面的?|上面的?|之前的?|嗯|哦|噢|啊|那|请|麻烦|帮忙|帮我|帮|"
    r"把|将|给|你|怎么|想|还要|要|需要|可以|能不能|能|再|一下|的|[,，:。\s])*"
)
_LEAD = re.compile(
    r"(?:(?:我)?(?:刚才|刚刚|前面)?(?:说|写|填|打|选|弄|搞|记|发|输)错了?|不对不对|不对|不是的?(?![^,，。\s])|错了|错|更正一?下?|纠正一?下?|修正一?下?|改一?下(?=[,，:。\s]|$)|口误|"
    r"(?:哦|啊|噢)?不(?=[,，\s])|有误|说反了|等等|等一下)[,，。:!！\s了啊呀哦]*"
)
_REOPEN = re.compile(
    r"(?:改一下|改改|改个|修改一?下?|更改一?下?|换一下|换个|换一个|换一家|重填|重新填写?|重写|重选|变更一?下?|更正一?下?|纠正一?下?|调整一?下?|编辑|改|换)(?!成|为|到)"
)
_WRONG = re.compile(
    r"(?:我?(?:刚才|刚刚)?(?:写|填|说|打|弄|搞|选|发|输|记)?错了?|(?:填|写|说|选)(?:得|的)不对|不对|有误|有问题|不是这个|不是这家|(?:要|需要|得|想)?(?:改一下|改改|换一下|换一个|换个|改个|改动|修改|变更|更改|改|换)|变了|有变化?|换了|改了)"
    r"(?!成|为|到)(?=$|[,，。:!！\s了啊呀哦]|是|应|改|换)[了啊呀哦]*"
)
_CHANGE = re.compile(
    r"(?:改成|改为|改到|推迟到|延后到|延到|提前到|挪到|换成|换到|换为|变成|更正为|更正成|调整为|调整到|变更为|更改为|修改为|修改成|应该是|应该为|应该|应为|应是|其实是|实际是|实际上是|写成|填成|就写|改写成?)\s*[:，,]?\s*"
)
_SOFT = re.compile(r"应该|应为|应是|其实是|实际")
_IS = re.compile(r"\s*(?:就是|是|为|叫|:|=)\s*")
_ORDINAL = re.compile(rf"第\s*({NUMERAL})\s*(?:项|个|条|点|题|行)(?:的)?")
_SEPARATOR = re.compile(r"[,，。:!！\s]*")
# Another person: 给女儿办.
_FOR = re.compile(
    r"(?:还是|改|换|改成)?(?:给|帮|替)(?P<who>[^,，。\s]{1,10}?)(?:来)?(?:办|弄|申请|用|看|约|做|打|打针|接种|预约|挂号?)(?:的|吧|了|啊|呢)*"
)
# A figure may have commas in it: 不是3,000，是58,000.
_OLD, _NEW = r"(?:[^,，。是]|(?<=\d)[,，](?=\d{3}))", r"(?:[^,，。]|(?<=\d)[,，](?=\d{3}))"
_NOT_BUT = re.compile(
    rf"不是(?P<old>{_OLD}{{1,30}}?)(?:的)?[,，。\s]*(?:而是|应该是|应是|改成|是|要)(?P<new>{_NEW}{{1,60}})$"
)
_BUT_NOT = re.compile(rf"(?:应该)?是(?P<new>{_NEW}{{1,60}}?)[,，。\s]*(?:而)?不是(?P<old>{_OLD}{{1,30}})$")


# So much filler may precede a name; more would let the pattern try every way to cut it.
_MOST_FILL = 12


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A wish to set or reopen an answer.

    `items`: the questions named (empty: none was). `value`, `old`: where the new and the former value stand; a None
    value asks to answer again. `is_explicit`: said in so many words to be a correction; else a named answer.
    `span` is everything that belongs to it.
    """

    items: tuple[Item, ...]
    value: Span | None
    span: Span
    old: Span | None = None
    is_explicit: bool = True


def read(said: Said, items: Sequence[Item], numbered: Sequence[Item] = ()) -> list[Correction]:
    """Return the corrections and named answers in a message. `items` are the questions that can be meant by a name,
    `numbered` those that a summary shows, in its order (第2项)."""
    turned = _turned(said, items)
    if turned is not None:
        return [turned]
    start, end = said.stripped()
    if other := _FOR.fullmatch(said.plain, start, end):
        return [Correction(items=(), value=other.span("who"), span=(start, end))]
    found: list[Correction] = []
    clauses = said.clauses()
    at, since = 0, None
    while at < len(clauses):
        correction = _clause(said, clauses[at], items, numbered)
        at += 1
        if correction is None:
            continue
        if correction.value is None and at < len(clauses):
            following = _clause(said, clauses[at], items, numbered)
            if following is None or not following.items:
                value = following.value if following and following.value else _stated(said, clauses[at])
                correction = _with_value(correction, value, clauses[at])
                at += 1
            elif not correction.items:
                since = correction.span[0]
                continue  # 不对，医院是儿科医院: the next clause says it all
        found.append(correction if since is None else replace(correction, span=(since, correction.span[1])))
        since = None
    return found


def _with_value(correction: Correction, value: Span | None, clause: Span) -> Correction:
    return Correction(
        items=correction.items,
        value=value,
        span=(correction.span[0], clause[1]),
        is_explicit=correction.is_explicit,
    )


def _turned(said: Said, items: Sequence[Item]) -> Correction | None:
    start, end = said.stripped()
    match = _NOT_BUT.search(said.plain, start, end) or _BUT_NOT.search(said.plain, start, end)
    if match is None or match.start() > start + 12:
        return None
    named = namings(said.plain[start : match.start()], items)
    if match.start() > start and not named and not _LEAD.match(said.plain, start):
        return None
    return Correction(
        items=named[-1].items if named else (), value=match.span("new"), old=match.span("old"), span=(start, end)
    )


def _clause(said: Said, clause: Span, items: Sequence[Item], numbered: Sequence[Item]) -> Correction | None:
    text, end = said.plain, clause[1]
    at, is_lead = _after_leads(text, clause[0], end)
    filled = _after(_FILL, text, at, end)
    reopen = _REOPEN.match(text, filled, end)
    named, after_name = _named_at(said, (reopen.end() if reopen else at, end), items, numbered)
    if not named:
        return _unnamed(said, (filled, end), clause, is_lead=is_lead)
    wrong = _WRONG.match(text, after_name, end)
    at = _after(_SEPARATOR, text, wrong.end() if wrong else after_name, end) if wrong else after_name
    change = _CHANGE.match(text, at, end)
    verb = change or _IS.match(text, at, end)
    is_explicit = bool(is_lead or reopen or wrong or change)
    if verb is None and not is_explicit:
        spaced = re.compile(r"\s+").match(text, at, end)
        if spaced is None or spaced.end() >= end:
            return None
        verb = spaced
    value = _value(said, (verb.end() if verb else at, end))
    return Correction(items=named, value=value, span=clause, is_explicit=is_explicit)


def _unnamed(said: Said, rest: Span, clause: Span, *, is_lead: bool) -> Correction | None:
    change = _CHANGE.match(said.plain, *rest)
    if not is_lead and change is None:
        return None
    # 应该是25号 may as well be a first answer; 改成25号 changes something.
    is_explicit = is_lead or (change is not None and not _SOFT.match(change.group()))
    start = change.end() if change else rest[0]
    verb = None if change else _IS.match(said.plain, start, rest[1])
    value = _person_or_value(said, (verb.end() if verb else start, rest[1]))
    return Correction(items=(), value=value, span=clause, is_explicit=is_explicit)


def _after_leads(text: str, start: int, end: int) -> tuple[int, bool]:
    at, is_lead = start, False
    while lead := _LEAD.match(text, _after(_FILL, text, at, end), end):
        at, is_lead = lead.end(), True
    return at, is_lead


def _after(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    match = pattern.match(text, start, end)
    return match.end() if match else start


def _named_at(said: Said, span: Span, items: Sequence[Item], numbered: Sequence[Item]) -> tuple[tuple[Item, ...], int]:
    """Return the questions named at the beginning of a span, filler apart, and where their name ends."""
    text, (start, end) = said.plain, span
    for hit in namings(text[start:end], items):
        if hit.span[0] <= _MOST_FILL and _FILL.fullmatch(text, start, start + hit.span[0]):
            return hit.items, start + hit.span[1]
    ordinal = _ORDINAL.match(text, _after(_FILL, text, start, end), end)
    number = whole(ordinal[1]) if ordinal else None
    if ordinal and number is not None and 1 <= number <= len(numbered):
        return (numbered[number - 1],), ordinal.end()
    return (), start


def _stated(said: Said, clause: Span) -> Span | None:
    # 不对，是25号: the clause after the objection.
    start = _after(_IS, said.plain, *clause)
    return _person_or_value(said, (start, clause[1]))


def _person_or_value(said: Said, span: Span) -> Span | None:
    # 不对，是给小宝打: the person is the value.
    other = _FOR.fullmatch(said.plain, *span)
    return other.span("who") if other else _value(said, span)


def _value(said: Said, span: Span) -> Span | None:
    inner = said.part(span).stripped()
    start, end = span[0] + inner[0], span[0] + inner[1]
    tail = re.compile(r"(?:可以吗|行吗|好吗|吧|了|啊|呀|哈|谢谢|[?？])+$").search(said.plain[start:end])
    end = start + tail.start() if tail and tail.start() else end
    return (start, end) if end > start and not tail_only(said.plain[start:end]) else None


def tail_only(text: str) -> bool:
    """Whether nothing but particles is left."""
    return bool(re.fullmatch(r"(?:吧|了|啊|呀|哈|呢|谢谢|一下|可以吗|行吗|好吗|[?？,，。\s])*", text))
