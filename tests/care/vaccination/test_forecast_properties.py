"""What must hold for every child, whatever its record."""

import json
import random
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from care.vaccination.child import Child, read_child
from care.vaccination.forecast import forecast
from care.vaccination.rows import DATED, Row
from care.vaccination.spans import parse_span
from tests.care.vaccination.children import RULES

# Written down again from the fact file: family → least age of each dose (its lowest by any rule or label).
LEAST_AGES = {
    "HepB": ["P0D", "P1M", "P2M", "P7M"],
    "BCG": ["P0D"],
    "POLIO": ["P2M", "P3M", "P4M", "P4Y"],
    "DTP": ["P2M", "P4M", "P6M", "P18M", "P6Y"],
    "MMR": ["P8M", "P18M"],
    "JE_L": ["P8M", "P2Y"],
    "JE_I": ["P8M", "P8M", "P2Y", "P6Y"],
    "MPSV_A": ["P6M", "P9M"],
    "MPSV_AC": ["P24M", "P6Y"],
    "HepA_L": ["P18M", "P18M"],
    "HepA_I": ["P18M", "P24M"],
    "HPV2": ["P13Y", "P9Y"],
    "VAR": ["P12M", "P12M"],
    "PCV13": ["P6W"],
    "RV5": ["P6W"],
    "IIV": ["P6M", "P6M"],
    "EV71": ["P6M"],
    "LAIV": ["P3Y"],
    "MPSV4": ["P2Y"],
    "RSV_mAb": ["P0D"],
}
LIVE = {"MMR", "MR", "JE_L", "HepA_L", "VAR", "BCG"}
SELECTABLE = [code for code in RULES.self_paid if code not in ("DTaP_IPV_HIB", "DTaP_HIB", "HPV_other")]
LAST = date(2026, 12, 31)
calm = settings(deadline=None)  # a busy machine is no fault


@st.composite
def children(draw: st.DrawFn) -> dict[str, Any]:
    """A child with any record at all, the way the command is told."""
    as_of = draw(st.dates(date(2025, 1, 1), LAST))
    birth = as_of - timedelta(days=draw(st.integers(0, 18 * 366)))
    days = st.dates(birth, as_of).map(str)
    doses = st.fixed_dictionaries({"vaccine": st.sampled_from(sorted(RULES.products)), "date": days})
    return {
        "id": draw(st.integers()),
        "birth": str(birth),
        "sex": draw(st.sampled_from("MF")),
        "as_of": str(as_of),
        "given": draw(st.lists(doses, max_size=14)),
        "selected_optional": draw(st.lists(st.sampled_from(SELECTABLE), max_size=4, unique=True)),
        "options": draw(st.sampled_from([{}, {"JE": "JE_I"}, {"HepA": "HepA_I"}, {"JE": "JE_L", "HepA": "HepA_L"}])),
        "profile": draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "mother_hbsag": st.sampled_from(["positive", "negative", "unknown"]),
                    "birth_weight_g": st.integers(800, 5000),
                },
            )
        ),
        "events": [
            {"type": "immunoglobulin", "date": day} for day in draw(st.lists(days, max_size=2)) if draw(st.booleans())
        ],
    }


def told_rows(told: dict[str, Any]) -> dict[str, Row]:
    return {row.vaccine: row for row in forecast(read_child(told, RULES), RULES)}


def groups_of(code: str) -> set[str]:
    return set(RULES.products[code].counts)


@calm
@given(children())
def test_no_dose_is_forecast_before_its_least_age(told: dict[str, Any]) -> None:
    birth = date.fromisoformat(told["birth"])
    for code, row in told_rows(told).items():
        if row.earliest is not None and row.dose is not None and row.dose <= len(LEAST_AGES.get(code, [])):
            assert row.earliest >= parse_span(LEAST_AGES[code][row.dose - 1]).after(birth)


@calm
@given(children())
def test_a_row_has_days_exactly_where_the_contract_says(told: dict[str, Any]) -> None:
    as_of = date.fromisoformat(told["as_of"])
    for row in told_rows(told).values():
        if row.status not in DATED:
            assert (row.earliest, row.recommended, row.before, row.latest) == (None, None, None, None)
            assert row.dose is None or row.status in ("aged_out", "ask_clinic")
            continue
        assert row.earliest
        assert row.recommended
        assert row.latest
        assert row.dose
        assert row.product in RULES.products
        assert row.earliest <= row.recommended
        assert row.earliest <= row.latest
        overdue = row.before is not None and as_of >= row.before
        assert row.status == ("upcoming" if as_of < row.recommended else "overdue" if overdue else "due")
        assert row.reasons


