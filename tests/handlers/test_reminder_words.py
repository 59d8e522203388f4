"""What people answer to reminders in their own order of words is heard; what only resembles it is not."""

import pytest

from intents.requests import Requests

WISHES = Requests.load()


@pytest.mark.parametrize(
    "text",
    [
        "不要再给我发疫苗提醒了",
        "别再给我发接种提醒了",
        "不用提醒我打疫苗了",
        "以后不用提醒了",
        "别发了，烦",
        "取消提醒",
    ],
)
def test_who_wants_no_more_reminders_is_heard(text: str) -> None:
    assert WISHES.all_in(text)[:1] == ["reminder_stop"]


@pytest.mark.parametrize(
    "text",
    [
        "不要再给我发验证码",
        "要不要提醒我打疫苗",
        "可以不要再发提醒吗",
        "别忘了提醒我打疫苗",
        "不要停止提醒",
        "别发给我老公",
    ],
)
def test_what_only_resembles_it_stops_no_reminders(text: str) -> None:
    assert "reminder_stop" not in WISHES.all_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "出院 11月28日",
        "出院11月28日",
        "出院，11月28日",
        "出院28号",
        "出院2026-11-28",
        "出院后天",
        "出院 明天",
        "后天出院",
        "28号出院",
    ],
)
def test_a_discharge_is_heard_before_and_after_its_day(text: str) -> None:
    assert "discharge" in WISHES.all_in(text)


@pytest.mark.parametrize("text", ["出院后多久能报销", "出院28号前要带什么", "出院后天天疼", "出院后 明天复查"])
def test_what_comes_after_a_discharge_is_no_news_of_one(text: str) -> None:
    assert "discharge" not in WISHES.all_in(text)
