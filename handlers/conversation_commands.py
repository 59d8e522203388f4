"""What the command line does to conversations: take, give back, close, in the name of one of the staff."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import click
from sqlalchemy import Connection, select

from bot.clock import Clock
from bot.errors import UserFault
from bot.store.schema import contacts, conversations
from bot.store.store import Store
from care import staff
from care.staff import Member
from handlers.handling import CLOSE_REASONS, Handling
from handlers.open_form import OpenForms

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]
Act = Callable[[Handling, int, Member], str]


def add_acts(
    group: click.Group,
    *,
    open_store: Callable[[], Store],
    forms_of: Callable[[Store], OpenForms],
    windowless: Callable[[], frozenset[str]],
    clock: Clock,
    guard: Guard,
) -> None:
    """Add `take`, `give-back` and `close` to the group `conversations`. A conversation is named by account and contact
    as `conversations list` prints them. A serving process beside it sends what is said within a second."""

    def act(account: str, contact: str, name: str, what: Act) -> None:
        with closing(open_store()) as store:
            with store.reading() as connection:
                number = _number(connection, store, account, contact)
                member = staff.named(connection, name)
            if member is None:
                raise UserFault(f"--as {name}: nobody has this name; see `flask users list`")
            handling = Handling(store=store, forms=forms_of(store), windowless=windowless())
            click.echo(what(handling, number, member), err=True)

    @group.command("take")
    @click.argument("account")
    @click.argument("contact")
    @click.option("--as", "name", required=True, help="Who of the staff takes it.")
    @guard
    def take_command(account: str, contact: str, name: str) -> None:
        """Take the conversation of CONTACT over: the bot is silent in it from now on."""

        def take(handling: Handling, number: int, member: Member) -> str:
            if not handling.take(number, by=member, now=clock()).is_mine:
                raise UserFault(f"{account} {contact}: somebody else has this conversation")
            return f"{name} has the conversation"

        act(account, contact, name, take)

    @group.command("give-back")
    @click.argument("account")
    @click.argument("contact")
    @click.option("--as", "name", required=True, help="Who of the staff has it, or a supervisor.")
    @click.option("--step", help="The slot of the form under way at which the bot goes on.")
    @guard
    def give_back_command(account: str, contact: str, name: str, step: str | None) -> None:
        """Give the conversation of CONTACT back to the bot, which says so and goes on."""

        def give_back(handling: Handling, number: int, member: Member) -> str:
            handling.give_back(number, by=member, now=clock(), step=step)
            return "the bot has the conversation"

        act(account, contact, name, give_back)

    @group.command("close")
    @click.argument("account")
    @click.argument("contact")
    @click.option("--as", "name", required=True, help="Who of the staff has it, or a supervisor.")
    @click.option("--reason", required=True, type=click.Choice(tuple(CLOSE_REASONS)))
    @guard
    def close_command(account: str, contact: str, name: str, reason: str) -> None:
        """Close the conversation of CONTACT, waiting or taken."""

        def close(handling: Handling, number: int, member: Member) -> str:
            handling.close(number, by=member, reason=reason, now=clock())
            return "the conversation is closed"

        act(account, contact, name, close)


def _number(connection: Connection, store: Store, account: str, contact: str) -> int:
    found = (
        select(conversations.c.id)
        .join(contacts, contacts.c.id == conversations.c.contact_id)
        .where(contacts.c.account == account, contacts.c.blind_index == store.keys.blind_index(account, contact))
    )
    number = connection.scalar(found)
    if number is None:
        raise UserFault(f"{account} {contact}: there is no such conversation; see `flask conversations list`")
    return int(number)
