"""How an answer fills a gap in doses that were told. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from bot.slots.choices import order_in
from bot.slots.numerals import whole
from bot.slots.said import Said
from care.child import Child
from care.vaccination.told import ToldDose, hear, renamed
from care.vaccination.told_days import Moment
from care.vaccination.told_names import called
from handlers.dose_beside import is_same
from handlers.dose_gaps import Gap, Left, vaccine_of

_UNSURE = re.compile(
    r"不知道|不清楚|不记得|记不[清得住]|忘了|不确定|说不[好准清]|没印象|想不起|不晓得|随便|都行|跳过|没有了?$|不记了?$|算了"
)
_ORAL = re.compile(r"吃|喝|口服|滴|丸")
_INJECTED = re.compile(r"针|注射|打的|扎")
_YEAR = re.compile(
    r"(?P<y>(?:19|20)\d{2}|\d{2})\s*年?|(?P<ry>今年|去年|前年|大前年)|(?P<age>[\d一二两三四五六七八九十]+)\s*(?:周?岁|来岁)"
)
_YEARS_AGO = {"今年": 0, "去年": 1, "前年": 2, "大前年": 3}
_NOT_THIS = re.compile(r"不记|不要|删|就?是?同一针|重复|不算|去掉")
_NOT_YET = re.compile(r"(?:还|都)?(?:没有?|未)(?:打|种|去|接种)|没到|准备|打算|要打")
_FILLER = re.compile(r"[\s,，。.!！的是那种个款打了吧啊呀]|疫苗|接种证|上写|应该|好像")


def filled(
    doses: Sequence[ToldDose], gap: Gap, text: str | None, child: Child, today: date
) -> tuple[list[ToldDose], list[Left]] | None:
    """Return the doses after the answer to a gap, and what is left out; None for what is no answer.

    `text` None is "I don't know".
    """
    plain = Said.of(text or "").plain
    if text is None or (_UNSURE.search(plain) and not _has_day(plain, child, today)):
        return _left_open(doses, gap)
    if gap.kind in ("future", "day", "before_birth") and _NOT_YET.search(plain):
        return _left_open(doses, gap, why="not_yet")
    match gap.kind:
        case "unknown":
            return _named(doses, gap, plain, child)
        case "which":
            return _chosen(doses, gap, plain, child)
        case "year":
            return _in_year(doses, gap, plain, child, today)
        case "same_day" | "same_recorded":
            return _told_apart(doses, gap, plain, child, today)
        case "day" | "before_birth" | "future":
            return _dated(doses, gap, plain, child, today)


def _has_day(text: str, child: Child, today: date) -> bool:
    told = hear(text, birth=child.birth, today=today)
    return bool(told.loose) or any(dose.on for dose in told.doses)


def _left_open(doses: Sequence[ToldDose], gap: Gap, *, why: str = "") -> tuple[list[ToldDose], list[Left]]:
    if gap.kind == "which":
        return _with(doses, gap.places, lambda dose: replace(dose, products=dose.products[:1])), []
    places = gap.places[-1:] if gap.kind == "same_day" else gap.places
    whys = {"unknown": "name", "day": "day", "year": "day", "same_day": "same_day", "same_recorded": "same_day"}
    why = why or f"unsure_{whys.get(gap.kind, 'impossible')}"
    left = [Left(name=vaccine_of(doses[at]), why=why) for at in places]
    return [dose for at, dose in enumerate(doses) if at not in places], left


def _named(doses: Sequence[ToldDose], gap: Gap, text: str, child: Child) -> tuple[list[ToldDose], list[Left]] | None:
    done = renamed(doses[gap.places[0]], text, birth=child.birth)
    return None if done is None else (_with(doses, gap.places, lambda _: done), [])


def _chosen(doses: Sequence[ToldDose], gap: Gap, text: str, child: Child) -> tuple[list[ToldDose], list[Left]] | None:
    options = doses[gap.places[0]].products
    product = _option(options, text, doses[gap.places[0]], child)
    if product is None:
        return None
    return _with(doses, gap.places, lambda dose: replace(dose, products=(product,))), []


def _option(options: Sequence[str], text: str, dose: ToldDose, child: Child) -> str | None:
    place = order_in(text, len(options))
    if place is not None:
        return options[place]
    told = renamed(dose, text, birth=child.birth)
    if told is not None and len(told.products) == 1 and told.products[0] in options:
        return told.products[0]
    words = _FILLER.sub("", text)
    named = [one for one in options if words and words in Said.of(called(one)).plain]
    if len(named) == 1:
        return named[0]
    if {"IPV", "bOPV"} <= set(options):
        return "bOPV" if _ORAL.search(text) else "IPV" if _INJECTED.search(text) else None
    return None


def _in_year(
    doses: Sequence[ToldDose], gap: Gap, text: str, child: Child, today: date
) -> tuple[list[ToldDose], list[Left]] | None:
    told = _dated(doses, gap, text, child, today) if re.search(r"月", text) else None
    if told is not None:
        return told
    match = _YEAR.search(text)
    if match is None:
        return None
    if match["age"]:
        age = whole(match["age"]) or 0
        first = min(doses[at].on or today for at in gap.places)
        years = [year for year in range(child.birth.year, today.year + 1) if _age_in(first, year, child) == age]
    else:
        year = today.year - _YEARS_AGO[match["ry"]] if match["ry"] else int(match["y"])
        years = [year + 2000 if year < 100 else year]
    if not years or years[0] > today.year:
        return None
    shift = years[0] - min(doses[at].on or today for at in gap.places).year
    return _with(doses, gap.places, lambda dose: replace(dose, on=_shifted(dose.on, shift), is_open=False)), []


def _age_in(day: date, year: int, child: Child) -> int:
    on = _shifted(day, year - day.year) or day
    return on.year - child.birth.year - ((on.month, on.day) < (child.birth.month, child.birth.day))


def _shifted(day: date | None, years: int) -> date | None:
    if day is None:
        return None
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _dated(
    doses: Sequence[ToldDose], gap: Gap, text: str, child: Child, today: date
) -> tuple[list[ToldDose], list[Left]] | None:
    told = hear(text, birth=child.birth, today=today)
    places = gap.places
    dated = [one for one in told.doses if one.on]
    if any(is_same(one, doses[at]) for one in dated for at in places):
        return _by_name(doses, places, dated), []
    days = [_moment(one) for one in dated] + [one for one in told.loose if one.on]
    if not days:
        return None
    vaccines = {doses[at].name for at in places}
    if len(days) == 1 and len(vaccines) == len(places):
        return _with(doses, places, lambda dose: _on(dose, days[0])), []
    numbers = [number for number in told.numbers if number <= len(places)]
    chosen = [places[number - 1] for number in numbers] if len(numbers) == len(days) else list(places)
    changed = list(doses)
    for at, day in zip(chosen, days, strict=False):
        changed[at] = _on(doses[at], day)
    return changed, []


def _by_name(doses: Sequence[ToldDose], places: Sequence[int], dated: Sequence[ToldDose]) -> list[ToldDose]:
    """Give each dose the next day told with its own vaccine; one that was not named keeps its gap."""
    changed, waiting = list(doses), list(dated)
    for at in places:
        own = next((one for one in waiting if is_same(one, doses[at])), None)
        if own is not None:
            waiting.remove(own)
            changed[at] = _on(doses[at], _moment(own))
    return changed


def _told_apart(
    doses: Sequence[ToldDose], gap: Gap, text: str, child: Child, today: date
) -> tuple[list[ToldDose], list[Left]] | None:
    at = gap.places[-1]
    told = hear(text, birth=child.birth, today=today)
    if told.loose or any(dose.on for dose in told.doses):
        return _dated(doses, replace(gap, places=(at,)), text, child, today)
    named = {one.products for one in told.doses}
    kept = [place for place in gap.places if doses[place].products in named]
    if gap.kind == "same_day" and len(kept) == 1:
        return [dose for place, dose in enumerate(doses) if place not in gap.places or place in kept], []
    return _left_open(doses, gap) if _NOT_THIS.search(text) else None


def _moment(dose: ToldDose) -> Moment:
    return Moment(place=(0, 0), words=dose.words, on=dose.on, is_about=dose.is_about, is_open=dose.is_open)


def _on(dose: ToldDose, day: Moment) -> ToldDose:
    return replace(dose, on=day.on, is_about=day.is_about, is_open=day.is_open, words=day.words)


def _with(doses: Sequence[ToldDose], places: Sequence[int], change: Any) -> list[ToldDose]:
    return [change(dose) if at in places else dose for at, dose in enumerate(doses)]
