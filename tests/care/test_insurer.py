"""Verifying a policy: everything must agree; whatever doesn't, the answer and the work are the same."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import event

from bot.errors import ConfigurationFault, RefusedInput, RetryLater
from bot.keys import KeyRing
from bot.signed_api import SignedApi
from bot.store.store import Store
from care import policies
from care.core_system import FIND, CoreSystem
from care.insurer import Claim, Insurer, InsurerOfProduct, LocalInsurer, insured_named, keep
from care.names import same_name
from care.policy import Policy
from care.policy_rows import OPTIONAL, REQUIRED
from care.policy_saving import save_all
from tests.care.policies_told import child, identity, told
from tests.clocks import FixedClock
from tests.partner_server import KEY_ID, SECRET, Partner, answers, say, serving

HOLDER = told().holder_id_number
CHILD = replace(child(), name="买买提·测试")
KNOWN = (
    told("TEST-0001", insured=(CHILD, child("测试二宝", sex="M", serial=2))),
    told("TEST-0002", insured=(CHILD,), status="lapsed", options=frozenset()),
    told("TEST-0003", product="zhenai-wuxian-2023", plan=""),
    told("TEST-0004", holder_id_number=identity(date(1988, 8, 8)), options=frozenset(("vaccine",))),
)


def as_json(policy: Policy) -> dict[str, Any]:
    """What a core system tells of a policy (docs/insurer-api.yaml)."""
    people = [
        {
            "insured_name": person.name,
            "insured_id_no": person.id_number,
            "insured_birth": person.birth.isoformat(),
            "insured_sex": person.sex,
            "relation": person.relation,
        }
        for person in policy.insured
    ]
    return {
        "policy_no": policy.number,
        "product": policy.product,
        "plan": policy.plan,
        "status": policy.status,
        "effective_on": policy.effective_on.isoformat(),
        "expires_on": policy.expires_on.isoformat(),
        "lapsed_on": None,
        "waiting_period_days": policy.waiting_period_days,
        "options": None if policy.options is None else sorted(policy.options),
        "holder_name": policy.holder_name,
        "holder_id_no": policy.holder_id_number,
        "holder_phone": policy.holder_phone,
        "insured": people,
    }


def core_of(known: tuple[Policy, ...]) -> Callable[[Partner, Any], None]:
    """A core system that knows policies by number or holder, and leaves comparing the rest to whoever asks."""

    def play(partner: Partner, handler: Any) -> None:
        asked = partner.questions[-1]
        found = [
            as_json(policy)
            for policy in known
            if policies.plain_number(policy.number) == policies.plain_number(asked.get("policy_no", ""))
            or policy.holder_id_number == asked.get("holder_id_no")
        ]
        status, content = (200, {"policies": found}) if found else (404, {"code": "not_found"})
        answers(content, status=status)(partner, handler)

    return play


def core_system(partner: Partner, **options: Any) -> CoreSystem:
    known = {"wait_seconds": 5.0, "pause_seconds": 0.0, "tries": 2}
    api = SignedApi(name="core", base_url=partner.address, key_id=KEY_ID, secret=SECRET, **{**known, **options})
    return CoreSystem(api.ask, clock=FixedClock())


@pytest.fixture
def local(store: Store, clock: FixedClock) -> LocalInsurer:
    store.write(lambda connection: save_all(connection, store.keys, KNOWN, now=clock()))
    return LocalInsurer(store)


@pytest.fixture(params=["local", "core system"])
def insurer(request: pytest.FixtureRequest) -> Iterator[Insurer]:
    if request.param == "local":
        yield request.getfixturevalue("local")
        return
    with serving(core_of(KNOWN)) as partner:
        yield core_system(partner)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The table is tried on both databases elsewhere; here one is enough."""
    return f"sqlite:///{tmp_path / 'assistant.db'}"


def claim(**said: Any) -> Claim:
    usual = {"product": "chengzhang-youxiang-2025", "insured_name": "买买提·测试", "phone_last4": "1234"}
    if "holder_id_number" not in said:
        usual["number"] = "TEST-0001"
    return Claim(**{**usual, **said})


def numbers(insurer: Insurer, claimed: Claim) -> list[str]:
    found = insurer.find(claimed)
    return [policy.number for policy in found.policies] if found else []


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"number": "ｔｅｓｔ 0001"},
        {"phone_last4": "１２３４"},
        {"phone_last4": "尾号 1234"},
        {"insured_name": "买买提测试"},
        {"insured_name": " 买 买 提 • 测 试 "},
        {"insured_name": "買買提．測試"},
        {"insured_name": "测试二宝"},
        {"insured_name": "測試二寶"},
    ],
)
def test_a_policy_is_found_however_it_is_written(insurer: Insurer, said: dict[str, str]) -> None:
    assert numbers(insurer, claim(**said)) == ["TEST-0001"]


