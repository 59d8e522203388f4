"""What is told of other vaccines in an answer is heard, and never answers for the vaccine that was asked about."""

from datetime import UTC, date, datetime

import pytest

from care.child import Child, Profile
from care.vaccination.told import ToldDose
from handlers.dose_answers import filled
from handlers.dose_beside import parted
from handlers.dose_gaps import Gap

BORN, TODAY = date(2026, 3, 1), date(2026, 8, 24)
MAY = date(2026, 5, 1)
JUNE = date(2026, 6, 2)
HEPATITIS = ToldDose(name="乙肝", products=("HepB",))
CHILD = Child(
    id=1,
    number="CH-1",
    policy_id=None,
    insured_id=None,
    made_at=datetime(2026, 3, 2, tzinfo=UTC),
    profile=Profile(name="小满", birth=BORN),
)


@pytest.mark.parametrize(
    ("reply", "words", "beside"),
    [
        ("百白破5月1号打了", "", [("百白破", MAY)]),
        ("还打了百白破", "", [("百白破", None)]),
        ("5月1号", "5月1号", []),
        ("是5月1号，百白破6月2号也打了", "是5月1号", [("百白破", JUNE)]),
        ("百白破6月2号，乙肝5月1号", "乙肝5月1号", [("百白破", JUNE)]),
        ("不记得，百白破5月1号打了", "不记得", [("百白破", MAY)]),
        ("5月1号和百白破一起打的", "5月1号和百白破一起打的", [("百白破", MAY)]),
    ],
)
def test_a_reply_is_parted_by_vaccine(reply: str, words: str, beside: list[tuple[str, date | None]]) -> None:
    own, others = parted(reply, [HEPATITIS], CHILD, TODAY)
    assert (own, [(one.name, one.on) for one in others]) == (words, beside)


def test_a_day_told_with_its_vaccine_is_that_vaccines_alone() -> None:
    asked = [HEPATITIS, ToldDose(name="百白破", products=("DTaP",))]
    gap = Gap(kind="day", places=(0, 1))
    one = filled(asked, gap, "百白破5月1号", CHILD, TODAY)
    both = filled(asked, gap, "百白破5月1号，乙肝6月2号", CHILD, TODAY)
    assert one is not None
    assert both is not None
    assert [dose.on for dose in one[0]] == [None, MAY]
    assert [dose.on for dose in both[0]] == [JUNE, MAY]
