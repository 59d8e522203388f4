"""Children: who sees them, what is recorded, what is put right, what comes next."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.store.store import Store
from care import audit, bindings, child_records, children, policy_saving
from care.child import Child, Dose, Growth, Profile, RecordRefused, VaccineEvent
from care.child_forecast import forecast_of, unrecorded
from care.child_tables import child_records as table
from care.forgetting import forget_person
from care.policy import Policy
from tests.care import people
from tests.care.policies_told import child, told
from tests.clocks import FixedClock

Result = TypeVar("Result")
BIRTH = date(2026, 3, 10)


class Nursery:
    """One parent, and a hand to write with."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store, self.clock, self.keys = store, clock, store.keys
        self.parent = self.contact("甲测试")

    def contact(self, name: str) -> int:
        return self.do(people.contact, name, self.clock())

    def do(self, work: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
        return self.store.write(lambda connection: work(connection, self.keys, *arguments, **options))

    def born(self, name: str = "测试小苗", **profile: Any) -> Child:
        told_of = Profile(name=name, birth=BIRTH, **profile)
        return self.do(children.add_child, told_of, contact_id=self.parent, now=self.clock())

    def insured(self, *, bound: bool = True, birth: date = BIRTH) -> tuple[Policy, list[Child]]:
        policy = self.do(policy_saving.save, told(insured=(child(birth=birth),)), now=self.clock())
        if bound:
            self.bind(self.parent, policy)
        return policy, self.do(children.add_insured_children, policy, now=self.clock())

    def bind(self, contact: int, policy: Policy) -> None:
        self.store.write(
            lambda connection: bindings.bind(connection, contact_id=contact, policy_id=policy.id or 0, now=self.clock())
        )

    def gets(self, who: Child, *doses: Dose, by: str = "contact:1") -> list[Dose]:
        return self.do(child_records.add_doses, who, doses, by=by, now=self.clock())

    def again(self, who: Child) -> Child:
        found = self.do(children.child_with_id, who.id)
        assert found is not None
        return found

    def seen(self, contact: int) -> list[Child]:
        return self.do(children.children_of_contact, contact)

    def rows(self) -> int:
        with self.store.reading() as connection:
            return int(connection.scalar(select(func.count()).select_from(table)) or 0)


@pytest.fixture
def nursery(store: Store, clock: FixedClock) -> Nursery:
    return Nursery(store, clock)


def dose(vaccine: str, days: int, **other: Any) -> Dose:
    return Dose(vaccine=vaccine, on=BIRTH + timedelta(days=days), **other)


def test_who_has_bound_the_policy_sees_its_child_with_the_policys_words(nursery: Nursery) -> None:
    policy, [baby] = nursery.insured()
    assert (baby.name, baby.birth, baby.profile.sex) == ("测试宝宝", BIRTH, "F")
    mother = nursery.contact("乙测试")
    assert nursery.seen(nursery.parent) == [baby]
    assert nursery.seen(mother) == []
    nursery.bind(mother, policy)
    assert nursery.seen(mother) == [baby]
    with nursery.store.reading() as connection:
        assert children.guardians_of(connection, baby) == [nursery.parent, mother]


def test_a_profile_is_made_from_the_policy_once_and_follows_its_corrections(nursery: Nursery) -> None:
    policy, [baby] = nursery.insured()
    assert nursery.do(children.add_insured_children, policy, now=nursery.clock()) == []
    [person] = policy.insured
    corrected = replace(policy, insured=(replace(person, name="测试贝贝"),))
    nursery.do(policy_saving.save, corrected, now=nursery.clock())
    assert nursery.again(baby).name == "测试贝贝"
    with pytest.raises(ValueError, match="policy"):
        nursery.do(children.change_child, baby, by="contact:1", now=nursery.clock(), name="别的名字")


def test_a_grown_up_on_the_policy_gets_no_profile(nursery: Nursery) -> None:
    assert nursery.insured(birth=date(2000, 1, 1))[1] == []


def test_a_child_without_a_policy_is_seen_by_who_entered_it(nursery: Nursery) -> None:
    baby = nursery.born(region="上海", conditions="对鸡蛋过敏", options={"JE": "JE_I"}, selected=("PCV13",))
    assert nursery.seen(nursery.parent) == [baby]
    assert (baby.profile.conditions, baby.profile.options, baby.profile.selected) == (
        "对鸡蛋过敏", {"JE": "JE_I"}, ("PCV13",),
    )  # fmt: skip
    changed = nursery.do(children.change_child, baby, by="contact:1", now=nursery.clock(), region="江苏")
    assert (changed.profile.region, nursery.again(baby).profile.region) == ("江苏", "江苏")
    assert nursery.seen(nursery.contact("乙测试")) == []


def test_the_same_dose_told_twice_is_one_and_a_clinics_word_is_kept(nursery: Nursery) -> None:
    baby = nursery.born()
    assert len(nursery.gets(baby, dose("HepB", 0), dose("BCG", 0), dose("HepB", 0))) == 2
    assert nursery.gets(baby, dose("HepB", 0)) == []
    nursery.gets(baby, dose("HepB", 0, source="clinic_confirmed"), by="user:wang")
    assert [(one.vaccine, one.source) for one in nursery.again(baby).doses] == [
        ("BCG", "parent"), ("HepB", "clinic_confirmed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("slip", "fault"),
    [
        (dose("HepB", -1), "before_birth"),
        (dose("HepB", 1000), "future"),
        (dose("nothing", 0), "unknown_vaccine"),
        (dose("DTaP", 60), "same_day"),  # 五联 that day holds one already
    ],
)
def test_a_dose_that_cannot_be_is_refused_and_nothing_of_its_message_is_stored(
    nursery: Nursery, slip: Dose, fault: str
) -> None:
    baby = nursery.born()
    nursery.gets(baby, dose("DTaP_IPV_HIB", 60))
    with pytest.raises(RecordRefused) as refused:
        nursery.gets(baby, dose("MMR", 100), slip)
    assert (refused.value.fault, refused.value.record) == (fault, slip)
    assert [one.vaccine for one in nursery.again(baby).doses] == ["DTaP_IPV_HIB"]


def test_a_correction_keeps_the_old_row_for_a_year(nursery: Nursery) -> None:
    baby = nursery.born()
    [first] = nursery.gets(baby, dose("MMR", 100))
    right = nursery.do(
        child_records.correct_dose, baby, first.id, dose("MMR", 110), by="contact:1", now=nursery.clock()
    )
    assert [one.id for one in nursery.again(baby).doses] == [right.id]
    assert nursery.store.write(
        lambda connection: child_records.drop_dose(connection, baby, right.id or 0, by="contact:1", now=nursery.clock())
    )
    assert (nursery.again(baby).doses, nursery.rows()) == ((), 2)
    nursery.clock.move(days=364)
    assert nursery.store.write(lambda c: child_records.prune_traces(c, now=nursery.clock())) == 0
    nursery.clock.move(days=2)
    assert nursery.store.write(lambda c: child_records.prune_traces(c, now=nursery.clock())) == 2
    assert nursery.rows() == 0


def test_a_dose_corrected_into_a_known_one_leaves_one(nursery: Nursery) -> None:
    baby = nursery.born()
    first, second = nursery.gets(baby, dose("MMR", 100), dose("MMR", 101))
    nursery.do(child_records.correct_dose, baby, first.id, dose("MMR", 101), by="contact:1", now=nursery.clock())
    assert [one.id for one in nursery.again(baby).doses] == [second.id]


def test_height_and_weight_of_a_day_complete_each_other(nursery: Nursery) -> None:
    baby, on = nursery.born(), BIRTH + timedelta(days=100)
    for part in (Growth(on=on, height_cm=62.5), Growth(on=on, weight_kg=6.4), Growth(on=on, height_cm=63)):
        nursery.do(child_records.add_growth, baby, part, by="contact:1", now=nursery.clock())
    [kept] = nursery.again(baby).growth
    assert (kept.height_cm, kept.weight_kg) == (63, 6.4)
    with pytest.raises(RecordRefused):
        nursery.do(
            child_records.add_growth, baby, Growth(on=BIRTH - timedelta(days=1)), by="contact:1", now=nursery.clock()
        )


def test_the_forecast_goes_on_from_the_doses_and_waits_after_immunoglobulin(nursery: Nursery) -> None:
    baby = nursery.born()
    nursery.gets(baby, dose("HepB", 0), dose("BCG", 0), dose("HepB", 31))
    row = {one.vaccine: one for one in forecast_of(nursery.again(baby), date(2026, 5, 10))}
    assert (row["HepB"].dose, row["HepB"].recommended, row["BCG"].status) == (3, date(2026, 9, 10), "complete")
    given = VaccineEvent(on=date(2026, 9, 1), kind="immunoglobulin")
    nursery.do(child_records.add_event, baby, given, by="contact:1", now=nursery.clock())
    late = {one.vaccine: one for one in forecast_of(nursery.again(baby), date(2026, 9, 30))}
    assert late["MMR"].recommended > row["MMR"].recommended


@pytest.mark.parametrize("age_days", [0, 1, 30, 90, 200, 400, 700, 1200, 1900, 2300, 4000, 5200])
def test_what_was_never_told_is_not_called_overdue_and_what_follows_is_forecast(age_days: int) -> None:
    since = BIRTH + timedelta(days=age_days)
    profile = Profile(name="测试小苗", birth=BIRTH, sex="F", record_since=since)
    baby = Child(id=1, number="CH-1", policy_id=None, insured_id=None, made_at=FixedClock()(), profile=profile)
    rows = forecast_of(baby, since)
    assert {row.status for row in rows} & {"overdue", "ask_clinic"} == set()
    assert all(row.recommended >= since for row in rows if row.status in ("upcoming", "due") and row.recommended)
    assert (unrecorded(baby) == ()) == (age_days == 0)
    assert forecast_of(baby, BIRTH - timedelta(days=1)) == ()


@settings(max_examples=25, deadline=None)
@given(
    born=st.dates(date(2015, 1, 1), date(2026, 6, 1)),
    age_days=st.integers(1, 5000),
    sex=st.sampled_from(["M", "F", ""]),
    options=st.sampled_from([{}, {"JE": "JE_I"}, {"HepA": "HepA_I"}]),
    mother_hbsag=st.sampled_from([None, "positive"]),
)
def test_what_children_of_a_day_share_is_what_each_would_have_gone_through(
    born: date, age_days: int, sex: str, options: dict[str, str], mother_hbsag: str | None
) -> None:
    since = born + timedelta(days=age_days)
    profile = Profile(
        name="测试小苗", birth=born, sex=sex, options=options, mother_hbsag=mother_hbsag, record_since=since
    )
    untold = Child(id=1, number="CH-1", policy_id=None, insured_id=None, made_at=FixedClock()(), profile=profile)
    # What came later changes nothing of what was due before, but has this child gone through by itself.
    later = VaccineEvent(on=since + timedelta(days=9000), kind="immunoglobulin")
    assert unrecorded(untold) == unrecorded(replace(untold, events=(later,)))


def test_who_deletes_themselves_takes_their_child_along_but_not_the_other_parents(nursery: Nursery) -> None:
    policy, [shared] = nursery.insured()
    mother = nursery.contact("乙测试")
    nursery.bind(mother, policy)
    own = nursery.born()
    nursery.gets(own, dose("HepB", 0))
    nursery.gets(shared, dose("HepB", 0))
    nursery.do(forget_person, nursery.parent, now=nursery.clock())
    assert (nursery.seen(nursery.parent), nursery.rows()) == ([], 1)
    assert [one.id for one in nursery.seen(mother)] == [shared.id]
    nursery.do(forget_person, mother, now=nursery.clock())
    assert nursery.rows() == 0
    with nursery.store.reading() as connection:
        deleted = [one for one in audit.entries(connection, nursery.keys) if one.action == "child deleted"]
    assert [one.subject for one in deleted] == [f"child:{shared.id}", f"child:{own.id}"]


def test_nothing_told_of_a_child_is_in_the_tables_in_clear(nursery: Nursery) -> None:
    baby = nursery.born(name="测试晓禾", conditions="哮喘")
    nursery.gets(baby, dose("MMR", 100, product="麻腮风"))
    with nursery.store.reading() as connection:
        stored = b"".join(
            row.sealed for one in (table, children.children) for row in connection.execute(select(one)).all()
        )
    assert not any(word.encode() in stored for word in ("晓禾", "哮喘", "麻腮风", "2026-0"))
