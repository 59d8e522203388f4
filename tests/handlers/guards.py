"""How faults of a command end, as app.py does it: one line on standard error and exit code 2."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from bot.errors import UserFault


def as_served(command: Callable[..., Any]) -> Callable[..., Any]:
    """Guard a command."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except UserFault as fault:
            click.echo(f"error: {fault}", err=True)
            raise SystemExit(2) from fault

    return run
