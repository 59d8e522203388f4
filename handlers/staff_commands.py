"""What the command line offers about the people at the console: adding, listing, locking, passwords, one-time codes."""

import json
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

import click
from sqlalchemy import Connection

from bot.clock import Clock
from bot.errors import UserFault
from bot.store.store import Store
from care import audit, passwords, staff
from care.staff import Member, actor

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]
_BY_COMMAND = "command"
_from_standard_input = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input; it is final."
)


def users_group(*, open_store: Callable[[], Store], clock: Clock, guard: Guard) -> click.Group:
    """Return the commands `users …`. `guard` turns the faults of a command into an exit code and a line."""
    group = click.Group("users", help="The people who work at the console.")

    def act(name: str, action: str, change: Callable[[Connection, Store, Member], Any]) -> Any:
        with closing(open_store()) as store:

            def work(connection: Connection) -> Any:
                member = staff.named(connection, name)
                if member is None:
                    raise UserFault(f"{name}: nobody has this name; see `flask users list`")
                result = change(connection, store, member)
                _record(connection, store, action, name, clock)
                return result

            return store.write(work)

    @group.command("add")
    @click.argument("name")
    @click.option("--role", required=True, type=click.Choice(staff.ROLES))
    @_from_standard_input
    @guard
    def add_command(name: str, role: str, password_stdin: bool) -> None:
        """Add NAME, on duty for all products. Without --password-stdin a first password is printed once."""
        password, hashed = _password(password_stdin)
        with closing(open_store()) as store:

            def work(connection: Connection) -> None:
                staff.add_member(
                    connection, name=name, role=role, password_hash=hashed, must_change=not password_stdin, now=clock()
                )
                _record(connection, store, "user added", name, clock, {"role": role})

            store.write(work)
        click.echo(f"{name} may log in as {role}", err=True)
        _tell(password, password_stdin)

    @group.command("list")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON line a person.")
    @guard
    def list_command(as_json: bool) -> None:
        """List everybody: name, role, whether active and on duty."""
        with closing(open_store()) as store, store.reading() as connection:
            rows = [_row(one) for one in staff.everybody(connection)]
        for row in rows:
            click.echo(
                json.dumps(row, ensure_ascii=False) if as_json else "\t".join(str(value) for value in row.values())
            )

    @group.command("lock")
    @click.argument("name")
    @guard
    def lock_command(name: str) -> None:
        """Keep NAME out; whatever they have open ends at once."""
        act(name, "user kept out", lambda c, _store, member: staff.set_active(c, member.id, is_active=False))
        click.echo(f"{name} is kept out", err=True)

    @group.command("unlock")
    @click.argument("name")
    @guard
    def unlock_command(name: str) -> None:
        """Let NAME in again, also after too many wrong passwords."""
        act(name, "user let in", lambda c, _store, member: staff.set_active(c, member.id, is_active=True))
        click.echo(f"{name} may log in again", err=True)

    @group.command("password")
    @click.argument("name")
    @_from_standard_input
    @guard
    def password_command(name: str, password_stdin: bool) -> None:
        """Give NAME a new password: a made-up one, to be changed at the next login, or the one given."""
        password, hashed = _password(password_stdin)
        act(
            name,
            "user password reset",
            lambda c, _store, member: staff.set_password(
                c, member.id, password_hash=hashed, must_change=not password_stdin
            ),
        )
        click.echo(f"{name} has a new password", err=True)
        _tell(password, password_stdin)

    @group.command("totp")
    @click.argument("name")
    @click.option("--off", is_flag=True, help="Ask for no codes any more.")
    @guard
    def totp_command(name: str, off: bool) -> None:
        """Ask NAME for one-time codes at the login, too; the secret for their authenticator is printed once."""
        if off:
            act(name, "totp off", lambda c, _store, member: staff.drop_totp(c, member.id))
            click.echo(f"{name} needs no codes any more", err=True)
            return
        click.echo(act(name, "totp on", lambda c, store, member: staff.set_totp(c, store.keys, member.id)))

    return group


def _password(from_standard_input: bool) -> tuple[str, str]:
    if not from_standard_input:
        password = passwords.made_up()
        return password, passwords.hashed(password)
    password = sys.stdin.readline().rstrip("\r\n")
    fault = passwords.fault_of(password)
    if fault is not None:
        raise UserFault(f"password on standard input: at least {passwords.LEAST_CHARACTERS} characters, four different")
    return password, passwords.hashed(password)


def _tell(password: str, from_standard_input: bool) -> None:
    if not from_standard_input:
        click.echo(password)
        click.echo("this password is shown only once; it must be changed at the first login", err=True)


def _row(member: Member) -> dict[str, Any]:
    return {
        "name": member.name,
        "role": member.role,
        "active": member.is_active,
        "on_duty": member.on_duty,
        "totp": member.has_totp,
    }


def _record(
    connection: Connection, store: Store, action: str, name: str, clock: Clock, detail: dict[str, Any] | None = None
) -> None:
    audit.append(
        connection, store.keys, actor=_BY_COMMAND, action=action, subject=actor(name), now=clock(), detail=detail
    )
