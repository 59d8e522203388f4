"""One question at a time, and nothing that was told is lost on the way."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from care.child import Child, Dose, Profile, fault_of_dose
from care.vaccination.rule_files import load
from care.vaccination.told import ToldDose
from handlers.dose_answers import filled
from handlers.dose_gaps import first_gap, sorted_out, told_from, told_json

TODAY = date(2026, 11, 23)
BORN = date(2025, 12, 20)
calm = settings(deadline=None)  # a busy machine is no fault
PRODUCTS = [code for code in load().products if code != "POLIO"]

REPLIES = [
    "昨天",
    "3月5号",
    "3月5号和4月10号",
    "不记得",
    "不清楚",
    "1",
    "2",
    "第二个",
    "减毒的",
    "麻腮风",
    "五联",
    "2026年",
    "去年",
    "嗯",
    "还没打",
]
DOSES = st.builds(
    ToldDose,
    name=st.sampled_from(["五联", "乙脑", "流脑", "猴痘"]),
    products=st.lists(st.sampled_from(PRODUCTS), max_size=2, unique=True).map(tuple),
    on=st.none() | st.dates(BORN - timedelta(days=40), TODAY + timedelta(days=40)),
    is_open=st.booleans(),
    words=st.just("说的"),
)


def child(doses: tuple[Dose, ...] = ()) -> Child:
    profile = Profile(name="小满", birth=BORN)
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return Child(id=1, number="CH-1", policy_id=None, insured_id=None, made_at=made, profile=profile, doses=doses)


@calm
@given(st.lists(DOSES, max_size=5), st.lists(st.sampled_from(REPLIES) | st.none(), min_size=1, max_size=12))
def test_whatever_is_answered_no_dose_is_lost(told: list[ToldDose], replies: list[str | None]) -> None:
    doses, left, apart = told, 0, 0
    for reply in replies:
        gap = first_gap(doses, child(), TODAY)
        if gap is None:
            break
        done = filled(doses, gap, reply, child(), TODAY)
        if done is not None:
            chosen = gap.kind == "same_day" and len(done[0]) == len(doses) - 1 and not done[1]
            doses, left, apart = done[0], left + len(done[1]), apart + chosen
        assert len(doses) + left + apart == len(told)


@calm
@given(st.lists(DOSES, max_size=5), st.dates(BORN, TODAY))
def test_what_has_no_gap_can_be_recorded(told: list[ToldDose], on: date) -> None:
    known = child((Dose(on=on, vaccine="DTaP", id=1),))
    doses, _ = sorted_out(told, known)
    if first_gap(doses, known, TODAY) is None:
        standing = list(known.doses)
        for dose in doses:
            assert dose.on is not None
            new = Dose(on=dose.on, vaccine=dose.products[0])
            assert fault_of_dose(new, birth=BORN, others=standing, today=TODAY, programme=load()) is None
            standing.append(new)


@calm
@given(st.lists(DOSES, max_size=5))
def test_doses_survive_the_state_of_a_conversation(told: list[ToldDose]) -> None:
    assert told_from(told_json(told)) == told
