"""Importing an insurer's file: every row checked, the right ones taken, the others set aside with the reason."""

import csv
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from bot.errors import UserFault
from bot.store.store import Store
from care import policies, tables
from care.policy import Policy
from care.policy_import import Imported, import_policies
from care.policy_rows import OPTIONAL, REQUIRED, read_policy
from care.row_cells import RowRefused
from tests.care import people
from tests.care.policies_told import identity
from tests.care.policy_files import PRODUCTS, read, row, sibling, write
from tests.clocks import FixedClock

TODAY = date(2026, 9, 30)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Import = Callable[..., Imported]


@pytest.fixture
def import_file(store: Store, clock: FixedClock) -> Import:
    def run(path: Path, **options: Any) -> Imported:
        return import_policies(path, store=store, products=PRODUCTS, clock=clock, **options)

    return run


def found(store: Store, number: str) -> Policy:
    with store.reading() as connection:
        policy = policies.by_number(connection, store.keys, number)
    assert policy is not None
    return policy


def count(store: Store, table: Any) -> int:
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


# One row.


def test_a_right_row_reads_as_a_policy_with_its_insured() -> None:
    policy = read_policy(row(2), products=PRODUCTS, today=TODAY)
    [child] = policy.insured
    assert (policy.number, policy.plan, policy.options, policy.waiting_period_days) == (
        "TEST-000002",
        "plus",
        None,
        None,
    )
    assert (policy.effective_on, policy.expires_on) == (date(2026, 3, 1), date(2027, 2, 28))
    assert (child.name, child.birth, child.sex, child.relation) == ("测试宝宝", date(2020, 1, 3), "F", "child")


@pytest.mark.parametrize(
    ("cells", "field", "value"),
    [
        ({"holder_phone": "+86 199-0000-1234"}, "holder_phone", "19900001234"),
        ({"holder_phone": "１９９００００１２３４"}, "holder_phone", "19900001234"),
        ({"holder_phone": "010-65432100"}, "holder_phone", "01065432100"),
        ({"policy_no": " ＴＥＳＴ-9 "}, "number", "TEST-9"),
        ({"holder_name": "买买提·测试"}, "holder_name", "买买提·测试"),
        ({"options": ""}, "options", None),
        ({"options": "none"}, "options", frozenset()),
        ({"options": "vaccine; dental；vision"}, "options", frozenset(("vaccine", "dental", "vision"))),
        ({"waiting_period_days": "90"}, "waiting_period_days", 90),
        ({"waiting_period_days": "0"}, "waiting_period_days", 0),
        ({"lapsed_on": "2026-05-01", "reinstated_on": "2026-06-01"}, "reinstated_on", date(2026, 6, 1)),
        ({"status": "surrendered"}, "status", "surrendered"),
        ({"effective_on": "2024-02-29", "expires_on": "2024-02-29"}, "expires_on", date(2024, 2, 29)),
        ({"expires_on": "9999-12-31"}, "expires_on", date(9999, 12, 31)),
    ],
)
def test_cells_are_read_with_their_usual_variations(cells: dict[str, str], field: str, value: Any) -> None:
    assert getattr(read_policy(row(**cells), products=PRODUCTS, today=TODAY), field) == value


def test_a_small_x_and_blanks_in_an_identity_number_are_read() -> None:
    number = next(id for serial in range(1, 40) if (id := identity(date(1990, 2, 3), serial=serial)).endswith("X"))
    typed = f"{number[:6]} {number[6:14]} {number[14:].lower()}"
    assert read_policy(row(holder_id_no=typed), products=PRODUCTS, today=TODAY).holder_id_number == number


def test_an_insured_who_is_the_holder_is_told_as_self() -> None:
    policy = read_policy(own_policy(), products=PRODUCTS, today=TODAY)
    assert policy.insured[0].id_number == policy.holder_id_number


