"""Working days of the Chinese calendar, make-up days included. Pure once loaded: no clock."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from chinese_calendar import get_solar_terms
from chinese_calendar.constants import holidays as _holidays
from chinese_calendar.constants import workdays as _make_up_days
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml

OVERRIDES = Path(__file__).with_name("days.yaml")

_DAY = timedelta(days=1)
# The tables themselves: the functions on them look for the first and the last year anew at every call.
_PUBLISHED = range(min(_holidays).year, max(_holidays).year + 1)
_SATURDAY = 5
# 全国年节及纪念日放假办法 as in force since 2025: what is a holiday in every year, whatever is arranged around it.
_STATUTORY = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
_SOLAR_TERMS = range(1900, 2101)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Override(BaseModel):
    """One day that counts otherwise than the published calendar says, and who says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date
    is_: Annotated[Literal["working", "off"], Field(alias="is")]
    name: Text
    source: Text

    @field_validator("is_", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: Any) -> Any:
        return "off" if value is False else value  # YAML reads a bare off as false


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    published: tuple[Annotated[int, Field(ge=2000, le=2200)], ...] = ()
    days: tuple[Override, ...] = ()


class WorkCalendar:
    """Tells working days from others.

    Years that the State Council has published come from `chinesecalendar`. Other years are provisional: Monday to
    Friday, less the days that are holidays by law. An override goes before both.
    """

    def __init__(self, *, overrides: Iterable[Override] = (), published: Iterable[int] = ()) -> None:
        self._overrides: Mapping[date, Override] = {one.day: one for one in overrides}
        self._published = frozenset({*_PUBLISHED, *published})

    @classmethod
    def load(cls, overrides: Path = OVERRIDES) -> "WorkCalendar":
        """Return the calendar with the table of overrides. Raises ConfigurationFault naming file, entry, remedy."""
        table = _read(overrides)
        return cls(overrides=table.days, published=table.published)

    def is_working_day(self, day: date) -> bool:
        """Whether people work on this day: Monday to Friday without the holidays, and make-up weekends."""
        override = self._overrides.get(day)
        if override is not None:
            return override.is_ == "working"
        if day.year in _PUBLISHED:
            return day in _make_up_days or (day.weekday() < _SATURDAY and day not in _holidays)
        return day.weekday() < _SATURDAY and not _is_statutory(day)

    def is_public_holiday(self, day: date) -> bool:
        """Whether the day belongs to a public holiday, days in lieu included; a plain weekend does not."""
        override = self._overrides.get(day)
        if override is not None:
            return override.is_ == "off"
        if day.year in _PUBLISHED:
            return day in _holidays and day not in _make_up_days
        return _is_statutory(day)

    def is_provisional(self, day: date) -> bool:
        """Whether the arrangement of this day is not published yet, so that it may still change."""
        return day.year not in self._published and day not in self._overrides

    def after(self, day: date, count: int) -> date:
        """Return the `count`-th working day after `day` (1 or more); `day` itself isn't counted."""
        return self._walk(day, count, _DAY)

    def before(self, day: date, count: int) -> date:
        """Return the `count`-th working day before `day` (1 or more): the last day for "at least `count` before"."""
        return self._walk(day, count, -_DAY)

    def between(self, first: date, last: date) -> int:
        """Return how many working days come after `first` up to `last`; 0 when `last` is not later."""
        return sum(self.is_working_day(first + number * _DAY) for number in range(1, (last - first).days + 1))

    def _walk(self, day: date, count: int, step: timedelta) -> date:
        if count < 1:
            raise ValueError(f"working days are counted from 1; got {count}")
        while count:
            day += step
            count -= self.is_working_day(day)
        return day


def _is_statutory(day: date) -> bool:
    return (day.month, day.day) in _STATUTORY or day == _qingming(day.year)


@lru_cache(maxsize=256)
def _qingming(year: int) -> date | None:
    if year not in _SOLAR_TERMS:
        return None
    terms = get_solar_terms(date(year, 4, 1), date(year, 4, 10))
    return next((day for day, name in terms if name == "清明"), None)


def _read(path: Path) -> _File:
    try:
        table = _File.model_validate(read_yaml(path) or {})
    except FileNotFoundError as error:
        raise ConfigurationFault(f"{path}: the file is missing; restore it, or write `days: []` into it") from error
    except (UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        raise ConfigurationFault(f"{path}: {_named(error)}") from error
    seen: set[date] = set()
    for number, one in enumerate(table.days, start=1):
        if one.day in seen:
            raise ConfigurationFault(f"{path}: days, entry {number}: {one.day} stands twice; keep one of them")
        seen.add(one.day)
    return table


def _named(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        entry = ", ".join(f"entry {part + 1}" if isinstance(part, int) else part for part in first["loc"])
        return f"{entry}: {first['msg']}; an entry is {{day: YYYY-MM-DD, is: working | off, name: …, source: …}}"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8; save the file in UTF-8"
    return f"not readable as YAML; mend what it names: {error}"