@pytest.mark.parametrize(
    "said",
    [
        {"number": "TEST-0009"},
        {"number": ""},
        {"number": "TEST-0003"},
        {"product": "zhenai-wuxian-2023"},
        {"product": "no-such-product"},
        {"insured_name": "甲测试"},
        {"insured_name": "买买提"},
        {"insured_name": ""},
        {"phone_last4": "4321"},
        {"phone_last4": ""},
        {"phone_last4": "34"},
        {"phone_last4": "00001234"},
        {"holder_id_number": identity(date(1970, 1, 1))},
        {"holder_id_number": HOLDER, "insured_name": "没有这人"},
        {"holder_id_number": HOLDER, "phone_last4": "0000"},
    ],
)
def test_whatever_does_not_agree_the_answer_is_the_same(insurer: Insurer, said: dict[str, str]) -> None:
    assert insurer.find(claim(**said)) is None


def test_a_holder_finds_all_policies_of_the_product_that_cover_the_named_person(insurer: Insurer) -> None:
    typed = " ".join(HOLDER)
    assert numbers(insurer, claim(holder_id_number=typed)) == ["TEST-0001", "TEST-0002"]
    assert numbers(insurer, claim(holder_id_number=typed, insured_name="测试二宝")) == ["TEST-0001"]


def test_both_tell_the_same_of_a_policy(local: LocalInsurer) -> None:
    with serving(core_of(KNOWN)) as partner:
        told_by_core = core_system(partner).find(claim(holder_id_number=HOLDER))
    told_by_table = local.find(claim(holder_id_number=HOLDER))
    assert told_by_core is not None
    assert told_by_table is not None
    assert list(told_by_core.policies) == list(KNOWN[:2])
    assert [without_rows(policy) for policy in told_by_table.policies] == list(KNOWN[:2])


def without_rows(policy: Policy) -> Policy:
    return replace(policy, id=None, insured=tuple(replace(one, id=None) for one in policy.insured))


def test_a_claim_names_the_policy_by_one_thing() -> None:
    for said in ({"number": None}, {"number": "1", "holder_id_number": HOLDER}):
        with pytest.raises(ValueError, match="policy number or"):
            claim(**said)


def test_what_a_claim_says_is_in_no_words_about_it() -> None:
    shown = repr(claim()) + repr(claim(holder_id_number=HOLDER))
    assert not [word for word in ("TEST-0001", HOLDER, "买买提", "1234") if word in shown]


# The same work for a hit and for each kind of miss.


class CountingKeys(KeyRing):
    """Counts what is opened."""

    opened = 0

    def open(self, sealed: bytes, *, place: str) -> bytes:
        self.opened += 1
        return super().open(sealed, place=place)


@pytest.fixture
def keys() -> CountingKeys:
    return CountingKeys(masters=[b"m" * 32], index_key=b"i" * 32)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(statement)

    event.listen(store.engine, "before_cursor_execute", hear)
    yield said
    event.remove(store.engine, "before_cursor_execute", hear)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"number": "TEST-0009"},
        {"product": "zhenai-wuxian-2023"},
        {"insured_name": "没有这人"},
        {"phone_last4": "0000"},
        {"holder_id_number": HOLDER},
        {"holder_id_number": identity(date(1970, 1, 1))},
    ],
)
def test_a_claim_costs_the_same_work_whatever_becomes_of_it(
    local: LocalInsurer, store: Store, keys: CountingKeys, said: dict[str, str]
) -> None:
    keys.opened = 0
    with statements(store) as run:
        local.find(claim(**said))
    assert (keys.opened, len(run)) == (8, 2)


# A core system.


def test_a_core_system_is_asked_for_what_was_claimed() -> None:
    with serving(core_of(KNOWN)) as partner:
        core_system(partner).find(claim(number=" TEST-0001 ", phone_last4="尾号１２３４"))
        core_system(partner).find(claim(holder_id_number=f"{HOLDER[:6]} {HOLDER[6:].lower()}"))
    said = {"product": "chengzhang-youxiang-2025", "insured_name": "买买提·测试", "phone_last4": "1234"}
    assert partner.questions == [{**said, "policy_no": "TEST-0001"}, {**said, "holder_id_no": HOLDER}]


def test_a_core_system_that_tells_too_much_gives_nobody_anothers_policy() -> None:
    everything = answers({"policies": [as_json(policy) for policy in KNOWN]})
    with serving(everything) as partner:
        assert numbers(core_system(partner), claim()) == ["TEST-0001"]
        assert core_system(partner).find(claim(number="TEST-0009")) is None
        assert core_system(partner).find(claim(phone_last4="0000")) is None