def own_policy(**cells: str) -> dict[str, str]:
    return row(
        **{
            "insured_name": "甲测试",
            "holder_id_no": identity(date(1990, 2, 3)),
            "insured_id_no": identity(date(1990, 2, 3)),
            "insured_birth": "1990-02-03",
            "insured_sex": "M",
            "relation": "self",
            **cells,
        }
    )


OTHER_AREA = identity(date(2020, 1, 2), sex="F", area="110105")


@pytest.mark.parametrize(
    ("cells", "reasons"),
    [
        ({"policy_no": ""}, "policy_no is empty"),
        ({"policy_no": "——"}, "policy_no is no policy number"),
        ({"policy_no": "9.9010119900203E+17"}, "policy_no was rounded by a spreadsheet"),
        ({"product": "xinghe"}, "product is unknown; use one of chengzhang"),
        ({"plan": "gold"}, "plan is unknown; use one of (empty), standard, plus"),
        ({"status": "Active"}, "status is unknown"),
        ({"status": ""}, "status is empty; use one of active, lapsed, surrendered"),
        ({"effective_on": "2026/3/1"}, "effective_on is no day; write it as YYYY-MM-DD"),
        ({"effective_on": "2026-02-30"}, "effective_on is no day"),
        ({"effective_on": "0026-02-03"}, "effective_on is no day"),
        ({"expires_on": ""}, "expires_on is empty"),
        ({"expires_on": "2026-02-28"}, "expires_on is before effective_on"),
        ({"lapsed_on": "2025-01-01"}, "lapsed_on is before effective_on"),
        ({"reinstated_on": "soon"}, "reinstated_on is no day"),
        ({"holder_name": " "}, "holder_name is empty"),
        ({"holder_name": "13800138000"}, "holder_name is no name"),
        ({"holder_id_no": ""}, "holder_id_no is empty"),
        ({"holder_id_no": "990101900203001"}, "holder_id_no must have 17 digits and a check digit"),
        ({"holder_id_no": "9.90101E+17"}, "holder_id_no was rounded by a spreadsheet"),
        ({"holder_id_no": "990101199013010019"}, "holder_id_no holds a birth date that cannot be"),
        ({"insured_id_no": identity(date(2026, 10, 1), sex="F")}, "insured_id_no holds a birth date that cannot be"),
        ({"insured_id_no": OTHER_AREA[:-1] + str((int(OTHER_AREA[-1]) + 1) % 10)}, "insured_id_no has a wrong check"),
        ({"insured_birth": "2020-01-03"}, "insured_birth is not the birth date in insured_id_no"),
        ({"insured_sex": "M"}, "insured_sex is not the sex in insured_id_no"),
        ({"insured_sex": "女"}, "insured_sex is unknown; use one of M, F"),
        ({"holder_phone": "12345"}, "holder_phone is no telephone number"),
        ({"holder_phone": ""}, "holder_phone is empty"),
        ({"relation": "cousin"}, "relation is unknown"),
        ({"relation": "self"}, "relation is self, but insured_id_no is not holder_id_no"),
        ({"options": "vaccine;hearing"}, "options holds an unknown one"),
        ({"options": "none;dental"}, "options holds an unknown one"),
        ({"waiting_period_days": "-1"}, "waiting_period_days must be a whole number"),
        ({"waiting_period_days": "30天"}, "waiting_period_days must be a whole number"),
        ({"plan": "gold", "status": "", "holder_phone": "1"}, "plan is unknown|status is empty|holder_phone is no"),
    ],
)
def test_a_wrong_row_is_refused_with_every_reason(cells: dict[str, str], reasons: str) -> None:
    with pytest.raises(RowRefused) as refused:
        read_policy(row(**cells), products=PRODUCTS, today=TODAY)
    told = str(refused.value).split("; ")
    assert all(any(one in fault for fault in (*told, str(refused.value))) for one in reasons.split("|")), told


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"relation": "spouse"}, "insured_id_no is holder_id_no, but relation is not self"),
        ({"insured_name": "乙测试"}, "holder and insured have the same identity number but different names"),
    ],
)
def test_a_holder_who_is_insured_is_told_as_one_person(cells: dict[str, str], reason: str) -> None:
    with pytest.raises(RowRefused, match=reason):
        read_policy(own_policy(**cells), products=PRODUCTS, today=TODAY)