@calm
@given(children())
def test_a_live_dose_is_never_forecast_within_28_days_after_a_given_one(told: dict[str, Any]) -> None:
    given_live = [date.fromisoformat(one["date"]) for one in told["given"] if RULES.products[one["vaccine"]].live]
    for code, row in told_rows(told).items():
        if row.earliest and RULES.families[code].live:
            assert all(row.earliest >= day + timedelta(days=28) for day in given_live)


@calm
@given(children(), st.sampled_from(sorted(RULES.products)), st.data())
def test_another_dose_never_moves_another_family_earlier(told: dict[str, Any], code: str, data: st.DataObject) -> None:
    day = data.draw(st.dates(date.fromisoformat(told["birth"]), date.fromisoformat(told["as_of"])))
    before = told_rows(told)
    after = told_rows({**told, "given": [*told["given"], {"vaccine": code, "date": str(day)}]})
    for family in before.keys() & after.keys():
        was, now = before[family].earliest, after[family].earliest
        if was and now and RULES.families[family].group not in groups_of(code):
            assert now >= was


@calm
@given(children(), st.randoms(use_true_random=False))
def test_the_same_record_gives_the_same_rows_in_any_order_and_told_twice(
    told: dict[str, Any], order: random.Random
) -> None:
    again = {**told, "given": [*told["given"], *told["given"][:3]]}
    order.shuffle(again["given"])
    assert told_rows(again) == told_rows(told) == told_rows(told)


@calm
@given(children())
def test_rows_can_be_printed_and_the_families_are_those_of_the_contract(told: dict[str, Any]) -> None:
    rows = told_rows(told)
    printed = [json.loads(json.dumps(row.to_json(), ensure_ascii=False)) for row in rows.values()]
    routine = [row["vaccine"] for row in printed[:10]]
    assert [code.split("_")[0] for code in routine] == [
        *("HepB", "BCG", "POLIO", "DTP", "MMR", "JE", "MPSV", "MPSV", "HepA", "HPV2")
    ]
    assert [row["vaccine"] for row in printed[10:]] == told["selected_optional"]
    assert all(reason["say"] and "{" not in reason["say"] for row in printed for reason in row["reasons"])


@calm
@given(children())
def test_no_reason_calls_a_recorded_dose_invalid(told: dict[str, Any]) -> None:
    said = "".join(reason.say for row in told_rows(told).values() for reason in row.reasons)
    assert "无效" not in said
    assert "作废" not in said


@settings(max_examples=40, deadline=None)
@given(
    st.dates(date(2014, 1, 1), date(2024, 6, 1)),
    st.sampled_from("MF"),
    st.lists(st.sampled_from(["VAR", "IIV", "PCV13", "HIB", "EV71"]), unique=True),
    st.sampled_from([{}, {"JE": "JE_I", "HepA": "HepA_I"}]),
    st.integers(0, 2**32),
)
def test_who_follows_the_plan_with_any_delays_keeps_every_interval_and_is_never_doubted(
    birth: date, sex: str, selected: list[str], options: dict[str, str], seed: int
) -> None:
    chance, day, doses = random.Random(seed), birth, []
    delay = chance.choice([3, 30, 200])
    for _ in range(60):
        told = {"id": 1, "birth": str(birth), "sex": sex, "as_of": str(day), "given": doses, "options": options}
        rows = told_rows({**told, "selected_optional": selected})
        doubted = [row for row in rows.values() if row.status == "ask_clinic" and row.vaccine != "BCG"]
        assert doubted == []
        wanted = [row for row in rows.values() if row.recommended and row.recommended <= LAST]
        if not wanted:
            break
        day = max(day, min(row.recommended for row in wanted if row.recommended))
        day += timedelta(days=chance.randrange(delay))
        if day > LAST:
            break
        rows = told_rows({**told, "as_of": str(day), "selected_optional": selected})
        doses = doses + [
            {"vaccine": row.product, "date": str(day)}
            for row in rows.values()
            if row.status in ("due", "overdue") and chance.random() < 0.9
        ]
    live = sorted({date.fromisoformat(dose["date"]) for dose in doses if dose["vaccine"] in LIVE})
    assert all((later - earlier).days >= 28 for earlier, later in combinations(live, 2))


def test_a_child_read_twice_is_the_same_child() -> None:
    told = {"id": "a", "birth": "2026-01-15", "sex": "F", "as_of": "2026-11-21"}
    assert isinstance(read_child(told, RULES), Child)
    assert read_child(told, RULES) == read_child(dict(told), RULES)
