"""`flask keys …`: the master key is changed while people's data stay readable, and nothing is dropped too early."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.keys import load_keys
from bot.sealed_files import SealedFiles
from bot.store.store import Store, open_store
from care.case_records import all_cases
from handlers.key_commands import keys_group
from intents.router import Router
from knowledge.library import Library
from tests.care import papers
from tests.clocks import FixedClock
from tests.handlers.guards import as_served
from tests.handlers.office import Office

Run = Callable[..., Result]


@pytest.fixture
def opened(database_url: str, tmp_path: Path) -> Callable[[], Store]:
    """Open the store with the keys that are in the folder now, as a process does that starts."""
    return lambda: open_store(database_url, load_keys({}, tmp_path))


@pytest.fixture
def run(opened: Callable[[], Store], tmp_path: Path) -> Run:
    group = keys_group(open_store=opened, data_dir=lambda: tmp_path, environment={}, guard=as_served)
    return lambda *arguments, **more: CliRunner().invoke(group, list(arguments), **more)


@pytest.fixture
def lived(
    opened: Callable[[], Store], clock: FixedClock, tmp_path: Path, library: Library, router: Router
) -> tuple[str, bytes]:
    """A case with a paper, written with the first key; its number and what the paper holds."""
    with closing(opened()) as store:
        office = Office(store, clock, tmp_path, library=library, router=router)
        case = office.submitted()
        office.sends(papers.photo())
        office.says("2")
        office.works()
        [name] = office.papers.names()
        content = office.papers.read(name)
        office.close()
    return case.number, content


def read(opened: Callable[[], Store], folder: Path) -> tuple[str, bytes]:
    with closing(opened()) as store:
        files = SealedFiles(folder / "media", store.keys)
        [name] = files.names()
        with store.reading() as connection:
            [case] = all_cases(connection, store.keys)
        assert case.answers["diagnosis"] == "胃恶性肿瘤"
        return case.number, files.read(name)


def test_a_master_key_is_changed_without_losing_anything(
    lived: tuple[str, bytes], run: Run, opened: Callable[[], Store], tmp_path: Path
) -> None:
    assert run("add").exit_code == 0
    assert read(opened, tmp_path) == lived
    rotated = run("rotate")
    assert rotated.exit_code == 0
    assert rotated.stdout.endswith(" sealed anew, 0 left\n")
    assert int(rotated.stdout.split()[0]) > 20
    assert run("rotate").stdout == "0 sealed anew, 0 left\n"
    assert run("drop-old", "--yes").stdout == "1 old keys dropped; restart every process\n"
    assert read(opened, tmp_path) == lived


def test_old_keys_are_not_dropped_while_something_is_sealed_with_them(
    lived: tuple[str, bytes], run: Run, opened: Callable[[], Store], tmp_path: Path
) -> None:
    run("add")
    refused = run("drop-old", "--yes")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "run `flask keys rotate` first" in refused.stderr
    assert read(opened, tmp_path) == lived


def test_dropping_asks_first(run: Run, tmp_path: Path) -> None:
    sealed = load_keys({}, tmp_path).seal(b"x", place="p")
    run("add")
    assert run("drop-old", input="n\n").exit_code == 1
    assert load_keys({}, tmp_path).open(sealed, place="p") == b"x"
