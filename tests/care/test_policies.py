"""The table of policies: saved as told, found by blind index, unreadable in the file."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from bot.errors import GiveUp
from bot.keys import Unreadable
from bot.store.store import Store
from care import policies, tables
from care.policy import Policy
from care.policy_saving import Saved, save, save_all
from tests.care import people
from tests.care.policies_told import child, identity, told
from tests.clocks import FixedClock


@pytest.fixture
def table(store: Store, clock: FixedClock) -> "Table":
    return Table(store, clock)


class Table:
    """The policies of one store."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store, self.clock, self.keys = store, clock, store.keys

    def save(self, policy: Policy) -> Policy:
        return self.store.write(lambda connection: save(connection, self.keys, policy, now=self.clock()))

    def save_all(self, *given: Policy) -> list[Saved]:
        return self.store.write(lambda connection: save_all(connection, self.keys, given, now=self.clock()))

    def by_number(self, number: str) -> Policy | None:
        with self.store.reading() as connection:
            return policies.by_number(connection, self.keys, number)

    def by_holder(self, id_number: str) -> list[Policy]:
        with self.store.reading() as connection:
            return policies.by_holder(connection, self.keys, id_number)

    def column(self, column: Any) -> list[Any]:
        with self.store.reading() as connection:
            return list(connection.scalars(select(column)))


def without_rows(policy: Policy | None) -> Policy | None:
    if policy is None:
        return None
    return replace(policy, id=None, insured=tuple(replace(one, id=None) for one in policy.insured))


FULL = told(
    status="lapsed",
    lapsed_on=date(2026, 5, 1),
    reinstated_on=date(2026, 6, 1),
    waiting_period_days=90,
    options=frozenset(("vaccine", "dental")),
    insured=(child(), child("测试二宝", sex="M", serial=2)),
)


@pytest.mark.parametrize("policy", [told(), FULL, told(options=frozenset()), told(plan="", insured=())])
def test_a_policy_comes_back_as_it_was_told(table: Table, policy: Policy) -> None:
    kept = table.save(policy)
    assert without_rows(kept) == policy
    assert kept.id is not None
    assert all(one.id is not None for one in kept.insured)
    assert table.by_number(policy.number) == kept


@pytest.mark.parametrize("written", ["TEST-0001", "test 0001", "ＴＥＳＴ－０００１", " TEST0001\n", "TEST—0001"])
def test_a_number_is_found_however_it_is_typed(table: Table, written: str) -> None:
    kept = table.save(told("TEST-0001"))
    assert table.by_number(written) == kept


def test_a_number_that_nobody_has_finds_nothing(table: Table) -> None:
    table.save(told("TEST-0001"))
    assert table.by_number("TEST-0002") is None
    assert table.by_holder(identity(date(1970, 1, 1))) == []


def test_a_holder_is_found_with_all_policies(table: Table) -> None:
    first, second = table.save(told("TEST-0001")), table.save(told("TEST-0002", product="zhenai-wuxian-2023", plan=""))
    table.save(told("TEST-0003", holder_id_number=identity(date(1980, 1, 1))))
    typed = " ".join(first.holder_id_number).lower()
    assert table.by_holder(typed) == [first, second]


def test_policies_are_found_by_their_row_numbers(table: Table) -> None:
    kept = [table.save(told(f"TEST-000{number}")) for number in range(3)]
    with table.store.reading() as connection:
        assert policies.by_ids(connection, table.keys, [kept[2].id or 0, kept[0].id or 0]) == [kept[0], kept[2]]
        assert policies.by_id(connection, table.keys, kept[1].id or 0) == kept[1]
        assert policies.by_id(connection, table.keys, 999) is None


def test_the_same_told_again_changes_nothing(table: Table) -> None:
    table.save(FULL)
    columns = tables.policies.c.sealed, tables.policies.c.imported_at, tables.insured.c.sealed
    before = [table.column(column) for column in columns]
    table.clock.move(days=1)
    assert table.save_all(FULL) == [Saved(change="same")]
    assert [table.column(column) for column in columns] == before


@pytest.mark.parametrize(
    "change",
    [
        {"status": "lapsed", "lapsed_on": date(2026, 7, 1)},
        {"effective_on": date(2027, 3, 1), "expires_on": date(2028, 2, 29)},
        {"holder_phone": "19900009999"},
        {"holder_name": "乙测试"},
        {"options": frozenset(("vision",))},
        {"waiting_period_days": 30},
        {"plan": "standard"},
        {"insured": (replace(child(), name="测试贝贝"),)},
        {"insured": (replace(child(), relation="other"),)},
        {"insured": (child(), child("测试二宝", serial=2))},
    ],
)
def test_a_changed_policy_is_updated_in_its_row(table: Table, change: dict[str, Any]) -> None:
    first = table.save(told())
    table.clock.move(days=1)
    later = told(**change)
    assert table.save_all(later) == [Saved(change="changed")]
    kept = table.by_number(later.number)
    assert kept is not None
    assert without_rows(kept) == later
    assert (kept.id, kept.insured[0].id) == (first.id, first.insured[0].id)


