"""What the command line offers about verification: who is locked out by failures, and letting them try again."""

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import click
from sqlalchemy import Connection, select

from bot.clock import Clock, in_china
from bot.errors import UserFault
from bot.keys import KeyRing, Unreadable
from bot.store.people import person_of
from bot.store.schema import contacts, conversations
from bot.store.store import Store
from care import attempts
from care.workdays import WorkCalendar
from handlers.case_work import Refused
from handlers.person_care import PersonWorker
from knowledge.library import Library

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]


def verification_group(
    *, open_store: Callable[[], Store], library: Callable[[], Library], clock: Clock, guard: Guard
) -> click.Group:
    """Return the commands `verification …`. `guard` turns the faults of a command into an exit code and a line."""
    group = click.Group("verification", help="Who is locked out of verifying a policy.")

    def worker(store: Store) -> PersonWorker:
        return PersonWorker(library=library(), keys=store.keys, calendar=WorkCalendar.load(), actor="command")

    @group.command("locks")
    @guard
    def locks_command() -> None:
        """List who is locked, one JSON line each."""
        with closing(open_store()) as store, store.reading() as connection:
            found = attempts.locked_contacts(connection, now=clock())
            rows = [(*_called(connection, store.keys, contact_id), lock) for contact_id, lock in found]
        for account, contact, lock in rows:
            until = in_china(lock.until).isoformat(timespec="seconds")
            click.echo(json.dumps({"account": account, "contact": contact, "until": until}, ensure_ascii=False))

    @group.command("unlock")
    @click.option("--account", help="The account that the person writes to.")
    @click.option("--contact", help="The platform's id of the person, as `flask conversations list` shows it.")
    @click.option("--policy", "policy_no", help="A policy at which too many failed, whoever they were.")
    @guard
    def unlock_command(account: str | None, contact: str | None, policy_no: str | None) -> None:
        """Let a person (--account and --contact) or a policy (--policy) be verified again."""
        if bool(account and contact) == bool(policy_no):
            raise UserFault("give --account and --contact, or --policy")
        with closing(open_store()) as store:

            def work(connection: Connection) -> None:
                if policy_no:
                    worker(store).unlock_policy(connection, policy_no, now=clock())
                    return
                contact_id = _contact_id(connection, store.keys, str(account), str(contact))
                worker(store).unlock(connection, contact_id, now=clock())

            try:
                store.write(work)
            except Refused as fault:
                raise UserFault("not locked") from fault
        click.echo("unlocked", err=True)

    return group


def _contact_id(connection: Connection, keys: KeyRing, account: str, contact: str) -> int:
    index = keys.blind_index(account, contact)
    found = connection.scalar(
        select(contacts.c.id).where(contacts.c.account == account, contacts.c.blind_index == index)
    )
    if found is None:
        raise UserFault(f"--contact {contact}: nobody wrote to {account} by this id; see `flask conversations list`")
    return int(found)


def _called(connection: Connection, keys: KeyRing, contact_id: int) -> tuple[str, str]:
    row = connection.execute(
        select(conversations.c.id, conversations.c.account).where(conversations.c.contact_id == contact_id)
    ).one()
    try:
        return row.account, person_of(connection, keys, row.id).platform_id
    except Unreadable:
        return row.account, ""
