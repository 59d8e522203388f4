"""`flask children …`: what an operator sees and gets back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.keys import KeyRing
from bot.store.store import open_store
from care import audit, policy_saving
from handlers.child_commands import children_group
from knowledge.library import load
from tests.care.child_files import child_row, write_children
from tests.care.policies_told import told
from tests.clocks import FixedClock
from tests.handlers.guards import as_served

Run = Callable[..., Result]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'assistant.db'}"


@pytest.fixture
def run(database_url: str, keys: KeyRing, clock: FixedClock) -> Run:
    store = open_store(database_url, keys)
    store.write(lambda connection: policy_saving.save(connection, keys, told(), now=clock()))
    store.close()
    group = children_group(
        open_store=lambda: open_store(database_url, keys), library=load, clock=clock, guard=as_served
    )
    return lambda *arguments: CliRunner().invoke(group, [str(one) for one in arguments])


def test_an_import_ends_with_0_and_says_what_it_did(run: Run, tmp_path: Path) -> None:
    done = run("import", write_children(tmp_path / "children.csv", [child_row(doses="乙肝 2022-05-01")]))
    assert (done.exit_code, done.stdout) == (
        0, "1 row taken: 1 children new, 0 changed, 0 as they were; 1 doses new\n",
    )  # fmt: skip


def test_refused_rows_end_with_1_and_a_file_that_cannot_be_read_with_2(run: Run, tmp_path: Path) -> None:
    done = run("import", write_children(tmp_path / "children.csv", [child_row("NONE-1")]))
    assert done.exit_code == 1
    assert f"1 row refused; rows and reasons are in {tmp_path / 'children.refused.csv'}\n" in done.stdout
    broken = run("import", tmp_path / "absent.csv")
    assert (broken.exit_code, broken.stdout) == (2, "")
    assert "cannot be read" in broken.stderr


def test_children_are_listed_and_one_is_shown_with_what_comes_next(
    run: Run, tmp_path: Path, database_url: str, keys: KeyRing
) -> None:
    run("import", write_children(tmp_path / "children.csv", [child_row(doses="乙肝 2022-05-01;卡介苗 2022-05-01")]))
    [line] = run("list").stdout.splitlines()
    assert json.loads(line)["doses_recorded"] == 2
    assert run("list", "--policy", "TEST-0001").stdout == f"{line}\n"
    shown = json.loads(run("show", json.loads(line)["number"], "--on", "2022-06-01").stdout)
    rows = {row["vaccine"]: row for row in shown["forecast"]}
    assert (rows["HepB"]["dose"], rows["HepB"]["recommended"], rows["BCG"]["status"]) == (2, "2022-06-01", "complete")
    store = open_store(database_url, keys)
    with store.reading() as connection:
        actions = [one.action for one in audit.entries(connection, keys, actor="command")]
    store.close()
    assert actions == ["child shown", "children listed", "children listed", "children imported"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("show", "CH-NOBODY"), "CH-NOBODY"),
        (("show", "CH-X", "--on", "soon"), "soon"),
        (("list", "--policy", "Q"), "Q"),
    ],
)
def test_what_is_not_there_is_named(run: Run, arguments: tuple[str, ...], named: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert named in done.stderr
