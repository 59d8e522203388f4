"""Importing a file of children: every row checked, the right ones taken, the others set aside with the reason."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.errors import UserFault
from bot.store.store import Store
from care import child_records, children, policies, policy_saving
from care.child import Child, Dose, Growth
from care.child_import import ImportedChildren, import_children
from care.child_rows import OPTIONAL, REQUIRED, read_child_row
from care.child_tables import child_records as records
from care.row_cells import RowRefused
from tests.care.child_files import child_row, write_children
from tests.care.policies_told import child, told
from tests.care.policy_files import read
from tests.clocks import FixedClock

TODAY = date(2026, 9, 30)
GROWTH_PRODUCT = "chengzhang-youxiang-2025"
Import = Callable[..., ImportedChildren]


@pytest.fixture
def replanned() -> list[str]:
    return []


@pytest.fixture
def import_file(store: Store, clock: FixedClock, replanned: list[str]) -> Import:
    twins = (child(), child("测试二宝", birth=date(2024, 2, 29), sex="M", serial=2))
    store.write(lambda c: policy_saving.save(c, store.keys, told(insured=twins), now=clock()))
    other = told("TEST-0002", product="zhenai-wuxian-2023", plan="")
    store.write(lambda c: policy_saving.save(c, store.keys, other, now=clock()))

    def run(path: Path, **options: Any) -> ImportedChildren:
        return import_children(
            path,
            store=store,
            products=[GROWTH_PRODUCT],
            replan=lambda _, one: replanned.append(one.name),
            clock=clock,
            **options,
        )

    return run


def found(store: Store, name: str = "测试宝宝") -> Child:
    with store.reading() as connection:
        policy = policies.by_number(connection, store.keys, "TEST-0001")
        assert policy is not None
        seen = children.children_of_policy(connection, store.keys, policy.id or 0)
    return next(one for one in seen if one.name == name)


def doses_of(row: dict[str, str]) -> list[tuple[str, str]]:
    return sorted((one.vaccine, one.on.isoformat()) for one in read_child_row(row, today=TODAY).doses)


def faults(row: dict[str, str]) -> str:
    with pytest.raises(RowRefused) as refused:
        read_child_row(row, today=TODAY)
    return str(refused.value)


# One row.


@pytest.mark.parametrize(
    "cells",
    [
        {"doses": "乙肝 2022-05-01; 卡介苗 2022-05-01; 五联 2022-07-02"},
        {"doses": "乙肝疫苗：2022年5月1日；BCG 2022/5/1；潘太欣 2022.07.02"},
        {"doses": "2022-05-01 HepB\n2022-05-01 bcg\n2022-07-02 五联疫苗"},
        {"乙肝": "2022-05-01", "BCG": "2022/5/1", "五联_1": "2022-07-02"},
        {"乙肝第1剂": "2022-05-01", "卡介苗": "2022-05-01", "五联": " 2022-07-02 ; "},
        {"乙肝_1": "2022-05-01", "乙肝_2": "", "doses": "卡介苗 2022-05-01", "vaccine": "五联", "given_on": "2022-7-2"},
    ],
)
def test_doses_are_read_however_they_are_filled_in(cells: dict[str, str]) -> None:
    assert doses_of(child_row(**cells)) == [
        ("BCG", "2022-05-01"), ("DTaP_IPV_HIB", "2022-07-02"), ("HepB", "2022-05-01"),
    ]  # fmt: skip


def test_a_full_row_fills_the_profile() -> None:
    row = child_row(
        insured_sex="女", region="上海市", conditions="对鸡蛋过敏", birth_weight_g="1950", mother_hbsag="positive",
        je="JE_I", hepa="HepA_L", selected="PCV13;水痘", growth="2022-08-01 62.5cm 6.4kg; 2022/9/1 7kg",
        check_ups="2022-08-01; 2022-11-03", immunoglobulin="2022-12-01",
    )  # fmt: skip
    read_row = read_child_row(row, today=TODAY)
    assert read_row.profile == {
        "region": "上海市", "conditions": "对鸡蛋过敏", "birth_weight_g": 1950.0, "mother_hbsag": "positive",
        "options": {"JE": "JE_I", "HepA": "HepA_L"}, "selected": ("PCV13", "VAR"),
    }  # fmt: skip
    assert read_row.growth[0] == Growth(on=date(2022, 8, 1), height_cm=62.5, weight_kg=6.4, source="import")
    assert ([one.on.month for one in read_row.check_ups], read_row.events[0].kind) == ([8, 11], "immunoglobulin")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"insured_birth": ""}, "insured_birth is empty; write it as YYYY-MM-DD"),
        ({"insured_birth": "2026-12-01"}, "insured_birth lies ahead"),
        ({"insured_birth": "2022-02-30"}, "insured_birth holds what is no day; write it as YYYY-MM-DD"),
        ({"insured_sex": "X"}, "insured_sex is unknown; use one of M, F, or leave it empty"),
        ({"doses": "乙肝 2022-04-30"}, "doses: a day is before insured_birth"),
        ({"doses": "乙肝 2026-10-01"}, "doses: a day lies ahead; leave out what has not happened yet"),
        ({"doses": "仙丹 2022-05-01"}, "doses names an unknown vaccine; docs/children.md lists the names"),
        ({"doses": "乙肝"}, "doses: write each as vaccine and day, divided by ; (乙肝 2026-03-10; MMR 2026-11-10)"),
        ({"MMR": "2023-13-01"}, "MMR holds what is no day; write it as YYYY-MM-DD"),
        ({"vaccine": "MMR"}, "given_on holds what is no day; write it as YYYY-MM-DD"),
        ({"growth": "2022-08-01"}, "growth: write each as day, cm and kg, divided by ; (2026-05-01 62.5cm 6.4kg)"),
        ({"growth": "2022-08-01 900cm"}, "growth holds a height or weight that no child has"),
        ({"birth_weight_g": "3.2kg"}, "birth_weight_g is no birth weight; give grams, such as 3200"),
        ({"je": "JE"}, "je is unknown; use one of (empty), JE_L, JE_I"),
        ({"record": "half"}, "record is unknown; use one of (empty), whole, unknown"),
    ],
)
def test_a_wrong_cell_is_named_with_its_remedy(cells: dict[str, str], reason: str) -> None:
    assert faults(child_row(**cells)) == reason


def test_all_faults_of_a_row_are_told_at_once_and_nothing_of_it_is_quoted() -> None:
    told_faults = faults(child_row(insured_name="", doses="仙丹 2022-05-01", mother_hbsag="阳"))
    assert told_faults.count(";") >= 3
    assert "仙丹" not in told_faults


@given(st.dictionaries(st.sampled_from([*REQUIRED, *OPTIONAL, "MMR_1"]), st.text(max_size=40)))
def test_any_row_is_read_or_refused(cells: dict[str, str]) -> None:
    with suppress(RowRefused):
        read_child_row(child_row(**cells), today=TODAY)


# A file.


def test_the_same_file_again_changes_nothing_and_a_fuller_one_adds(
    import_file: Import, store: Store, tmp_path: Path, replanned: list[str]
) -> None:
    rows = [
        child_row(doses="乙肝 2022-05-01;卡介苗 2022-05-01", region="上海"),
        child_row(insured_name="测试二宝", insured_birth="2024-02-29"),
    ]
    path = write_children(tmp_path / "children.csv", rows)
    done = import_file(path)
    assert (done.taken, done.new, done.doses, done.refused_file) == (2, 2, 2, None)
    assert (found(store).profile.region, found(store).profile.record_since) == ("上海", None)
    assert replanned == ["测试宝宝", "测试二宝"]
    again = import_file(path)
    assert (again.same, again.doses, len(replanned)) == (2, 0, 2)
    rows[0]["doses"] += ";乙肝 2022-06-01"
    fuller = import_file(write_children(path, rows))
    assert (fuller.changed, fuller.same, fuller.doses) == (1, 1, 1)
    assert [one.vaccine for one in found(store).doses] == ["HepB", "BCG", "HepB"]


def test_one_dose_a_row_fills_the_same_child(import_file: Import, store: Store, tmp_path: Path) -> None:
    rows = [child_row(vaccine="乙肝", given_on=day) for day in ("2022-05-01", "2022-06-01", "2022-11-01")]
    done = import_file(write_children(tmp_path / "children.csv", rows))
    assert (done.new, done.changed, len(found(store).doses)) == (1, 2, 3)


def test_refused_rows_are_set_aside_and_mended_they_are_taken(
    import_file: Import, store: Store, tmp_path: Path
) -> None:
    rows = [
        child_row("TEST-9999"),
        child_row(insured_name="没有这人"),
        child_row("TEST-0002"),
        child_row(insured_sex="M"),
        child_row(doses="五联 2022-07-02;百白破 2022-07-02"),
        child_row(insured_name="测试二宝", insured_birth="2024-02-29", MMR="2024-11-01"),
    ]
    done = import_file(write_children(tmp_path / "children.csv", rows))
    assert (done.taken, done.refused) == (1, 5)
    aside = read(tmp_path / "children.refused.csv")
    assert [row["line"] for row in aside] == ["2", "3", "4", "5", "6"]
    assert [row["reason"].split(";")[0] for row in aside] == [
        "policy_no is no policy here",
        "insured_name and insured_birth are of nobody whom this policy insures",
        "policy_no is of a product that does not remind of vaccinations",
        "insured_sex is not the policy's",
        "doses: two products for the same disease on one day",
    ]
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(records)) == 1
    aside[4]["doses"] = "五联 2022-07-02"
    mended = import_file(write_children(tmp_path / "children.refused.csv", [aside[4]]))
    assert (mended.new, mended.doses) == (1, 1)
    assert done.refused_file == tmp_path / "children.refused.csv"


def test_what_a_parent_told_stays_and_is_not_doubled(
    import_file: Import, store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    import_file(write_children(tmp_path / "children.csv", [child_row(record="unknown")]))
    baby = found(store)
    assert baby.profile.record_since == TODAY
    dose = Dose(vaccine="MMR", on=date(2023, 1, 5), product="麻腮风")
    store.write(lambda c: child_records.add_doses(c, store.keys, baby, [dose], by="contact:1", now=clock()))
    import_file(write_children(tmp_path / "children.csv", [child_row(doses="MMR 2023-01-05;乙肝 2022-05-01")]))
    assert [(one.vaccine, one.source) for one in found(store).doses] == [("HepB", "import"), ("MMR", "parent")]
    assert found(store).profile.record_since is None


def test_a_file_that_breaks_off_in_the_middle_is_refused_whole(
    import_file: Import, store: Store, tmp_path: Path
) -> None:
    path = write_children(tmp_path / "children.csv", [child_row(doses="乙肝 2022-05-01")])
    path.write_bytes(path.read_bytes() + "TEST-0001,测试".encode("gb18030"))
    with pytest.raises(UserFault, match="not UTF-8"):
        import_file(path)
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(records)) == 0


def test_an_unknown_column_is_named_and_vaccines_are_columns(import_file: Import, tmp_path: Path) -> None:
    path = write_children(tmp_path / "children.csv", [child_row(favourite_colour="红")])
    with pytest.raises(UserFault, match="unknown columns: favourite_colour"):
        import_file(path)


def test_progress_is_told(import_file: Import, tmp_path: Path) -> None:
    told_lines: list[str] = []
    path = write_children(tmp_path / "children.csv", [child_row("NONE-1") for _ in range(1000)])
    import_file(path, tell=told_lines.append)
    assert told_lines == ["1000 rows read"]
