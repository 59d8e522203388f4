"""Working days: published years, overrides, provisional years. Expected days are the State Council's notices."""

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigurationFault
from care.workdays import OVERRIDES, Override, WorkCalendar

CALENDAR = WorkCalendar.load()
days = st.dates(date(2023, 1, 1), date(2045, 12, 31))


# 国办发明电〔2023〕7号, 国办发明电〔2024〕12号, 国办发明电〔2025〕7号
MAKE_UP_WEEKENDS = {
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}
HOLIDAYS_ON_WEEKDAYS = {
    2024: "01-01 02-12 02-16 04-05 05-03 06-10 09-16 10-07",
    2025: "01-28 02-04 04-04 05-05 06-02 10-08",
    2026: "01-02 02-16 02-23 04-06 05-05 06-19 09-25 10-07",
}


def day(text: str) -> date:
    return date.fromisoformat(text)


def each(days_of_years: dict[int, str]) -> list[date]:
    return [day(f"{year}-{one}") for year, days in days_of_years.items() for one in days.split()]


@pytest.mark.parametrize("make_up", each(MAKE_UP_WEEKENDS))
def test_a_make_up_weekend_is_a_working_day(make_up: date) -> None:
    assert make_up.weekday() >= 5
    assert CALENDAR.is_working_day(make_up)
    assert not CALENDAR.is_public_holiday(make_up)
    assert not CALENDAR.is_provisional(make_up)


@pytest.mark.parametrize("off", each(HOLIDAYS_ON_WEEKDAYS))
def test_a_weekday_within_a_holiday_is_off(off: date) -> None:
    assert off.weekday() < 5
    assert not CALENDAR.is_working_day(off)
    assert CALENDAR.is_public_holiday(off)


def test_a_plain_weekend_is_off_without_being_a_holiday() -> None:
    assert not CALENDAR.is_working_day(day("2026-11-21"))
    assert not CALENDAR.is_public_holiday(day("2026-11-21"))


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        ("2026-11-23", 1, "2026-11-24"),
        ("2026-11-20", 1, "2026-11-23"),
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-09-30", 3, "2026-10-10"),  # Thursday, Friday, make-up Saturday
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-14", 1, "2026-02-24"),
        ("2024-12-31", 1, "2025-01-02"),
    ],
)
def test_days_are_counted_from_the_next_one(start: str, count: int, expected: str) -> None:
    assert CALENDAR.after(day(start), count) == day(expected)


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        ("2026-11-30", "2026-11-23"),
        ("2026-10-12", "2026-09-29"),  # 10.10, 10.9, 10.8, 9.30, 9.29
        ("2026-02-24", "2026-02-10"),  # 2.14 (make-up), 2.13, 2.12, 2.11, 2.10
        ("2026-11-29", "2026-11-23"),  # a planned Sunday
    ],
)
def test_five_working_days_before_a_planned_day(planned: str, expected: str) -> None:
    assert CALENDAR.before(day(planned), 5) == day(expected)


def test_a_count_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        CALENDAR.after(day("2026-11-23"), 0)


FAR = 2040  # beyond what any release of the published calendar knows for years to come


@pytest.mark.parametrize("off", ["01-01", "04-04", "05-01", "05-02", "10-01", "10-02", "10-03"])
def test_an_unpublished_year_has_the_holidays_of_the_law(off: str) -> None:
    holiday = day(f"{FAR}-{off}")
    assert CALENDAR.is_provisional(holiday)
    assert CALENDAR.is_public_holiday(holiday)
    assert not CALENDAR.is_working_day(holiday)


def test_an_unpublished_year_works_monday_to_friday() -> None:
    assert [CALENDAR.is_working_day(day(f"{FAR}-06-{number:02}")) for number in range(4, 11)] == [True] * 5 + [
        False
    ] * 2
    assert CALENDAR.is_provisional(day(f"{FAR}-06-04"))


@pytest.mark.parametrize("off", ["2027-02-05", "2027-02-08", "2027-06-09", "2027-09-15", "2028-01-25", "2028-10-03"])
def test_the_lunar_holidays_of_the_next_years_are_off(off: str) -> None:
    assert not CALENDAR.is_working_day(day(off))
    assert CALENDAR.is_public_holiday(day(off))


def override(text: str, is_: str) -> Override:
    return Override.model_validate({"day": text, "is": is_, "name": "测试", "source": "测试通知"})


