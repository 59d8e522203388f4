"""Taking, giving back and closing by the command line."""

import click
import pytest
from click.testing import CliRunner

from bot.errors import UserFault
from bot.messages import Owner
from handlers.conversation_commands import add_acts
from handlers.open_form import OpenForms
from tests.handlers.console_staff import hired, owner
from tests.handlers.office import Office

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def run(office: Office, *words: str):
    group = click.Group("conversations")

    class Kept:
        """The office's own store, which a command may not close."""

        def __getattr__(self, name: str):
            return (lambda: None) if name == "close" else getattr(office.store, name)

    add_acts(
        group,
        open_store=lambda: Kept(),
        forms_of=lambda _: OpenForms(office.desk),
        windowless=frozenset,
        clock=office.clock,
        guard=lambda command: command,
    )
    return CliRunner().invoke(group, words)


@on_sqlite
def test_a_conversation_is_taken_given_back_and_closed(office: Office) -> None:
    hired(office.store, office.clock, "lin")
    hired(office.store, office.clock, "wang")
    office.says("转人工")
    assert run(office, "take", "demo", "o-lin", "--as", "lin").exit_code == 0
    assert owner(office.store) is Owner.HUMAN
    assert isinstance(run(office, "take", "demo", "o-lin", "--as", "wang").exception, UserFault)
    assert run(office, "give-back", "demo", "o-lin", "--as", "lin").exit_code == 0
    assert owner(office.store) is Owner.BOT
    office.says("转人工")
    assert run(office, "close", "demo", "o-lin", "--as", "lin", "--reason", "solved").exit_code == 0
    assert owner(office.store) is Owner.BOT


@on_sqlite
def test_what_is_not_there_is_named(office: Office) -> None:
    office.says("你好")
    assert "nobody has this name" in str(run(office, "take", "demo", "o-lin", "--as", "lin").exception)
    hired(office.store, office.clock, "lin")
    assert "no such conversation" in str(run(office, "take", "demo", "o-nobody", "--as", "lin").exception)
    assert run(office, "close", "demo", "o-lin", "--as", "lin", "--reason", "because").exit_code == 2
