"""Days on which something was done to a child, as people tell them: dates, months, ages, 出生. Pure.

An open year is closed so that the days of one series lie near each other, none before birth or after today. A month
stands for its last day, so that nothing that follows is called for too early.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from math import prod

from bot.slots.date_words import mentions, moved_by_months
from bot.slots.numerals import NUMERAL, whole
from bot.slots.said import TAKEN, Span
from care.vaccination.spans import Span as Age

LISTED = "&"  # stands for 、 in what is read here

_N = NUMERAL
_APART = r"\s*[&,，和跟/及]\s*"
_NOT_AGO = r"(?!\s*(?:以|之)?[前后])"
_NOT_GAP = r"(?<![隔过再每差了])"
_BORN = re.compile(
    r"(?:刚|一)?(?:出生|生下来|生出来|落地)(?:的?(?:时候?|当天|那天|当日|后?(?:24|二十四)小时内?|第[一1]天|就|在医院))*"
    rf"(?!后?\s*(?:满月|百天|满?{_N}\s*(?:个|天|岁|周)))"
)
_BORN_NTH = re.compile(rf"(?:出生|生下来)后?(?:的)?第(?P<n>{_N})天")
_AGES = re.compile(
    rf"{_NOT_GAP}(?<![\d.])满?(?P<n>{_N}(?:{_APART}{_N})*)\s*(?:个半?月大?|月龄|月大){_NOT_AGO}(?:龄|大)?(?:的?时候?)?"
)
_YEARS = re.compile(
    rf"{_NOT_GAP}(?<![\d.])满?(?P<y>{_N})\s*(?:周岁|岁)(?:(?P<half>半)|零?(?P<m>{_N})\s*个月)?{_NOT_AGO}(?:多)?(?:的?时候?)?"
)
_NAMED_AGES = re.compile(
    r"(?P<moon>满月)|(?P<hundred>百天|百日|一百天)|(?P<half>(?<![一二三四五六七八九两\d岁])半岁)|(?P<year>周岁(?!\d)|一生日)"
)
_MONTHS = re.compile(
    rf"(?:(?P<y>\d{{4}}|\d{{2}}|[零〇○一二三四五六七八九]{{4}})\s*年|(?P<ry>今年|去年|前年|大前年))?\s*的?\s*(?<![\d.])"
    rf"(?P<n>{_N}(?:{_APART}{_N})*)\s*月(?:份)?(?!\d|龄|大|底|末|初|中旬|上旬|下旬|{_N}\s*[日号]|\s*[\d]|[一二三四五六七八九十])"
)
_DAY_LIST = re.compile(
    rf"(?P<m>(?:(?:\d{{4}}|\d{{2}})\s*年|今年|去年|前年)?\s*{_N}\s*月(?:份)?)\s*(?P<n>{_N}\s*[日号]?(?:{_APART}{_N}\s*[日号]?)*[日号])(?!\s*月)"
)
_NEAR_MONTH = re.compile(r"(?P<r>上上个?|上个?|这个?|本)月份?(?!底|末|初|中|上|下|\d|[一二三四五六七八九十])")
_YEARS_AGO = {"今年": 0, "去年": 1, "前年": 2, "大前年": 3}
_MOST_TRIED = 4000
_LONG_AGO = timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A day told, or what it may be. `ranges`: the first and last day it can mean, one a possible year.

    `on` is settled by `closed`; None where nothing can be made of it. `is_open`: it may as well be another year's.
    """

    place: Span
    words: str
    ranges: tuple[tuple[date, date], ...] = ()
    on: date | None = None
    is_about: bool = False
    is_open: bool = False


def moments_in(text: str, *, birth: date, today: date) -> list[Moment]:
    """Return the moments told in plain `text`, in order; open years are not closed yet."""
    found: list[Moment] = []
    for read in (_births, _day_lists, _ages, _dates, _months):
        for one in read(text, birth, today):
            if not any(one.place[0] < other.place[1] and other.place[0] < one.place[1] for other in found):
                found.append(one)
        for one in found:
            start, end = one.place
            text = text[:start] + TAKEN * (end - start) + text[end:]
    return sorted(found, key=lambda one: one.place)


def closed(moments: Sequence[Moment], *, birth: date, today: date) -> list[Moment]:
    """Return the moments with their days: the nearest to each other that a child of this birth can have had."""
    choices = [_possible(one, birth, today) for one in moments]
    if prod(len(one) or 1 for one in choices) > _MOST_TRIED:
        choices = [days[-1:] for days in choices]
    none: list[date | None] = [None]
    best: tuple[date | None, ...] = ()
    least: tuple[int, int] | None = None
    for days in product(*([*one] or none for one in choices)):
        told = [day for day in days if day is not None]
        spread = (max(told) - min(told)).days if told else 0
        cost = (spread, sum(abs((today - day).days) for day in told))
        if least is None or cost < least:
            best, least = days, cost
    is_pinned = any(len(days) == 1 for days in choices)
    opens = [not is_pinned and len(days) > 2 and today - days[-1] > _LONG_AGO for days in choices]
    settled = [replace(one, on=day, is_open=is_open) for one, day, is_open in zip(moments, best, opens, strict=True)]
    return _before_the_next(settled, birth)


def _before_the_next(moments: list[Moment], birth: date) -> list[Moment]:
    """A month's last day gives way where the next dose came soon after: 3月打了第一针，4月5号第二针."""
    kept = list(moments)
    for at in range(len(kept) - 2, -1, -1):
        one, following = kept[at], kept[at + 1]
        if not one.is_about or one.on is None or following.on is None or following.on <= one.on - timedelta(days=31):
            continue
        first = next((start for start, end in one.ranges if start <= one.on <= max(start, end)), one.on)
        latest = following.on - timedelta(days=28)
        if first < one.on and latest < one.on and following.on >= first:
            kept[at] = replace(one, on=max(first, latest, birth))
    return kept


