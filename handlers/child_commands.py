"""What the command line offers about children: importing their records, listing them, showing one with what comes next.

Results to standard output, progress to standard error; an import ends with 0 when every row was taken, 1 when some
were refused.
"""

import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from bot.clock import Clock, in_china
from bot.errors import RetryLater, UserFault
from bot.store.store import Store
from care import audit, children, policies
from care.child import Child
from care.child_forecast import forecast_of, unrecorded
from care.child_import import ImportedChildren, import_children
from care.workdays import WorkCalendar
from handlers.reminder_facts import Desk
from handlers.replanning import replan_child
from knowledge.library import Library

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]
_PAGE = 200


def children_group(
    *, open_store: Callable[[], Store], library: Callable[[], Library], clock: Clock, guard: Guard
) -> click.Group:
    """Return the commands `children …`. `guard` turns the faults of a command into an exit code and a line."""
    group = click.Group("children", help="Children's profiles, doses and what comes next.")

    @group.command("import")
    @click.argument("file", type=click.Path(path_type=Path))
    @guard
    def import_command(file: Path) -> None:
        """Import the children of FILE, a CSV of one child a row (docs/children.md); may be repeated.

        Refused rows are written with the reasons to <FILE without .csv>.refused.csv beside it.
        """
        with closing(open_store()) as store:
            done = import_file(file, store=store, library=library(), clock=clock)
        for line in report(done):
            click.echo(line)
        if done.refused:
            sys.exit(1)

    @group.command("list")
    @click.option("--policy", "policy_no", help="Only the children of this policy.")
    @guard
    def list_command(policy_no: str | None) -> None:
        """List the children, one JSON line each, in the order in which they were made."""
        with closing(open_store()) as store:
            after = 0
            while page := _read(store, policy_no, after):
                for child in page:
                    click.echo(json.dumps(_line(child), ensure_ascii=False))
                after = page[-1].id
                if policy_no is not None:
                    break
            store.write(lambda connection: _audit(connection, store, "children listed", "children", clock))

    @group.command("show")
    @click.argument("number")
    @click.option("--on", "day", help="The day the forecast is for, YYYY-MM-DD; default today.")
    @guard
    def show_command(number: str, day: str | None) -> None:
        """Show the child NUMBER, its record and the next dose of each vaccine, as one JSON line."""
        as_of = _day(day) if day else in_china(clock()).date()
        with closing(open_store()) as store:
            with store.reading() as connection:
                child = children.child_with_number(connection, store.keys, number.strip().upper())
            if child is None:
                raise UserFault(f"{number}: no child has this number; see `flask children list`")
            store.write(lambda connection: _audit(connection, store, "child shown", f"child:{child.id}", clock))
        click.echo(json.dumps(shown(child, as_of), ensure_ascii=False))

    return group


def import_file(file: Path, *, store: Store, library: Library, clock: Clock) -> ImportedChildren:
    """Import a file, tell the progress on standard error, and put the import into the audit trail. Raises UserFault."""
    house = Desk(library=library, calendar=WorkCalendar.load(), keys=store.keys)
    try:
        done = import_children(
            file,
            store=store,
            products=[book.product.id for book in library if book.product.child_reminders],
            replan=lambda connection, child: replan_child(connection, house, child, now=clock()),
            clock=clock,
            tell=lambda line: click.echo(line, err=True),
        )
        counts = {name: getattr(done, name) for name in ("taken", "refused", "new", "changed", "same", "doses")}
        store.write(lambda connection: _audit(connection, store, "children imported", "children", clock, counts))
    except RetryLater as error:
        raise UserFault(f"{file}: not finished ({error}); what was taken stays, run the same command again") from error
    return done


def report(done: ImportedChildren) -> list[str]:
    """Return what an import did, in lines for an operator."""
    lines = [
        f"{_rows(done.taken)} taken: {done.new} children new, {done.changed} changed, {done.same} as they were; "
        f"{done.doses} doses new"
    ]
    if done.refused_file is not None:
        lines.append(f"{_rows(done.refused)} refused; rows and reasons are in {done.refused_file}")
    return lines


def shown(child: Child, as_of: date) -> dict[str, Any]:
    """Return a child with its record and forecast, in values for JSON."""
    return {
        **_line(child),
        "region": child.profile.region,
        "doses": [{"vaccine": one.vaccine, "date": str(one.on), "source": one.source} for one in child.doses],
        "assumed": [{"vaccine": one.vaccine, "date": str(one.on)} for one in unrecorded(child)],
        "check_ups": [str(one.on) for one in child.check_ups],
        "as_of": str(as_of),
        "forecast": [row.to_json() | {"certainty": row.certainty} for row in forecast_of(child, as_of)],
    }


def _read(store: Store, policy_no: str | None, after: int) -> list[Child]:
    with store.reading() as connection:
        return _page(connection, store, policy_no, after)


def _page(connection: Connection, store: Store, policy_no: str | None, after: int) -> list[Child]:
    if policy_no is None:
        return children.children_after(connection, store.keys, after, limit=_PAGE)
    policy = policies.by_number(connection, store.keys, policy_no)
    if policy is None or policy.id is None:
        raise UserFault(f"--policy {policy_no}: no policy here has this number")
    return children.children_of_policy(connection, store.keys, policy.id)


def _line(child: Child) -> dict[str, Any]:
    since = child.profile.record_since
    return {
        "number": child.number,
        "name": child.name,
        "birth": str(child.birth),
        "sex": child.profile.sex,
        "insured": child.insured_id is not None,
        "doses_recorded": len(child.doses),
        "record": "whole" if since is None else f"unknown before {since}",
    }


def _audit(
    connection: Connection,
    store: Store,
    action: str,
    subject: str,
    clock: Clock,
    detail: dict[str, Any] | None = None,
) -> None:
    audit.append(connection, store.keys, actor="command", action=action, subject=subject, now=clock(), detail=detail)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserFault(f"--on {text}: no day; write YYYY-MM-DD") from error


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