def test_the_area_of_an_identity_number_is_not_checked() -> None:
    for area in ("990101", "000000", "110105"):
        number = identity(date(2020, 1, 2), sex="F", area=area)
        assert read_policy(row(insured_id_no=number), products=PRODUCTS, today=TODAY).insured[0].id_number == number


def test_a_refusal_quotes_nothing_of_the_row() -> None:
    cells = row(holder_id_no="123", holder_phone="19912", holder_name="", insured_birth="1999-09-09")
    with pytest.raises(RowRefused) as refused:
        read_policy(cells, products=PRODUCTS, today=TODAY)
    assert not [cell for cell in ("123", "19912", "1999-09-09", cells["insured_id_no"]) if cell in str(refused.value)]


# A file.


def test_what_is_right_is_taken_and_the_rest_is_set_aside(store: Store, import_file: Import, tmp_path: Path) -> None:
    good, bad = row(1), row(2, holder_phone="12345")
    done = import_file(write(tmp_path / "policies.csv", [good, bad, sibling(good)]))
    assert (done.taken, done.refused, done.new) == (2, 1, 1)
    assert done.refused_file == tmp_path / "policies.refused.csv"
    [refused] = read(done.refused_file)
    assert (refused["line"], refused["reason"]) == ("3", "holder_phone is no telephone number of mainland China")
    assert {column: refused[column] for column in REQUIRED} == bad
    assert [one.name for one in found(store, "test000001").insured] == ["测试宝宝", "测试二宝"]


def test_the_file_of_refused_rows_is_for_its_owner_only(import_file: Import, tmp_path: Path) -> None:
    (tmp_path / "policies.refused.csv").write_text("of an earlier import")
    done = import_file(write(tmp_path / "policies.csv", [row(status="")]))
    assert done.refused_file is not None
    assert done.refused_file.stat().st_mode & 0o777 == 0o600
    assert len(read(done.refused_file)) == 1


def test_refused_rows_are_mended_and_imported_as_they_are(store: Store, import_file: Import, tmp_path: Path) -> None:
    refused = import_file(write(tmp_path / "policies.csv", [row(1, status="activ"), row(2)])).refused_file
    assert refused is not None
    mended = tmp_path / "mended.csv"
    mended.write_text(refused.read_text(encoding="utf-8-sig").replace("activ,", "active,"), encoding="utf-8")
    assert import_file(mended).taken == 1
    assert found(store, "TEST-000001").status == "active"


def test_a_file_that_is_right_now_leaves_no_refused_rows(import_file: Import, tmp_path: Path) -> None:
    path = tmp_path / "policies.csv"
    refused = import_file(write(path, [row(status="activ")])).refused_file
    done = import_file(write(path, [row()]))
    assert refused is not None
    assert (done.refused, done.refused_file, refused.exists()) == (0, None, False)


def test_the_same_file_again_changes_nothing(
    store: Store, import_file: Import, tmp_path: Path, clock: FixedClock
) -> None:
    rows = [row(number) for number in range(1, 8)]
    path = write(tmp_path / "policies.csv", [*rows, sibling(rows[0])])
    import_file(path)
    with store.reading() as connection:
        before = connection.execute(select(tables.policies)).all(), connection.execute(select(tables.insured)).all()
    clock.move(days=1)
    done = import_file(path)
    assert (done.taken, done.new, done.changed, done.same, done.unnamed) == (8, 0, 0, 7, 0)
    with store.reading() as connection:
        assert (
            connection.execute(select(tables.policies)).all(),
            connection.execute(select(tables.insured)).all(),
        ) == before