def _possible(one: Moment, birth: date, today: date) -> list[date]:
    """Return the days a moment can mean; where none can be true, the one nearest to today."""
    inside = sorted({min(end, today) for start, end in one.ranges if start <= today and end >= birth})
    if inside:
        return [day for day in inside if day >= birth] or [birth]
    ends = [end if end < birth else start for start, end in one.ranges]
    return [min(ends, key=lambda day: abs((day - today).days))] if ends else []


def _births(text: str, birth: date, today: date) -> Iterator[Moment]:
    for match in _BORN_NTH.finditer(text):
        later = (whole(match["n"]) or 1) - 1
        yield _exact(match, birth + timedelta(days=min(later, 60)))
    for match in _BORN.finditer(text):
        yield _exact(match, birth)


def _ages(text: str, birth: date, today: date) -> Iterator[Moment]:
    for match in _YEARS.finditer(text):
        years, rest = whole(match["y"]) or 0, whole(match["m"] or "零") or 0
        yield from _aged(match, match.span(), 12 * years + (6 if match["half"] else rest), birth)
    for match in _AGES.finditer(text):
        for figure in re.finditer(_N, match["n"]):
            months = whole(figure.group())
            at = match.start("n") + figure.start()
            is_last = figure.end() == len(match["n"])
            place = (at, match.end() if is_last else at + len(figure.group()))
            yield from _aged(match, place, months, birth)
    for match in _NAMED_AGES.finditer(text):
        if match["hundred"]:
            day = birth + timedelta(days=100)
            yield Moment(place=match.span(), words=match.group(), ranges=((day, day),), is_about=True)
        else:
            yield from _aged(match, match.span(), 1 if match["moon"] else 6 if match["half"] else 12, birth)


def _aged(match: re.Match[str], place: Span, months: int | None, birth: date) -> Iterator[Moment]:
    if months is not None and 0 < months <= 18 * 12:
        day = Age(months=months).after(birth)
        words = f"{months}个月" if months < 24 else match.group().strip()
        yield Moment(place=place, words=words, ranges=((day, day),), is_about=True)


def _day_lists(text: str, birth: date, today: date) -> Iterator[Moment]:
    """Days of one month: 3月5号、12号."""
    for match in _DAY_LIST.finditer(text):
        figures = list(re.finditer(_N, match["n"]))
        for figure in figures if len(figures) > 1 else ():
            at = match.start("n") + figure.start()
            told = mentions(f"{match['m']}{figure.group()}日", today)
            days = told[0].days if told else ()
            start = match.start() if figure is figures[0] else at
            end = match.end() if figure is figures[-1] else at + len(figure.group())
            yield Moment(place=(start, end), words=f"{match['m']}{figure.group()}日", ranges=_each(days, birth, today))


def _dates(text: str, birth: date, today: date) -> Iterator[Moment]:
    for one in mentions(text, today):
        words = text[slice(*one.span)].strip()
        if one.days:
            days = one.days if one.open != "year" else _of_years(one.days, birth, today)
            if one.open in ("month", "week"):
                days = tuple(day for day in days if day <= today)[-1:] or days[:1]
            yield Moment(place=one.span, words=words, ranges=_each(days, birth, today))
        elif one.vague and not _MONTHS.search(words) and not _NEAR_MONTH.search(words):
            yield Moment(place=one.span, words=words)


def _of_years(days: Sequence[date], birth: date, today: date) -> tuple[date, ...]:
    """Return the day in every year of the child's life."""
    found = set(days)
    for year in range(max(birth.year, today.year - 18), today.year + 1):
        for day in days:
            try:
                found.add(day.replace(year=year))
            except ValueError:
                continue
    return tuple(sorted(found))


def _each(days: Sequence[date], birth: date, today: date) -> tuple[tuple[date, date], ...]:
    return tuple((day, day) for day in days)


def _months(text: str, birth: date, today: date) -> Iterator[Moment]:
    for match in _MONTHS.finditer(text):
        year = _year(match, today)
        years = [year] if year else range(max(birth.year, today.year - 18) - 1, today.year + 2)
        for figure in re.finditer(_N, match["n"]):
            month = whole(figure.group())
            if month is None or not 1 <= month <= 12:
                continue
            at = match.start("n") + figure.start()
            is_last = figure.end() == len(match["n"])
            start = match.start() if figure.start() == 0 else at
            ranges = tuple(_month(one, month) for one in years)
            place = (start, match.end() if is_last else at + len(figure.group()))
            yield Moment(place=place, words=f"{month}月", ranges=ranges, is_about=True)
    for match in _NEAR_MONTH.finditer(text):
        back = {"上上": 2, "上": 1}.get(match["r"].rstrip("个"), 0)
        first = moved_by_months(today.replace(day=1), -back)
        ranges = (_month(first.year, first.month),)
        yield Moment(place=match.span(), words=match.group(), ranges=ranges, is_about=True)


def _year(match: re.Match[str], today: date) -> int | None:
    if match["ry"]:
        return today.year - _YEARS_AGO[match["ry"]]
    year = whole(match["y"]) if match["y"] else None
    return year + 2000 if year is not None and year < 100 else year if year and 1900 <= year <= 2200 else None


def _month(year: int, month: int) -> tuple[date, date]:
    first = date(year, month, 1)
    return first, moved_by_months(first, 1) - timedelta(days=1)


def _exact(match: re.Match[str], day: date) -> Moment:
    return Moment(place=match.span(), words=match.group(), ranges=((day, day),))
