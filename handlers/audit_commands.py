"""What the command line offers about the audit trail: reading it, and checking that nothing of it was changed."""

import json
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

import click

from bot.clock import in_china
from bot.store.store import Store
from care import audit

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]


def audit_group(*, open_store: Callable[[], Store], guard: Guard) -> click.Group:
    """Return the commands `audit …`. `guard` turns the faults of a command into an exit code and a line."""
    group = click.Group("audit", help="Who read or did what.")

    @group.command("list")
    @click.option("--actor", default="", help="Only rows whose actor contains this (user:NAME, contact:7, command).")
    @click.option("--subject", default="", help="Only rows whose subject contains this (case:NUMBER, contact:7).")
    @click.option("--action", default="", help="Only rows whose action contains this (reveal, login, case moved).")
    @click.option("--limit", type=click.IntRange(1, 10000), default=100, show_default=True)
    @guard
    def list_command(actor: str, subject: str, action: str, limit: int) -> None:
        """List the newest rows, one JSON line each, the newest first."""
        with closing(open_store()) as store, store.reading() as connection:
            found = audit.searched(connection, store.keys, actor=actor, subject=subject, action=action, limit=limit)
        for one in found:
            row = {"id": one.id, "at": in_china(one.at).isoformat(timespec="seconds"), "actor": one.actor}
            row |= {"action": one.action, "subject": one.subject, "detail": dict(one.detail)}
            click.echo(json.dumps(row, ensure_ascii=False))

    @group.command("verify")
    @click.option("--known", help="An earlier end of the chain, as this command printed it: ID:DIGEST.")
    @guard
    def verify_command(known: str | None) -> None:
        """Check the chain; print its end (to be noted outside the database), or the first broken row and exit 1."""
        noted = _head(known) if known else None
        with closing(open_store()) as store, store.reading() as connection:
            broken = audit.verify(connection, store.keys, known=noted)
            end = audit.head(connection)
        if broken is not None:
            click.echo(f"broken at row {broken}: it, or what stood before it, was changed or removed", err=True)
            sys.exit(1)
        click.echo(f"{end.id}:{end.digest}" if end else "empty")

    return group


def _head(text: str) -> audit.Head:
    id, _, digest = text.partition(":")
    if not id.isdigit() or not digest:
        raise click.BadParameter(f"{text}: give what `flask audit verify` printed, ID:DIGEST")
    return audit.Head(id=int(id), digest=digest)
