"""The picture of a vaccination plan: every dose once, in its row and in order, inside the drawing."""

from datetime import date, datetime, timedelta

import pytest

from care.child import Child, Dose, Profile
from care.child_forecast import unrecorded, visits_ahead
from care.vaccination.rule_files import load
from console.plan_picture import Picture, picture_of

BIRTH = date(2026, 3, 10)


def drawn(today: date, *doses: Dose, record_since: date | None = None) -> Picture:
    profile = Profile(name="测试小苗", birth=BIRTH, sex="F", record_since=record_since)
    child = Child(
        id=1, number="CH-1", policy_id=None, insured_id=None, made_at=datetime.min, profile=profile, doses=doses
    )
    visits = visits_ahead(child, today, BIRTH + timedelta(days=18 * 366))
    picture = picture_of(child, visits, unrecorded(child), today, load())
    assert picture is not None
    return picture


@pytest.mark.parametrize("age_days", [0, 40, 400, 2000])
def test_every_dot_lies_in_the_drawing_and_those_of_a_row_in_order(age_days: int) -> None:
    picture = drawn(BIRTH + timedelta(days=age_days), record_since=BIRTH + timedelta(days=age_days))
    assert [row.y for row in picture.rows] == sorted({row.y for row in picture.rows})
    assert len({row.name for row in picture.rows}) == len(picture.rows)
    for row in picture.rows:
        places = [dot.x for dot in row.dots]
        assert places == sorted(places)
        assert all(picture.left <= x <= picture.width for x in places)
        assert row.y < picture.height
    assert picture.left <= picture.today <= picture.width


def test_a_combination_stands_in_each_row_that_it_counts_for() -> None:
    dose = Dose(on=BIRTH + timedelta(days=60), vaccine="DTaP_IPV_HIB")
    rows = {row.name: row for row in drawn(BIRTH + timedelta(days=61), dose).rows}
    given = {name for name, row in rows.items() if any(dot.kind == "given" for dot in row.dots)}
    assert {"百白破", "脊灰"} < given
    assert len(given) == 3


def test_what_is_given_untold_due_and_planned_is_told_apart() -> None:
    since = BIRTH + timedelta(days=100)
    picture = drawn(since, Dose(on=BIRTH, vaccine="HepB"), record_since=since)
    kinds = [dot.kind for row in picture.rows for dot in row.dots]
    assert kinds.count("given") == 1
    assert kinds.count("untold") == len(unrecorded_of(since))
    assert kinds.count("planned") > 5
    assert picture.summary.startswith("打过1剂")
    before, after = (
        {dot.x for row in picture.rows for dot in row.dots if dot.kind in some}
        for some in (("given", "untold"), ("planned",))
    )
    assert max(before) <= picture.today < min(after)


def unrecorded_of(since: date) -> list[str]:
    profile = Profile(name="测试小苗", birth=BIRTH, sex="F", record_since=since)
    hepatitis = (Dose(on=BIRTH, vaccine="HepB"),)
    child = Child(
        id=1, number="CH-1", policy_id=None, insured_id=None, made_at=datetime.min, profile=profile, doses=hepatitis
    )
    return [one.vaccine for one in unrecorded(child)]
