"""What the command line offers about the keys: changing the master key while the service runs."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from bot.errors import UserFault
from bot.master_keys import add_master_key, drop_old_master_keys, index_key_text
from bot.sealed_files import SealedFiles
from bot.store.store import Store
from care.key_rotation import left_to_do, rotate
from care.media import MEDIA_FOLDER
from care.personal_export import EXPORT_FOLDER

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]


def keys_group(
    *, open_store: Callable[[], Store], data_dir: Callable[[], Path], environment: Mapping[str, str], guard: Guard
) -> click.Group:
    """Return the commands `keys …`. `guard` turns the faults of a command into an exit code and a line."""
    group = click.Group("keys", help="The master key: add a new one, seal everything with it, drop the old ones.")

    @group.command("add")
    @guard
    def add_command() -> None:
        """Put a new master key before the others. Restart every process before `keys rotate`."""
        add_master_key(environment, data_dir())
        click.echo("a new master key is first now; restart every process, then run `flask keys rotate`")

    @group.command("rotate")
    @guard
    def rotate_command() -> None:
        """Seal everything with the newest master key; may be broken off and run again."""
        with closing(open_store()) as store:
            folders = [SealedFiles(data_dir() / name, store.keys) for name in (MEDIA_FOLDER, EXPORT_FOLDER)]
            done = rotate(store, folders, progress=lambda name, count: click.echo(f"{name}: {count}", err=True))
            with store.reading() as connection:
                left = left_to_do(connection, store.keys)
        click.echo(f"{done.changed} sealed anew, {left} left")
        if done.unreadable:
            raise UserFault(f"{len(done.unreadable)} values open with no key that is here: {done.unreadable[0]} …")

    @group.command("drop-old")
    @click.confirmation_option(prompt="What the old keys still seal is lost for good. Drop them?")
    @guard
    def drop_command() -> None:
        """Keep the newest master key only. Refused while something is still sealed with an older one."""
        with closing(open_store()) as store, store.reading() as connection:
            left = left_to_do(connection, store.keys)
        if left:
            raise UserFault(f"{left} values are still sealed with an older key; run `flask keys rotate` first")
        click.echo(f"{drop_old_master_keys(environment, data_dir())} old keys dropped; restart every process")

    @group.command("index-key")
    @guard
    def index_command() -> None:
        """Print what ASSISTANT_INDEX_KEY must be before the oldest key of ASSISTANT_MASTER_KEY goes. A secret."""
        click.echo(index_key_text(environment))

    return group
