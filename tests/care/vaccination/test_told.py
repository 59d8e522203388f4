"""Doses as parents tell them (told.yaml), and what holds whatever is said."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slots.said import plain
from care.vaccination.told import ToldDose, hear
from care.vaccination.told_names import called, vaccines_in
from tests.care.vaccination.children import RULES

BORN, TODAY = date(2025, 12, 20), date(2026, 11, 23)
TABLE = yaml.safe_load((Path(__file__).parent / "told.yaml").read_text(encoding="utf-8"))
calm = settings(deadline=None)  # a busy machine is no fault

WORDS = [
    "五联",
    "乙肝",
    "麻腮风",
    "脊灰",
    "流脑",
    "13价",
    "轮状",
    "水痘",
    "手足口",
    "狂犬疫苗",
    "打了",
    "打过",
    "没打",
    "第二针",
    "两针",
    "三次",
    "昨天",
    "今天",
    "明天",
    "上个月",
    "3月",
    "4月5号",
    "3.5",
    "2026-05-01",
    "出生",
    "满月",
    "1个月",
    "半岁",
    "1岁半",
    "去年",
    "2019年",
    "，",
    "。",
    "、",
    "和",
    "分别",
    "都",
    "不对",
    "15号",
    "国庆",
    "上周三",
    "2月30号",
    "99月",
    "第一百针",
]
FULL = [code for code in RULES.products if code != "POLIO"]


def written(dose: ToldDose) -> str:
    day = f"{'~' if dose.is_about else ''}{dose.on}" if dose.on else "-"
    number = f" {dose.number}" if dose.number else ""
    return f"{'/'.join(dose.products) or '?'} {day}{number}"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["say"])
def test_doses_are_heard_as_they_were_meant(row: dict[str, Any]) -> None:
    told = hear(row["say"], birth=BORN, today=TODAY)
    assert [written(dose) for dose in told.doses] == row["doses"]
    assert [moment.on for moment in told.loose] == row.get("loose", [])


def test_days_without_a_year_keep_together() -> None:
    told = hear("五联10月、11月、1月打的", birth=date(2025, 8, 1), today=TODAY)
    assert [dose.on for dose in told.doses] == [date(2025, 10, 31), date(2025, 11, 30), date(2026, 1, 31)]


def test_the_year_of_an_older_childs_doses_is_asked_for() -> None:
    born = date(2020, 12, 20)
    assert all(dose.is_open for dose in hear("打过五联两针，3月和4月", birth=born, today=TODAY).doses)
    assert not any(dose.is_open for dose in hear("2021年3月和4月打了五联", birth=born, today=TODAY).doses)
    assert not any(dose.is_open for dose in hear("昨天打了流感", birth=born, today=TODAY).doses)


@pytest.mark.parametrize("code", FULL)
def test_every_product_is_known_by_its_name(code: str) -> None:
    [named] = vaccines_in(plain(called(code)))
    assert named.products == (code,)


@calm
@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join) | st.text(max_size=60), st.integers(0, 6000))
def test_whatever_is_said_no_day_is_made_up_without_a_vaccine_or_a_moment(text: str, age_days: int) -> None:
    told = hear(text, birth=TODAY - timedelta(days=age_days), today=TODAY)
    assert len(told.doses) <= 40
    for dose in told.doses:
        assert dose.name
        assert dose.on is None or dose.words
        assert not dose.is_clear or dose.products[0] in RULES.products


@calm
@given(
    st.lists(st.sampled_from(FULL), min_size=1, max_size=4, unique=True),
    st.integers(40, 5000),
    st.randoms(use_true_random=False),
    st.sampled_from(["{vaccine}{day}打的", "{day}打了{vaccine}", "{vaccine} {day}", "{day} {vaccine}"]),
    st.sampled_from(["%Y年%-m月%-d日", "%Y-%m-%d", "%Y.%-m.%-d"]),
    st.sampled_from(["，", "；", "\n"]),
)
def test_a_record_read_out_is_heard_whole(
    codes: list[str], age_days: int, chance: random.Random, said: str, form: str, gap: str
) -> None:
    birth = TODAY - timedelta(days=age_days)
    wanted = [(code, birth + timedelta(days=chance.randint(0, age_days))) for code in codes]
    text = gap.join(said.format(vaccine=called(code), day=day.strftime(form)) for code, day in wanted)
    told = hear(text, birth=birth, today=TODAY)
    assert [(dose.products, dose.on) for dose in told.doses] == [((code,), day) for code, day in wanted]
