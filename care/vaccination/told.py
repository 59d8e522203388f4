"""Hears doses in what people say: 打过五联两针，3月和4月; 乙肝三针都打了，出生、1个月、6个月. Pure.

A message is cut into marks (a vaccine, a day, a count, a number of the series); marks that stand together make doses.
What was said and is not clear stays in the result as a dose with a gap: nothing is lost, and somebody can ask.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.slots.numerals import NUMERAL, whole
from bot.slots.said import Said, Span
from care.vaccination.told_days import LISTED, Moment, closed, moments_in
from care.vaccination.told_names import Named, narrowed, vaccines_in

MOST = 40

_N = NUMERAL
_COUNT = re.compile(rf"(?<!第)(?<![\d.])(?P<n>{_N})\s*(?:针|剂(?!量)|次)")
_NUMBER = re.compile(
    rf"第\s*(?P<n>{_N}(?:\s*[、,，和跟]\s*第?\s*{_N})*)\s*(?:针|剂|次)|(?P<first>首针|头一针|第一剂次)"
)
_DONE = re.compile(
    r"(?:打|种|接种|注射|补|补种|吃|口服|喝|服|做|扎|整|弄)(?:的?(?:是|就是))?(?:过|了|完|好|上|的)|(?:打|种|接种)(?:过|了|完|好|上|的)|"
    r"已(?:经)?(?:打|种|接种|注射|吃|服)|(?:就|都|刚|才|也|全|去|在.{1,8})(?:打|种|接种|吃|服)|接种(?:日期|时间|于|在)|[针剂]是|打于"
)
_NOT_DONE = re.compile(
    r"(?:还|都|一直)?(?:没有?|未|木有|冇)(?:有|能|来得及|再)?(?:打|种|接种|补|吃|服|做|去)|(?<![打种])不(?:打|种|接种|补)|"
    r"(?:想|要|准备|打算|计划|该|应该|可以|需要|能|去|再|才|约|预约|约好|约了|等)(?:去|给.{1,4})?(?:打|种|接种|补|约)(?!了|过|完|好|的)|"
    r"(?:预?约|约好|安排)了?.{0,8}(?:打|接种|种)|漏(?:打|种|了)|错过"
)
_TOGETHER = re.compile(r"分别|依次|各自")


@dataclass(frozen=True, kw_only=True)
class ToldDose:
    """A dose as it was told. `products`: what it can be (several: not said; none: not known); `name`: as it was called.

    `on` None: no day was told. `is_about`: only the month or the age was told. `is_open`: it may be another year's day.
    `number`: which of the series.
    `words`: how the day was said.
    """

    name: str
    products: tuple[str, ...]
    on: date | None = None
    is_about: bool = False
    is_open: bool = False
    number: int | None = None
    words: str = ""

    @property
    def is_clear(self) -> bool:
        """Whether product and day are known."""
        return len(self.products) == 1 and self.on is not None and not self.is_open


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was heard. `loose`: moments that no vaccine was told with. `numbers`: numbers of the series without one.

    `has_verb`: the words say that something was done. `surplus`: more days than doses were told.
    """

    doses: tuple[ToldDose, ...] = ()
    loose: tuple[Moment, ...] = ()
    numbers: tuple[int, ...] = ()
    has_verb: bool = False
    surplus: bool = False


@dataclass(frozen=True, kw_only=True)
class _Mark:
    at: int
    vaccine: Named | None = None
    moment: Moment | None = None
    count: int = 0
    numbers: tuple[int, ...] = ()


def hear(text: str, *, birth: date, today: date) -> Told:
    """Return the doses told in a message about a child."""
    # 2、3、4月龄 is one list: its marks are no breaks between clauses.
    said = Said.of(text.replace("\n", "，").replace("、", LISTED))
    plain = said.plain
    named = list(vaccines_in(plain))
    for one in named:
        said = said.without(one.place)
    clauses = _clauses(said, named)
    kept = [part for part in clauses if not _denies(part, plain)]
    marks = [mark for start, end in kept for mark in _marks(said.part((start, end)), start, named, birth, today)]
    has_verb = any(_DONE.search(plain[start:end]) for start, end in kept)
    return _told(kept, marks, _TOGETHER.search(plain) is not None, has_verb, birth=birth, today=today)


def _clauses(said: Said, named: Sequence[Named]) -> list[Span]:
    """Return the clauses; a break inside a vaccine's name is none."""
    return [span for span in said.clauses() if span[1] > span[0]] + [
        one.place for one in named if not any(start <= one.place[0] < end for start, end in said.clauses())
    ]


def _denies(part: Span, text: str) -> bool:
    clause = text[slice(*part)]
    return bool(_NOT_DONE.search(clause)) and not re.search(r"没有?打错", clause)


def _marks(said: Said, start: int, named: Sequence[Named], birth: date, today: date) -> Iterator[_Mark]:
    end = start + len(said.plain)
    found = [_Mark(at=one.place[0], vaccine=one) for one in named if start <= one.place[0] < end]
    for match in _NUMBER.finditer(said.plain):
        told = [whole(one) for one in re.findall(_N, match["n"] or "一")]
        numbers = tuple(one for one in told if one and one < 20)
        if numbers:
            found.append(_Mark(at=start + match.start(), numbers=numbers))
        said = said.without(match.span())
    for match in _COUNT.finditer(said.plain):
        count = whole(match["n"])
        if count and count < 10:
            found.append(_Mark(at=start + match.start(), count=count))
        said = said.without(match.span())
    moments = moments_in(said.plain, birth=birth, today=today)
    found += [_Mark(at=start + one.place[0], moment=one) for one in moments]
    yield from sorted(found, key=lambda mark: mark.at)


