"""Which day people mean, from a table worked out by hand, and what must hold for any day."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.slots import dates
from bot.slots.dates import Bounds
from bot.slots.reading import Found, Problem, Reading, Several
from bot.slots.said import Said

TABLE = yaml.safe_load((Path(__file__).parent / "dates.yaml").read_text(encoding="utf-8"))
RANGES = {"今天起": (0, None), "到今天": (None, 0), "不限": (None, None)}
TODAY = date(2026, 11, 22)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def rows() -> list[Any]:
    return [
        pytest.param(
            str(text), part["今天"], RANGES[part["范围"]], expected, id=f"{text} ({part['范围']}, {part['今天']})"
        )
        for part in TABLE
        for text, expected in part["写法"].items()
    ]


def told(reading: Reading | None) -> Any:
    match reading:
        case Found():
            return date.fromisoformat(reading.value)
        case Several():
            return [date.fromisoformat(option.value) for option in reading.options]
        case Problem():
            return reading.sentence
        case _:
            return "没有"


@pytest.mark.parametrize(("text", "today", "within", "expected"), rows())
def test_a_day_is_read_as_people_mean_it(text: str, today: date, within: Any, expected: Any) -> None:
    bounds = Bounds.of(today, earliest=within[0], latest=within[1])
    assert told(dates.read(Said.of(text), bounds)) == expected


def test_the_table_is_long_enough() -> None:
    assert len(rows()) >= 200


@given(day=DAYS, today=DAYS)
def test_a_full_date_is_that_day_however_it_is_written(day: date, today: date) -> None:
    bounds = Bounds.of(today, earliest=None, latest=None)
    ways = ["{0}年{1}月{2}日", "{0}.{1}.{2}", "{0}/{1}/{2}", "{0}-{1:02}-{2:02}", "{0}{1:02}{2:02}"]
    for way in ways:
        assert told(dates.read(Said.of(way.format(day.year, day.month, day.day)), bounds)) == day, way


@given(day=DAYS, today=DAYS)
def test_a_day_as_shown_is_read_back_as_itself(day: date, today: date) -> None:
    bounds = Bounds.of(today, earliest=None, latest=None)
    if abs((day - today).days) <= 150 or day.year != today.year:
        assert told(dates.read(Said.of(dates.shown(day, today=today)), bounds)) == day


@given(today=DAYS, ahead=st.integers(0, 180))
def test_a_planned_day_without_its_year_is_the_coming_one(today: date, ahead: int) -> None:
    day = today + timedelta(days=ahead)
    bounds = Bounds.of(today, earliest=0, latest=None)
    expected = day if not (day.month == 2 and day.day == 29) else told(dates.read(Said.of("2月29日"), bounds))
    assert told(dates.read(Said.of(f"{day.month}月{day.day}号"), bounds)) == expected


@given(
    today=DAYS,
    text=st.text("0123456789零一二三四五六七八九十廿年月日号周星期上下个这今明后前昨大天末底初.-/ 或", max_size=16),
)
def test_what_is_read_lies_within_the_bounds(today: date, text: str) -> None:
    bounds = Bounds.of(today, earliest=-3, latest=40)
    reading = dates.read(Said.of(text), bounds)
    if isinstance(reading, Found):
        assert bounds.hold(date.fromisoformat(reading.value))
    for found in dates.find(Said.of(text), bounds):
        assert bounds.hold(date.fromisoformat(found.value))


@pytest.mark.parametrize("text", ["我今天想申请", "白细胞11.25", "住3号楼", "这两天有点咳", "每月25元"])
def test_a_stray_number_or_word_is_not_taken_for_a_day(text: str) -> None:
    assert dates.find(Said.of(text), Bounds.of(TODAY, earliest=None, latest=None)) == []
