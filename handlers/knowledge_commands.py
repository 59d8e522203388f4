"""What the command line offers about additions to the handbooks: listing them, and the file to take them over by."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from bot.store.store import Store
from care import knowledge_items
from handlers.overlay_export import exported
from knowledge.library import Library

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]


def add_overlay(
    group: click.Group, *, open_store: Callable[[], Store], library: Callable[[], Library], guard: Guard
) -> None:
    """Add the commands `overlay …` to `group`."""
    overlay = click.Group("overlay", help="What operators published in the console.")
    group.add_command(overlay)

    @overlay.command("list")
    @guard
    def list_command() -> None:
        """List every addition, one JSON line each, the newest first."""
        with closing(open_store()) as store, store.reading() as connection:
            found = knowledge_items.items(connection)
        for item in found:
            content = item.content
            row = {"id": item.id, "state": item.state, "kind": content.kind, "product": content.product}
            row |= {"service": content.service, "key": content.key, "drug_no": content.drug_no}
            row |= {"texts": list(content.texts), "say": content.say, "clauses": list(content.clauses)}
            row |= {"edited_by": item.edited_by, "approved_by": item.approved_by}
            click.echo(json.dumps(row, ensure_ascii=False))

    @overlay.command("export")
    @click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
    @guard
    def export_command(file: Path) -> None:
        """Write what is published to FILE (a zip), in the form of the handbooks' data files."""
        with closing(open_store()) as store, store.reading() as connection:
            found = knowledge_items.items(connection, states=("published",))
        file.write_bytes(exported(library(), found[::-1]))
        click.echo(f"{len(found)} additions written to {file}")
