"""Decides which day an answer means: open years, months and weeks are closed by the slot's bounds and by nearness."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from bot.slots.date_words import Mention, mentions, whole_figures
from bot.slots.reading import Found, Option, Problem, Reading, Several
from bot.slots.said import Said

# A day that has just passed is rather a slip than next year's: 11月20号 said on 22 November of something planned.
_AHEAD_DAYS = 300
_BEHIND_DAYS = 335

_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The first and the last day a slot takes; None is open."""

    today: date
    first: date | None = None
    last: date | None = None

    @classmethod
    def of(cls, today: date, *, earliest: int | None, latest: int | None) -> "Bounds":
        """Return bounds given in days from today."""
        return cls(today=today, first=_shifted(today, earliest), last=_shifted(today, latest))

    def hold(self, day: date) -> bool:
        """Whether a day lies within."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    @property
    def ahead(self) -> bool:
        """Whether only days from today on are taken."""
        return self.first is not None and self.first >= self.today

    @property
    def behind(self) -> bool:
        """Whether only days up to today are taken."""
        return self.last is not None and self.last <= self.today


def _shifted(today: date, days: int | None) -> date | None:
    try:
        return None if days is None else today + timedelta(days=days)
    except OverflowError:
        return None


def shown(day: date, *, today: date) -> str:
    """Return a day as people write it: 11月25日（周三）, with the year where it is another than today's."""
    year = "" if day.year == today.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def find(said: Said, bounds: Bounds, *, strictly: bool = True) -> list[Found]:
    """Return the days that are surely meant as days and lie within the bounds; not 11.25, nor a stray 今天."""
    found = []
    for mention in mentions(said.plain, bounds.today):
        if not mention.days or mention.vague or (strictly and (mention.is_loose or mention.is_now)):
            continue
        reading = _reading(mention, bounds)
        if isinstance(reading, Found):
            found.append(reading)
    return found


def read(said: Said, bounds: Bounds) -> Reading | None:
    """Return the day an answer gives, the days it could mean, or what is wrong with it."""
    found = mentions(said.plain, bounds.today)
    if (figures := whole_figures(said.plain.strip(), bounds.today)) and figures.days:
        found = [figures]
    found.sort(key=lambda one: (bool(one.vague), one.is_now))
    readings = [_reading(mention, bounds) for mention in found]
    good = [reading for reading in readings if not isinstance(reading, Problem)]
    return _either(said, good, bounds) or (good or readings or [None])[0]


def _either(said: Said, good: Sequence[Reading], bounds: Bounds) -> Several | None:
    # 周三或者周四都行: the person has not chosen yet.
    days = [reading for reading in good if isinstance(reading, Found)]
    if len({reading.value for reading in days}) not in (2, 3):
        return None
    spans = sorted(reading.span for reading in days)
    between = [said.plain[one[1] : other[0]] for one, other in pairwise(spans)]
    if not all(re.search(r"或|还是|要么", words) for words in between):
        return None
    options = {reading.value: shown(date.fromisoformat(reading.value), today=bounds.today) for reading in days}
    return Several(
        options=tuple(Option(value=value, label=label) for value, label in options.items()),
        span=(spans[0][0], spans[-1][1]),
    )


def _reading(mention: Mention, bounds: Bounds) -> Reading:
    if mention.vague:
        gaps = {"day": shown(bounds.today + timedelta(days=3), today=bounds.today)}
        return Problem(sentence=f"date_{mention.vague}", span=mention.span, gaps=gaps)
    day = _meant(mention, bounds)
    if not isinstance(day, date):
        options = tuple(Option(value=one.isoformat(), label=shown(one, today=bounds.today)) for one in day)
        return Several(options=options, span=mention.span)
    if mention.weekday is not None and day.weekday() != mention.weekday:
        gaps = {"day": shown(day, today=bounds.today), "said": f"周{_WEEKDAYS[mention.weekday]}"}
        return Problem(sentence="date_weekday", span=mention.span, gaps=gaps)
    if bounds.hold(day):
        return Found(value=day.isoformat(), span=mention.span, is_computed=True)
    return out_of_bounds(day, bounds, mention.span)


def out_of_bounds(day: date, bounds: Bounds, span: tuple[int, int] = (0, 0)) -> Problem:
    """Return the friendly sentence for a day outside the bounds."""
    gaps = {"day": shown(day, today=bounds.today)}
    if bounds.first is not None and day < bounds.first:
        sentence = "date_past" if bounds.first == bounds.today else "date_too_early"
        return Problem(sentence=sentence, span=span, gaps=gaps | {"bound": shown(bounds.first, today=bounds.today)})
    last = bounds.last or day
    sentence = "date_future" if last == bounds.today else "date_too_late"
    return Problem(sentence=sentence, span=span, gaps=gaps | {"bound": shown(last, today=bounds.today)})


def _meant(mention: Mention, bounds: Bounds) -> date | tuple[date, ...]:
    if mention.open == "which":
        inside = tuple(day for day in mention.days if bounds.hold(day)) or mention.days[:1]
        return inside[0] if len(inside) == 1 else inside
    if mention.open == "week" and bounds.today in mention.days and not bounds.behind:
        # 周三 said on a Wednesday: today, or in a week?
        both = tuple(day for day in mention.days if day >= bounds.today and bounds.hold(day))
        return both if len(both) > 1 else (both or (bounds.today,))[0]
    return _nearest(mention, bounds)


def _nearest(mention: Mention, bounds: Bounds) -> date:
    def distance(day: date) -> tuple[int, bool]:
        return abs((day - bounds.today).days), day < bounds.today

    inside = [day for day in mention.days if bounds.hold(day)]
    if mention.weekday is not None:
        inside = [day for day in inside if day.weekday() == mention.weekday] or inside
    if mention.open == "year":
        inside = [day for day in inside if -_BEHIND_DAYS <= (day - bounds.today).days <= _AHEAD_DAYS]
    if mention.open in ("month", "week") and not bounds.behind:
        # Who says "the 5th" or "Wednesday" means the next one, unless the slot is about the past.
        inside = [day for day in inside if day >= bounds.today] or inside
    return min(inside or mention.days, key=distance)
