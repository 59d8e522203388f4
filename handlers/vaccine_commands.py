"""What the command line offers about vaccination: forecasts of many children, and the check of the rules.

Results to standard output alone; a line that can't be read is named on standard error, and the others are answered.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from bot.errors import UserFault
from care.vaccination.child import read_child
from care.vaccination.forecast import forecast
from care.vaccination.programme import Programme
from care.vaccination.rule_files import load

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]
MOST_FAULTS_TOLD = 50


def vaccines_group(*, guard: Guard) -> click.Group:
    """Return the commands `vaccines …`. `guard` turns the faults of a command into an exit code and a line."""
    group = click.Group("vaccines", help="Forecasts of children's vaccinations.")

    @group.command("forecast")
    @click.argument("file", type=click.Path(path_type=Path))
    @guard
    def forecast_command(file: Path) -> None:
        """Tell the next doses of each child of FILE, one JSON object a line in, one a line out, in the same order.

        Lines with a fault are named on standard error and left out; the exit code is then 2.
        """
        faults = 0
        for number, line in _lines(file):
            try:
                click.echo(answer(line, load()))
            except UserFault as fault:
                faults += 1
                if faults <= MOST_FAULTS_TOLD:
                    click.echo(f"{file}:{number}: {fault}", err=True)
        if faults:
            raise UserFault(f"{file}: {faults} of its lines could not be read; mend them and run the command again")

    @group.command("check")
    @guard
    def check_command() -> None:
        """Check the rules; each fault names file, entry and remedy."""
        rules = load()
        click.echo(f"{rules.edition.title}: {len(rules.routine)} families, {len(rules.self_paid)} self-paid vaccines")

    return group


def answer(line: str, programme: Programme) -> str:
    """Return the forecast of one JSON line as one JSON line. Raises UserFault: what is wrong, and the remedy."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserFault(f"no JSON object ({type(error).__name__}); write one child as {{…}} in one line") from error
    child = read_child(told, programme)
    rows = [row.to_json() for row in forecast(child, programme)]
    return json.dumps({"id": child.id, "forecast": rows}, ensure_ascii=False)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and text of each line that holds something; "-" reads standard input."""
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8", errors="surrogateescape").strip()
                if text:
                    yield number, text
    except OSError as error:
        raise UserFault(f"{file}: can't be read ({error.strerror}); check the name") from error
