"""Ages and intervals of the programme: ISO 8601 durations, counted in calendar months clamped to the month's end."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

_ISO = re.compile(r"P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """An age or an interval: months first, then days."""

    months: int = 0
    days: int = 0

    def after(self, day: date) -> date:
        """Return the day this span after `day`: 31 January and a month is the last day of February."""
        if self.months:
            months = day.year * 12 + day.month - 1 + self.months
            year, month = divmod(months, 12)
            last = day.day if day.day <= 28 else min(day.day, monthrange(year, month + 1)[1])
            day = date(year, month + 1, last)
        return day + timedelta(days=self.days) if self.days else day

    def as_age(self) -> str:
        """Return the span in the words for an age, such as 8月龄, 4岁, 12周龄."""
        if self.days:
            return f"{self.days // 7}周龄" if self.days % 7 == 0 and not self.months else f"{self.days}天"
        if not self.months:
            return "出生"
        return f"{self.months // 12}岁" if self.months % 12 == 0 and self.months > 24 else f"{self.months}月龄"

    def as_interval(self) -> str:
        """Return the span in the words for an interval, such as 28天, 6个月, 3年."""
        if self.days:
            return f"{self.days}天"
        return f"{self.months // 12}年" if self.months % 12 == 0 and self.months > 12 else f"{self.months}个月"


@lru_cache(maxsize=256)
def parse_span(text: str) -> Span:
    """Return what an ISO 8601 duration of whole years, months, weeks and days tells. Raises ValueError."""
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration such as P8M or P28D")
    years, months, weeks, days = (int(number or 0) for number in found.groups())
    return Span(months=years * 12 + months, days=weeks * 7 + days)
