"""`flask policies import`: what an operator sees and gets back."""

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.keys import KeyRing
from bot.store.store import Store, open_store
from care import audit, policies
from care.policy import standing
from handlers.policy_commands import policies_group
from tests.care.policy_files import PRODUCTS, row, sibling, write
from tests.clocks import FixedClock
from tests.handlers.guards import as_served

DEMO = Path(__file__).parents[2] / "care" / "demo_policies.csv"
Import = Callable[[Path], Result]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'assistant.db'}"


@pytest.fixture
def import_file(database_url: str, keys: KeyRing, clock: FixedClock) -> Import:
    group = policies_group(
        open_store=lambda: open_store(database_url, keys), products=lambda: PRODUCTS, clock=clock, guard=as_served
    )
    return lambda path: CliRunner().invoke(group, ["import", str(path)])


def test_a_file_that_is_right_ends_with_0(import_file: Import, tmp_path: Path) -> None:
    done = import_file(write(tmp_path / "policies.csv", [row(1), row(2), sibling(row(2))]))
    assert done.exit_code == 0
    assert done.stdout == "3 rows taken: 2 policies new, 0 changed, 0 as they were\n"
    assert import_file(tmp_path / "policies.csv").stdout.endswith("0 policies new, 0 changed, 2 as they were\n")


def test_a_refused_row_ends_with_1_and_says_where_it_is(import_file: Import, tmp_path: Path) -> None:
    done = import_file(write(tmp_path / "policies.csv", [row(1), row(2, plan="gold")]))
    assert done.exit_code == 1
    assert f"1 row refused; rows and reasons are in {tmp_path / 'policies.refused.csv'}\n" in done.stdout


def test_people_who_are_left_out_are_told(import_file: Import, tmp_path: Path) -> None:
    path = write(tmp_path / "policies.csv", [row(1), sibling(row(1))])
    import_file(path)
    assert "1 insured persons of these policies are not in the file" in import_file(write(path, [row(1)])).stdout


def test_a_file_that_cannot_be_read_ends_with_2_and_one_line(import_file: Import, tmp_path: Path) -> None:
    path = write(tmp_path / "policies.csv", [row(1)], encoding="gb18030")
    done = import_file(path)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert re.fullmatch(r"error: .*: not UTF-8 \(it looks like GBK\); save it .*\n", done.stderr)


def test_an_import_is_in_the_audit_trail(store: Store, import_file: Import, tmp_path: Path) -> None:
    import_file(write(tmp_path / "policies.csv", [row(1), row(2, plan="gold")]))
    with store.reading() as connection:
        [entry] = audit.entries(connection, store.keys, subject="policies")
    assert (entry.actor, entry.action) == ("command", "policies imported")
    assert entry.detail == {"taken": 1, "refused": 1, "new": 1, "changed": 0, "same": 0, "unnamed": 0}


# The demo's policies.


def test_the_demo_has_a_policy_of_every_kind(
    store: Store, import_file: Import, tmp_path: Path, clock: FixedClock
) -> None:
    assert import_file(Path(shutil.copy(DEMO, tmp_path / "demo.csv"))).exit_code == 0
    today = clock().date()
    with DEMO.open(encoding="utf-8", newline="") as file:
        numbers = sorted({cells["policy_no"] for cells in csv.DictReader(file)})
    with store.reading() as connection:
        demo = [policy for number in numbers if (policy := policies.by_number(connection, store.keys, number))]
    assert {policy.product for policy in demo} == set(PRODUCTS)
    assert {policy.plan for policy in demo} == {"", "standard", "plus"}
    assert {policy.options for policy in demo} == {None, frozenset(), frozenset(("vaccine", "dental"))}
    assert {standing(policy, today) for policy in demo} == {"in_force", "lapsed", "surrendered"}
    assert any(policy.reinstated_on for policy in demo)
    assert [policy.number for policy in demo if 0 < (today - policy.effective_on).days < 30]
    assert [policy.number for policy in demo if sum(one.relation == "child" for one in policy.insured) > 1]


def test_the_demo_shows_nobody_who_could_exist() -> None:
    with DEMO.open(encoding="utf-8", newline="") as file:
        for cells in csv.DictReader(file):
            assert cells["policy_no"].startswith("DEMO-")
            assert cells["holder_name"].startswith("演示")
            assert cells["insured_name"].startswith("演示")
            # No place has this area code, and no operator these numbers.
            assert {cells["holder_id_no"][:6], cells["insured_id_no"][:6]} == {"990101"}
            assert cells["holder_phone"].startswith("15400000")