def test_an_override_goes_before_the_published_calendar() -> None:
    calendar = WorkCalendar(overrides=[override("2026-10-10", "off"), override("2026-11-22", "working")])
    assert not calendar.is_working_day(day("2026-10-10"))
    assert calendar.is_public_holiday(day("2026-10-10"))
    assert calendar.after(day("2026-11-20"), 1) == day("2026-11-22")


def test_a_year_entered_by_hand_is_not_provisional() -> None:
    assert not WorkCalendar(published=[FAR]).is_provisional(day(f"{FAR}-06-04"))


def test_an_override_is_known_within_a_provisional_year() -> None:
    calendar = WorkCalendar(overrides=[override(f"{FAR}-06-02", "working")])
    assert not calendar.is_provisional(day(f"{FAR}-06-02"))
    assert calendar.is_provisional(day(f"{FAR}-06-03"))


def test_the_table_in_the_house_is_read() -> None:
    assert OVERRIDES.name == "days.yaml"
    assert not CALENDAR.is_provisional(day("2027-02-05"))
    assert CALENDAR.after(day("2027-02-04"), 1) == day("2027-02-09")


ENTRY = "name: 调休, source: 通知"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (f"days: [{{day: 2027-02-30, is: off, {ENTRY}}}]", "days.yaml"),
        (f"days: [{{day: soon, is: off, {ENTRY}}}]", "days, entry 1, day"),
        (f"days: [{{day: 2027-02-20, is: maybe, {ENTRY}}}]", "working | off"),
        (f"days: [{{day: 2027-02-20, {ENTRY}}}]", "entry 1, is"),
        ("days: [{day: 2027-02-20, is: off, name: 调休}]", "entry 1, source"),
        (f"days: [{{day: 2027-02-20, is: off, {ENTRY}, note: x}}]", "entry 1, note"),
        (f"days: [{{day: 2027-02-20, is: off, {ENTRY}}}, {{day: 2027-02-20, is: working, {ENTRY}}}]", "stands twice"),
        ("published: [27]", "published, entry 1"),
        ("holidays: []", "holidays"),
        ("days: [", "mend what it names"),
        ("- 2027-02-20", "days.yaml"),
    ],
)
def test_a_wrong_table_is_named_with_file_and_entry(content: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "days.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationFault) as raised:
        WorkCalendar.load(file)
    assert "days.yaml" in str(raised.value)
    assert fault in str(raised.value)


def test_a_bare_off_is_a_word_and_an_empty_table_is_none(tmp_path: Path) -> None:
    file = tmp_path / "days.yaml"
    file.write_text(f"days: [{{day: 2026-11-23, is: off, {ENTRY}}}]", encoding="utf-8")
    assert not WorkCalendar.load(file).is_working_day(day("2026-11-23"))
    file.write_text("# nothing yet\n", encoding="utf-8")
    assert WorkCalendar.load(file).is_working_day(day("2026-11-23"))


def test_a_missing_or_garbled_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationFault, match="missing"):
        WorkCalendar.load(tmp_path / "days.yaml")
    (tmp_path / "days.yaml").write_bytes("days: [{name: 调休}]".encode("gb18030"))
    with pytest.raises(ConfigurationFault, match="UTF-8"):
        WorkCalendar.load(tmp_path / "days.yaml")


@given(days, st.integers(1, 40))
def test_counting_on_and_back_meet(start: date, count: int) -> None:
    later = CALENDAR.after(start, count)
    assert CALENDAR.is_working_day(later)
    assert CALENDAR.between(start, later) == count
    earlier = CALENDAR.before(start, count)
    assert CALENDAR.is_working_day(earlier)
    assert CALENDAR.between(earlier, start - timedelta(days=1)) == count - 1


@given(st.dates(date(2004, 1, 1), date(2026, 12, 31)))
def test_published_years_are_as_the_library_tells_them(some_day: date) -> None:
    plain = WorkCalendar()
    is_off, name = chinese_calendar.get_holiday_detail(some_day)
    assert plain.is_working_day(some_day) == chinese_calendar.is_workday(some_day) == (not is_off)
    assert plain.is_public_holiday(some_day) == (is_off and name is not None)


@given(days)
def test_no_day_is_both_worked_and_a_holiday(some_day: date) -> None:
    assert not (CALENDAR.is_working_day(some_day) and CALENDAR.is_public_holiday(some_day))