def test_who_is_not_told_again_stays_covered(table: Table) -> None:
    both = table.save(told(insured=(child(), child("测试二宝", serial=2))))
    assert table.save_all(told(insured=(child(),))) == [Saved(change="same", unnamed=1)]
    assert table.by_number(both.number) == both


def test_a_corrected_identity_number_makes_no_second_person(table: Table) -> None:
    wrong = child(birth=date(2022, 5, 1))
    right = child(birth=date(2022, 5, 11))
    first = table.save(told(insured=(wrong,)))
    assert table.save_all(told(insured=(right,))) == [Saved(change="changed")]
    kept = table.by_number(first.number)
    assert kept is not None
    assert [(one.id, one.birth) for one in kept.insured] == [(first.insured[0].id, right.birth)]


def test_two_people_of_one_name_are_two_when_both_are_told(table: Table) -> None:
    namesakes = (child(serial=1), child(serial=2))
    table.save(told(insured=namesakes[:1]))
    table.save(told(insured=namesakes))
    kept = table.by_number(told().number)
    assert kept is not None
    assert len(kept.insured) == 2


def test_a_batch_tells_what_became_of_each(table: Table) -> None:
    table.save_all(told("TEST-0001"), told("TEST-0002"))
    batch = told("TEST-0003"), told("TEST-0002", plan="standard"), told("TEST-0001")
    assert [saved.change for saved in table.save_all(*batch)] == ["new", "changed", "same"]
    assert table.save_all() == []


def test_a_policy_changes_its_product_only_while_nobody_uses_it(table: Table) -> None:
    kept = table.save(told())
    other = table.save(told(product="zhenai-wuxian-2023", plan=""))
    assert (other.id, other.product) == (kept.id, "zhenai-wuxian-2023")

    def bind(connection: Any) -> None:
        contact = people.contact(connection, table.keys, "o-one", table.clock())
        row = {"contact_id": contact, "policy_id": kept.id, "bound_at": table.clock()}
        connection.execute(insert(tables.bindings).values(row))

    table.store.write(bind)
    with pytest.raises(GiveUp):
        table.save(told())
    assert table.by_number(kept.number) == other


def test_a_row_that_was_moved_does_not_open(table: Table) -> None:
    table.save_all(told("TEST-0001"), told("TEST-0002"))
    swap = text("UPDATE policies SET sealed = (SELECT sealed FROM policies WHERE id = 1) WHERE id = 2")
    table.store.write(lambda connection: connection.execute(swap) and None)
    with pytest.raises(Unreadable), table.store.reading() as connection:
        policies.by_id(connection, table.keys, 2)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE policies SET status = 'perhaps'",
        "UPDATE policies SET expires_on = '2020-01-01'",
        "UPDATE insured SET relation = 'cousin'",
        "INSERT INTO insured (policy_id, id_index, relation, sealed)"
        " SELECT policy_id, id_index, relation, sealed FROM insured",
    ],
)
def test_the_tables_forbid_what_must_never_be(table: Table, change: str) -> None:
    table.save(told())
    with pytest.raises(IntegrityError):
        table.store.write(lambda connection: connection.execute(text(change)) and None)


def test_what_identifies_a_person_is_in_no_words_about_a_policy() -> None:
    shown = repr(told()) + repr(child()) + repr(Saved(change="same"))
    private = (told().number, told().holder_id_number, told().holder_name, child().name, child().id_number)
    assert not [word for word in private if word in shown]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_of_a_policy_is_in_the_file_in_clear(table: Table, database_url: str) -> None:
    table.save(FULL)
    files = Path(database_url.removeprefix("sqlite:///")).parent.glob("assistant.db*")
    found = b"".join(path.read_bytes() for path in files)
    assert FULL.product.encode() in found
    for words in private_words(FULL):
        for written in (words.encode(), words.encode("utf-16-le"), ascii(words)[1:-1].encode()):
            assert written not in found


def private_words(policy: Policy) -> list[str]:
    own = [policy.number, policy.holder_name, policy.holder_id_number, policy.holder_phone]
    return [word for one in policy.insured for word in (one.name, one.id_number, one.birth.isoformat())] + own