def test_a_changed_row_updates_and_who_is_left_out_stays(store: Store, import_file: Import, tmp_path: Path) -> None:
    first = row(1)
    import_file(write(tmp_path / "one.csv", [first, sibling(first), row(2)]))
    renewed = {**first, "effective_on": "2027-03-01", "expires_on": "2028-02-29"}
    done = import_file(write(tmp_path / "two.csv", [renewed]))
    assert (done.new, done.changed, done.same, done.unnamed) == (0, 1, 0, 1)
    policy = found(store, "TEST-000001")
    assert (policy.effective_on, policy.expires_on) == (date(2027, 3, 1), date(2028, 2, 29))
    assert (len(policy.insured), count(store, tables.policies)) == (2, 2)


def test_rows_of_one_policy_far_apart_are_one_policy(store: Store, import_file: Import, tmp_path: Path) -> None:
    rows = [row(number) for number in range(1, 450)]
    done = import_file(write(tmp_path / "policies.csv", [*rows, sibling(rows[0])]))
    assert (done.new, done.changed, done.unnamed) == (449, 0, 0)
    assert len(found(store, "TEST-000001").insured) == 2


@pytest.mark.parametrize(
    ("cells", "columns"),
    [
        ({"expires_on": "2027-03-01"}, "expires_on"),
        ({"holder_phone": "19900009999", "status": "lapsed"}, "status, holder_phone"),
        ({"options": "dental"}, "options"),
    ],
)
def test_rows_that_contradict_each_other_are_all_refused(
    store: Store, import_file: Import, tmp_path: Path, cells: dict[str, str], columns: str
) -> None:
    first = row(1)
    rows = [first, row(2), sibling(first, **cells)]
    done = import_file(write(tmp_path / "policies.csv", rows, extra=("options",)))
    assert (done.taken, done.refused) == (1, 2)
    reason = f"the rows of this policy (lines 2, 4) contradict each other in {columns}"
    assert done.refused_file is not None
    assert [one["reason"] for one in read(done.refused_file)] == [reason, reason]
    assert count(store, tables.policies) == 1


def test_one_person_told_differently_is_refused(import_file: Import, tmp_path: Path) -> None:
    rows = [row(1), row(1, insured_name="测试贝贝"), sibling(row(1))]
    done = import_file(write(tmp_path / "policies.csv", rows))
    assert (done.taken, done.refused) == (1, 2)
    assert done.refused_file is not None
    assert {one["reason"] for one in read(done.refused_file)} == {
        "these rows tell one insured person differently: lines 2, 3"
    }


def test_a_row_that_is_doubled_is_taken_once(store: Store, import_file: Import, tmp_path: Path) -> None:
    done = import_file(write(tmp_path / "policies.csv", [row(1), row(2), row(1), row(1)]))
    assert (done.taken, done.refused) == (2, 2)
    assert done.refused_file is not None
    assert [(one["line"], one["reason"]) for one in read(done.refused_file)] == [
        ("4", "this insured person of this policy is already in line 2"),
        ("5", "this insured person of this policy is already in line 2"),
    ]
    assert count(store, tables.insured) == 2


def test_a_number_in_use_is_not_given_to_another_product(store: Store, import_file: Import, tmp_path: Path) -> None:
    path = write(tmp_path / "policies.csv", [row(1), row(2)])
    import_file(path)
    policy = found(store, "TEST-000001")

    def bind(connection: Any) -> None:
        contact = people.contact(connection, store.keys, "o-one", FixedClock().now)
        bound = {"contact_id": contact, "policy_id": policy.id, "bound_at": FixedClock().now}
        connection.execute(insert(tables.bindings).values(bound))

    store.write(bind)
    done = import_file(write(path, [row(1, product=PRODUCTS[0]), row(2)]))
    assert (done.taken, done.refused, done.same) == (1, 1, 1)
    assert done.refused_file is not None
    assert read(done.refused_file)[0]["reason"].startswith("policy_no is that of a policy of another product")
    assert found(store, "TEST-000001") == policy


def test_blank_lines_and_short_rows(store: Store, import_file: Import, tmp_path: Path) -> None:
    path = write(tmp_path / "policies.csv", [row(1)])
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + "," * 13 + "\nTEST-2,only\n")
    done = import_file(path)
    assert (done.taken, done.refused) == (1, 1)
    assert done.refused_file is not None
    assert read(done.refused_file)[0]["reason"] == "2 cells where the header has 14"


