"""What the command line offers about policies: importing an insurer's file. Results to standard output, progress to
standard error; exit code 0 when every row was taken, 1 when some were refused."""

import sys
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from bot.clock import Clock
from bot.errors import RetryLater, UserFault
from bot.store.store import Store
from care import audit
from care.policy_import import Imported, import_policies

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]


def policies_group(
    *, open_store: Callable[[], Store], products: Callable[[], Collection[str]], clock: Clock, guard: Guard
) -> click.Group:
    """Return the commands `policies …`. `guard` turns the faults of a command into an exit code and a line."""
    group = click.Group("policies", help="The policies of the insured.")

    @group.command("import")
    @click.argument("file", type=click.Path(path_type=Path))
    @guard
    def import_command(file: Path) -> None:
        """Import the policies of FILE, a CSV of one insured person a row; may be repeated.

        Refused rows are written with the reasons to <FILE without .csv>.refused.csv beside it.
        """
        with closing(open_store()) as store:
            done = import_file(file, store=store, products=products(), clock=clock)
        for line in report(done):
            click.echo(line)
        if done.refused:
            sys.exit(1)

    return group


def import_file(file: Path, *, store: Store, products: Collection[str], clock: Clock) -> Imported:
    """Import a file, tell the progress on standard error, and put the import into the audit trail. Raises UserFault."""
    try:
        done = import_policies(file, store=store, products=products, clock=clock, tell=_tell)
        _record(done, store=store, clock=clock)
    except RetryLater as error:
        raise UserFault(f"{file}: not finished ({error}); what was taken stays, run the same command again") from error
    return done


def report(done: Imported) -> list[str]:
    """Return what an import did, in lines for an operator."""
    lines = [
        f"{_rows(done.taken)} taken: {done.new} policies new, {done.changed} changed, {done.same} as they were",
    ]
    if done.unnamed:
        lines.append(f"{done.unnamed} insured persons of these policies are not in the file; they stay covered")
    if done.refused_file is not None:
        lines.append(f"{_rows(done.refused)} refused; rows and reasons are in {done.refused_file}")
    return lines


def _record(done: Imported, *, store: Store, clock: Clock) -> None:
    counts = {name: getattr(done, name) for name in ("taken", "refused", "new", "changed", "same", "unnamed")}

    def work(connection: Connection) -> None:
        audit.append(
            connection,
            store.keys,
            actor="command",
            action="policies imported",
            subject="policies",
            now=clock(),
            detail=counts,
        )

    store.write(work)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _tell(line: str) -> None:
    click.echo(line, err=True)