def spoiled(**change: Any) -> dict[str, Any]:
    return {"policies": [{**as_json(KNOWN[0]), **change}]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([], "policies is no list"),
        ({}, "policies is no list"),
        ({"policies": {}}, "policies is no list"),
        ({"policies": ["TEST-0001"]}, "a policy is no object"),
        ({"policies": [as_json(KNOWN[0])] * 51}, "policies is no list of at most 50"),
        (spoiled(insured=[]), "without insured"),
        (spoiled(insured=["测试宝宝"]), "an insured person is no object"),
        (spoiled(insured=None), "insured is no list"),
        (spoiled(status="perhaps"), "status is unknown"),
        (spoiled(effective_on="2026/01/01"), "effective_on is no day"),
        (spoiled(holder_id_no="1"), "holder_id_no must have"),
        (spoiled(holder_name=["甲测试"]), "holder_name is no text"),
        (spoiled(waiting_period_days=True), "waiting_period_days is no text"),
        (spoiled(waiting_period_days=1.5), "waiting_period_days is no text"),
        (spoiled(options="vaccine"), "options is no list"),
        (spoiled(options=["hearing"]), "options holds an unknown one"),
    ],
)
def test_an_answer_that_is_not_as_agreed_is_refused_without_quoting_it(content: Any, reason: str) -> None:
    with serving(answers(content)) as partner, pytest.raises(RefusedInput, match=reason) as refused:
        core_system(partner).find(claim())
    assert HOLDER not in str(refused.value)
    assert "TEST-0001" not in str(refused.value)


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (answers(b"", status=503), RetryLater),
        (answers(b"{}", status=401), ConfigurationFault),
        (answers(b"<html>", status=404), ConfigurationFault),
        (answers(b"not json"), RefusedInput),
    ],
)
def test_a_core_system_that_cannot_verify_is_not_taken_for_a_mismatch(
    play: Callable[..., None], error: type[Exception]
) -> None:
    with serving(play) as partner, pytest.raises(error):
        core_system(partner).find(claim())


def test_a_slow_core_system_is_given_up_in_time() -> None:
    asked = threading.Event()

    def slow(partner: Partner, handler: Any) -> None:
        asked.set()
        partner.over.wait(20)
        say(handler, 200, b"{}")

    with serving(slow) as partner, pytest.raises(RetryLater):
        core_system(partner, wait_seconds=0.2, tries=1).find(claim())
    assert asked.is_set()


def test_a_policy_of_a_core_system_is_kept_and_renewed_in_the_table(store: Store, clock: FixedClock) -> None:
    longer = replace(KNOWN[0], expires_on=date(2028, 2, 29))
    rows = []
    for known in (KNOWN[0], longer):
        with serving(core_of((known,))) as partner:
            found = core_system(partner).find(claim())
        assert found is not None
        [kept] = store.write(lambda connection, found=found: keep(connection, store.keys, found, now=clock()))
        rows.append((kept.id, [person.id for person in kept.insured]))
        assert without_rows(kept) == known
    assert rows[0] == rows[1]
    found = LocalInsurer(store).find(claim())
    assert found is not None
    assert store.write(lambda connection: keep(connection, store.keys, found, now=clock())) == list(found.policies)


def test_each_product_is_verified_where_its_policies_are(local: LocalInsurer) -> None:
    elsewhere = told("CORE-0001", product="junlong-zhenai-21", plan="")
    with serving(core_of((elsewhere,))) as partner:
        insurers = InsurerOfProduct({"junlong-zhenai-21": core_system(partner)}, others=local)
        at_core = claim(number="CORE-0001", product="junlong-zhenai-21", insured_name="测试宝宝")
        assert numbers(insurers, at_core) == ["CORE-0001"]
        assert numbers(insurers, claim()) == ["TEST-0001"]


# Names.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("买买提·艾力", "买买提艾力"),
        ("买买提·艾力", "买买提．艾力"),
        ("买买提・艾力", "買買提•艾力"),
        ("张测试", "張測試"),
        ("ＡＮＮＡ Test", "anna test"),
        ("O’Test", "o'test"),
        ("欧阳 测试", "欧阳\u3000测试"),
    ],
)
def test_a_name_is_the_same_however_it_is_typed(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(("one", "other"), [("张测试", "章测试"), ("测试", "测试一"), ("甲测试", "")])
def test_different_names_are_different(one: str, other: str) -> None:
    assert not same_name(one, other)


def test_an_insured_person_is_named_without_doubt_or_not_at_all() -> None:
    twins = told(insured=(child(serial=1), child(serial=2), child("测试二宝", serial=3)))
    assert insured_named(twins, "測試二寶") == twins.insured[2]
    assert insured_named(twins, "测试宝宝") is None
    assert insured_named(twins, "没有这人") is None


# The description that an insurer's programmers get.


def test_the_description_of_the_interface_names_what_is_asked_and_told() -> None:
    path = Path(__file__).parents[2] / "docs" / "insurer-api.yaml"
    described = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert described["openapi"].startswith("3.1")
    assert list(described["paths"]) == [FIND]
    schemas = described["components"]["schemas"]
    columns = {*schemas["Policy"]["properties"], *schemas["Insured"]["properties"]} - {"insured"}
    assert columns == {*REQUIRED, *OPTIONAL}
    known = as_json(KNOWN[0])
    assert {*schemas["Policy"]["required"], *schemas["Policy"]["properties"]} >= set(known)
    assert set(schemas["Claim"]["properties"]) == {
        *("product", "policy_no", "holder_id_no"),
        *("insured_name", "phone_last4"),
    }