def _told(
    clauses: Sequence[Span], marks: Sequence[_Mark], is_paired: bool, has_verb: bool, *, birth: date, today: date
) -> Told:
    groups: list[_Group] = []
    waiting = _Group()
    days_first = bool(marks) and min(marks, key=lambda mark: mark.at).moment is not None
    for span in sorted(clauses):
        inside = [mark for mark in marks if span[0] <= mark.at < span[1]]
        for part in _parts(inside):
            goes_on = part.continues or (not days_first and not waiting.marks)
            if not part.vaccines and groups and goes_on:
                groups[-1] = groups[-1].with_marks(part.marks)
            elif not part.vaccines:
                waiting = waiting.with_marks(part.marks)
            else:
                groups.append(_Group(marks=(*waiting.marks, *part.marks)))
                waiting = _Group()
    if waiting.marks and groups:
        groups[-1] = groups[-1].with_marks(waiting.marks)
        waiting = _Group()
    doses: list[ToldDose] = []
    surplus = False
    for group in groups:
        made, more = group.doses(is_paired=is_paired, birth=birth, today=today)
        doses += made
        surplus = surplus or more
    loose = tuple(closed([mark.moment for mark in waiting.marks if mark.moment], birth=birth, today=today))
    numbers = tuple(number for mark in waiting.marks for number in mark.numbers)
    return Told(doses=tuple(doses[:MOST]), loose=loose, numbers=numbers, has_verb=has_verb, surplus=surplus)


def _parts(marks: Sequence[_Mark]) -> Iterator["_Group"]:
    """Cut a clause where another vaccine's days begin: 五联3月5号乙肝4月1号; 3月5号五联4月1号乙肝."""
    days_first = bool(marks) and marks[0].vaccine is None and any(mark.moment for mark in marks[:2])
    part: list[_Mark] = []
    for mark in marks:
        has_vaccine = any(one.vaccine for one in part)
        has_day = any(one.moment for one in part)
        begins_next = (
            mark.moment is not None and has_vaccine
            if days_first
            else mark.vaccine is not None and has_vaccine and has_day
        )
        if begins_next:
            yield _Group(marks=tuple(part))
            part = []
        part.append(mark)
    if part:
        yield _Group(marks=tuple(part))


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Marks that belong together: one or more vaccines with their days."""

    marks: tuple[_Mark, ...] = ()

    @property
    def vaccines(self) -> list[Named]:
        seen: dict[tuple[str, ...] | str, Named] = {}
        for mark in self.marks:
            if mark.vaccine is not None:
                seen.setdefault(mark.vaccine.products or mark.vaccine.name, mark.vaccine)
        return list(seen.values())

    @property
    def continues(self) -> bool:
        """Whether a later dose of the vaccine before is told: 第二针4月10号."""
        return any(number > 1 for mark in self.marks for number in mark.numbers)

    def with_marks(self, more: Sequence[_Mark]) -> "_Group":
        return _Group(marks=(*self.marks, *more))

    def doses(self, *, is_paired: bool, birth: date, today: date) -> tuple[list[ToldDose], bool]:
        """Return the doses, and whether more days than doses were told."""
        moments = closed([mark.moment for mark in self.marks if mark.moment], birth=birth, today=today)
        numbers = [number for mark in self.marks for number in mark.numbers]
        counts = [mark.count for mark in self.marks if mark.count]
        vaccines = self.vaccines
        if is_paired and len(vaccines) == len(moments) > 1:
            found = [_dose(one, moment, None, birth) for one, moment in zip(vaccines, moments, strict=True)]
            return found, False
        count = max(counts, default=0) or len(moments) or len(numbers) or 1
        wanted = max(count, len(moments) if not counts else count)
        surplus = bool(counts) and len(moments) > count
        if surplus:
            wanted = len(moments)
        told: list[Moment | None] = [*moments, *([None] * (wanted - len(moments)))]
        series = numbers if len(numbers) == wanted else []
        found = [
            _dose(one, moment, series[at] if series else None, birth)
            for one in vaccines
            for at, moment in enumerate(told)
        ]
        return found, surplus


def _dose(named: Named, moment: Moment | None, number: int | None, birth: date) -> ToldDose:
    on = moment.on if moment else None
    products = narrowed(named.products, named.name, birth=birth, on=on)
    return ToldDose(
        name=named.name,
        products=products,
        on=on,
        is_about=bool(moment and moment.is_about and on),
        is_open=bool(moment and moment.is_open),
        number=number,
        words=moment.words if moment else "",
    )


def renamed(dose: ToldDose, text: str, *, birth: date) -> ToldDose | None:
    """Return a dose with the vaccine that a text names, or None where it names none we know."""
    named = [one for one in vaccines_in(Said.of(text).plain) if one.products]
    if not named:
        return None
    products = narrowed(named[-1].products, named[-1].name, birth=birth, on=dose.on)
    return replace(dose, name=named[-1].name, products=products)
