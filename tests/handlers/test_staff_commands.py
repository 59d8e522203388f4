"""The commands about the staff, as an operator runs them."""

import json

import pyotp
import pytest
from click.testing import CliRunner

from bot.store.store import open_store
from care import audit, passwords, staff, staff_sessions
from handlers.staff_commands import users_group


@pytest.fixture
def run(tmp_path, keys, clock):
    def opened():
        return open_store(f"sqlite:///{tmp_path / 'a.db'}", keys)

    group = users_group(open_store=opened, clock=clock, guard=lambda command: command)

    def run_one(*arguments, given=None):
        return CliRunner().invoke(group, arguments, input=given)

    run_one.store = opened
    return run_one


def member(run, name):
    store = run.store()
    with store.reading() as connection:
        found = staff.named(connection, name)
        stored = staff.stored_hash(connection, found.id) if found else None
        trail = [one.action for one in audit.entries(connection, store.keys)]
    store.close()
    return found, stored, trail


def test_a_password_from_standard_input_is_final_and_the_manager_is_on_duty_for_everything(run) -> None:
    done = run("add", "guan", "--role", "manager", "--password-stdin", given="correct horse 7\n")
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    found, stored, trail = member(run, "guan")
    assert (found.role, found.must_change, found.on_duty, found.products) == ("manager", False, True, None)
    assert passwords.is_right("correct horse 7", stored)
    assert trail == ["user added"]


def test_a_first_password_is_printed_once_and_must_be_changed(run) -> None:
    done = run("add", "zhu", "--role", "supervisor")
    first = done.stdout.strip()
    found, stored, _ = member(run, "zhu")
    assert found.must_change
    assert passwords.is_right(first, stored)
    assert first not in json.dumps(run("list", "--json").stdout)


@pytest.mark.parametrize(
    ("arguments", "given", "words"),
    [
        (("add", "guan", "--role", "manager"), None, "taken"),
        (("add", "a b", "--role", "manager"), None, "a name is"),
        (("add", "kurz", "--role", "manager", "--password-stdin"), "short\n", "at least 8"),
        (("lock", "nobody"), None, "nobody has this name"),
    ],
)
def test_what_cannot_be_done_is_said(run, arguments, given, words) -> None:
    run("add", "guan", "--role", "manager", "--password-stdin", given="correct horse 7\n")
    done = run(*arguments, given=given)
    assert words in str(done.exception)


def test_a_role_that_is_none_is_refused(run) -> None:
    assert run("add", "x", "--role", "king").exit_code == 2


def test_locking_ends_what_somebody_has_open_and_unlocking_lets_them_in(run, clock) -> None:
    run("add", "guan", "--role", "manager", "--password-stdin", given="correct horse 7\n")
    store = run.store()
    id = member(run, "guan")[0].id
    token = store.write(lambda connection: staff_sessions.begin(connection, id, now=clock()))
    assert run("lock", "guan").exit_code == 0
    with store.reading() as connection:
        assert staff_sessions.find(connection, token, now=clock()) is None
    store.close()
    assert not member(run, "guan")[0].is_active
    run("unlock", "guan")
    assert member(run, "guan")[0].is_active


def test_a_new_password_and_one_time_codes_are_shown_once(run) -> None:
    run("add", "guan", "--role", "manager", "--password-stdin", given="correct horse 7\n")
    made = run("password", "guan").stdout.strip()
    assert passwords.is_right(made, member(run, "guan")[1])
    secret = run("totp", "guan").stdout.strip()
    assert len(pyotp.TOTP(secret).now()) == 6
    assert member(run, "guan")[0].has_totp
    run("totp", "guan", "--off")
    assert not member(run, "guan")[0].has_totp


def test_the_list_names_everybody_a_line_each(run) -> None:
    run("add", "guan", "--role", "manager", "--password-stdin", given="correct horse 7\n")
    [line] = run("list", "--json").stdout.splitlines()
    assert json.loads(line) == {"name": "guan", "role": "manager", "active": True, "on_duty": True, "totp": False}