def test_a_file_without_rows_is_no_fault(import_file: Import, tmp_path: Path) -> None:
    assert import_file(write(tmp_path / "policies.csv", [])).taken == 0


def test_a_byte_order_mark_and_any_order_of_columns_are_taken(import_file: Import, tmp_path: Path) -> None:
    path = tmp_path / "policies.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, [*reversed(OPTIONAL), *reversed(REQUIRED)])
        writer.writeheader()
        writer.writerow({**row(1), "options": "dental"})
    assert import_file(path).taken == 1


def with_header(change: Callable[[str], str]) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        head, rest = path.read_text(encoding="utf-8").split("\n", 1)
        path.write_text(change(head) + "\n" + rest, encoding="utf-8")

    return apply


def encoded(encoding: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(path.read_text(encoding="utf-8"), encoding=encoding) and None


def with_semicolons(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (with_header(lambda head: head.replace("plan,", "")), "its first line lacks columns: plan;"),
        (with_header(lambda head: head + ",agent,"), r"has unknown columns: agent, \(no name\);"),
        (with_header(lambda head: head + ",plan"), "doubles columns: plan;"),
        (encoded("gb18030"), "not UTF-8 .it looks like GBK.; save it as “CSV UTF-8”"),
        (encoded("utf-16"), "it looks like UTF-16"),
        (with_semicolons, "not divided by commas"),
        (lambda path: path.write_text(""), "lacks columns: policy_no"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\xff\xfe"), "not UTF-8"),
        (lambda path: path.write_text(path.read_text() + '"' + "x" * 200_000), "is no CSV .*quotation mark"),
        (Path.unlink, "cannot be read .*No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_sentence_and_nothing_is_taken(
    store: Store, import_file: Import, tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    path = write(tmp_path / "policies.csv", [row(number) for number in range(3)])
    spoil(path)
    with pytest.raises(UserFault, match=said) as fault:
        import_file(path)
    assert str(path) in str(fault.value)
    assert "\n" not in str(fault.value)
    assert count(store, tables.policies) == 0


@on_sqlite
def test_nothing_of_a_file_is_in_the_database_in_clear(
    store: Store, import_file: Import, tmp_path: Path, database_url: str
) -> None:
    rows = [row(number) for number in range(300)]
    import_file(write(tmp_path / "policies.csv", rows))
    database = Path(database_url.removeprefix("sqlite:///"))
    kept = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    assert PRODUCTS[0].encode() in kept
    private = ("policy_no", "holder_name", "holder_id_no", "holder_phone", "insured_name", "insured_id_no")
    words = {one[column] for one in rows for column in private} | {one["insured_birth"] for one in rows}
    assert not [word for word in words if word.encode() in kept or ascii(word)[1:-1].encode() in kept]


@on_sqlite
def test_memory_does_not_grow_with_the_file(import_file: Import, tmp_path: Path) -> None:
    small, large = (write(tmp_path / f"{size}.csv", (row(number) for number in range(size))) for size in (400, 2_400))
    import_file(small)
    peaks = []
    for path in (small, large):
        tracemalloc.start()
        import_file(path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 500_000  # 2,000 rows would take more than that


@on_sqlite
def test_progress_is_told(import_file: Import, tmp_path: Path) -> None:
    told: list[str] = []
    import_file(write(tmp_path / "policies.csv", (row(number) for number in range(10_000))), tell=told.append)
    assert told == ["10000 rows read", "10000 rows taken"]


def test_a_policy_that_straddles_batches_keeps_all_its_people(
    store: Store, import_file: Import, tmp_path: Path
) -> None:
    rows = [row(number) for number in range(1, 201)]
    import_file(write(tmp_path / "policies.csv", [*rows, sibling(rows[-1])]))
    policy = found(store, "TEST-000200")
    assert [replace(one, id=None).name for one in policy.insured] == ["测试宝宝", "测试二宝"]
