"""Joins the parts: create_app() for the server, and the commands of the contract (design section 2).

Importing this module does nothing; each command builds only what it needs, and what serves or sends is imported only by
those that do. It is long because all commands meet here.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from flask import Flask

from bot.clock import system_clock
from bot.errors import ConfigurationFault, RetryLater, UserFault
from bot.logs import configure_logs
from bot.server import serve
from bot.settings import Settings, data_dir, load_settings
from bot.store.conversations import listed
from bot.store.outbox import dead_letters, replay
from bot.store.store import Store, open_store
from handlers import commands
from handlers.audit_commands import audit_group
from handlers.case_commands import cases_group
from handlers.child_commands import children_group
from handlers.conversation_commands import add_acts
from handlers.eligibility_command import eligibility_command
from handlers.key_commands import keys_group
from handlers.knowledge_commands import add_overlay
from handlers.policy_commands import policies_group
from handlers.reminder_commands import reminders_group
from handlers.respond import Assistant
from handlers.staff_commands import users_group
from handlers.understanding import LEARNED_FOLDER, build_router
from handlers.vaccine_commands import vaccines_group
from handlers.verification_commands import verification_group
from knowledge.check import coverage, find_faults
from knowledge.library import loaded

Command = TypeVar("Command", bound=Callable[..., Any])
_HANDBOOK_TEXTS = Path(__file__).parent.parent / "shared" / "handbooks"


def create_app() -> Flask:
    """Return the app with its commands. Pages are added only in a serving process (see `serving_app`)."""
    app = Flask(__name__)
    policies = policies_group(
        open_store=_store, products=lambda: tuple(loaded().handbooks), clock=system_clock, guard=_speaking
    )
    eligibility = eligibility_command(open_store=_store, library=loaded, guard=_speaking)
    audits = audit_group(open_store=_store, guard=_speaking)
    verification = verification_group(open_store=_store, library=loaded, clock=system_clock, guard=_speaking)
    cases = cases_group(open_store=_store, library=loaded, clock=system_clock, guard=_speaking, windowless=_windowless)
    keys = keys_group(open_store=_store, data_dir=lambda: data_dir(os.environ), environment=os.environ, guard=_speaking)
    reminders = reminders_group(
        open_store=_store,
        rounds_of=lambda store: _deployment().rounds_of(store),
        outbox_of=lambda store, clock: _deployment().outbox_of(store, clock),
        clock=system_clock,
        guard=_speaking,
    )
    users = users_group(open_store=_store, clock=system_clock, guard=_speaking)
    children = children_group(open_store=_store, library=loaded, clock=system_clock, guard=_speaking)
    joined = (
        audits,
        verification,
        policies,
        eligibility,
        cases,
        keys,
        reminders,
        vaccines_group(guard=_speaking),
        users,
        children,
    )
    add_acts(
        conversations,
        open_store=_store,
        forms_of=lambda store: _deployment().forms_of(store),
        windowless=_windowless,
        clock=system_clock,
        guard=_speaking,
    )
    add_overlay(knowledge, open_store=_store, library=loaded, guard=_speaking)
    for command in (ask, evaluate, knowledge, serve_command, db, conversations, outbox, *joined):
        app.cli.add_command(command)
    return app


def serving_app(settings: Settings) -> Flask:
    """Return the app of one serving process: the commands' app, and what it serves."""
    app: Flask = _deployment().serve_in(create_app(), settings)
    return app


def _deployment() -> Any:
    """Return what joins a deployment. Its import reads every page and channel; most commands need not wait for it."""
    from console import deployment

    return deployment


def _assistant() -> tuple[Assistant, tuple[str, ...]]:
    """An assistant for the command line: it knows every product and stores nothing."""
    library = loaded()
    memory = data_dir(os.environ) / LEARNED_FOLDER
    return Assistant(library, build_router(library, memory=memory), products={}), tuple(library.handbooks)


def _store() -> Store:
    settings = load_settings(os.environ)
    return open_store(settings.database_url, settings.keys)


def _windowless() -> frozenset[str]:
    told: frozenset[str] = _deployment().windowless_of(load_settings(os.environ))
    return told


def _speaking(command: Command) -> Command:
    """Bad input and wrong configuration end a command with exit code 2, a database that is away or busy with 1; each
    with one clear line on standard error."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        configure_logs()
        try:
            return command(*arguments, **options)
        except (UserFault, ConfigurationFault) as fault:
            click.echo(f"error: {fault}", err=True)
            sys.exit(2)
        except RetryLater as fault:
            click.echo(f"error: not finished ({fault}); run it again in a moment", err=True)
            sys.exit(1)

    return cast(Command, run)


@click.command("ask")
@click.argument("question")
@click.option("--product", help="The product the person is known to have.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line an answer.")
@click.option("--explain", is_flag=True, help="Also print what was understood, and why.")
@_speaking
def ask(question: str, product: str | None, as_json: bool, explain: bool) -> None:
    """Answer QUESTION from the handbooks; "-" reads a question a line from standard input. Stores nothing."""
    if product is not None and product not in loaded().handbooks:
        raise UserFault(f"--product {product}: unknown; use one of {', '.join(loaded().handbooks)}")
    assistant, products = _assistant()
    for text in commands.questions(question):
        answer = commands.ask_one(assistant, text, products=products, product=product)
        commands.print_answer(answer, as_json=as_json, explain=explain)


@click.command("evaluate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--min-pass", type=float, default=0.0, help="Fail below this share of passes, in per cent.")
@click.option("--max-wrong", type=float, default=100.0, help="Fail above this share of wrong answers, in per cent.")
@click.option("--failures", type=int, default=20, show_default=True, help="Print so many failed cases.")
@_speaking
def evaluate(file: Path, min_pass: float, max_wrong: float, failures: int) -> None:
    """Score the question set FILE; prints tables by product, kind and style."""
    cases = commands.read_cases(file)
    assistant, products = _assistant()
    results = commands.score(cases, assistant, products=products)
    commands.report(results, failures=failures)
    if not commands.passes(results, min_pass=min_pass, max_wrong=max_wrong):
        sys.exit(1)


@click.group("knowledge")
def knowledge() -> None:
    """The handbooks as data."""


@knowledge.command("check")
@click.option("--texts", type=click.Path(path_type=Path), help="Folder of the handbooks' text editions.")
@click.option("--coverage", "with_coverage", is_flag=True, help="Print the table clause → entries.")
@_speaking
def knowledge_check(texts: Path | None, with_coverage: bool) -> None:
    """Check every handbook; each fault names file, entry and remedy."""
    library = loaded()
    folder = texts or (_HANDBOOK_TEXTS if _HANDBOOK_TEXTS.is_dir() else None)
    faults = find_faults(library, texts=folder)
    for fault in faults:
        click.echo(fault)
    for handbook in library:
        table = coverage(handbook)
        free = {clause.id for clause in handbook.clauses if clause.fact_free}
        covered = sum(bool(entries) for clause, entries in table.items() if clause not in free)
        click.echo(
            f"{handbook.product.id}: {len(handbook.entries)} entries, {covered} of {len(table) - len(free)} clauses "
            f"covered ({len(free)} more have no fact in them), "
            f"{len(handbook.drugs)} drugs, {len(handbook.phrasings)} phrasings"
        )
        if with_coverage:
            for clause, entries in table.items():
                without = "(no fact in it)" if clause in free else "(NOT COVERED)"
                click.echo(f"  {clause}: {', '.join(entries) or without}")
    if faults:
        sys.exit(1)


@click.command("serve")
@_speaking
def serve_command() -> None:
    """Serve webhooks, health, metrics and (in the demo) the simulator until stopped."""
    settings = load_settings(os.environ)
    for account in settings.accounts:
        _deployment().known_products(account, loaded())
    click.echo("reading the handbooks (the first start after a change learns for a minute or two) …", err=True)
    if settings.web_workers > 1:
        build_router(loaded(), memory=settings.data_dir / LEARNED_FOLDER)  # once here: the processes then find it done
    serve(
        settings,
        lambda: serving_app(settings),
        machine_of=lambda app: app.extensions["machine"],
        at_end=_end_streams,
    )


def _end_streams(app: Flask) -> None:
    for name in ("live", "streams"):
        app.extensions[name].stop()


@click.group("db")
def db() -> None:
    """The database."""


@db.command("upgrade")
@_speaking
def db_upgrade() -> None:
    """Bring the database to this version; safe to run at any time."""
    _store().close()
    click.echo("the database is up to date", err=True)


@click.group("conversations")
def conversations() -> None:
    """Conversations and who answers them."""


@conversations.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line a conversation.")
@_speaking
def conversations_list(as_json: bool) -> None:
    """List conversations: account, contact, owner (bot | waiting | human); the longest waiting first."""
    store = _store()
    with store.reading() as connection:
        rows = [
            {"account": row.account, "contact": row.contact, "owner": str(row.owner)}
            for row in listed(connection, store.keys)
        ]
    store.close()
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else "\t".join(row.values()))


@click.group("outbox")
def outbox() -> None:
    """Messages on their way out."""


@outbox.command("dead")
@_speaking
def outbox_dead() -> None:
    """List the messages that could not be sent, one JSON line each, the newest first; never their texts."""
    store = _store()
    with store.reading() as connection:
        letters = dead_letters(connection)
    store.close()
    for letter in letters:
        click.echo(json.dumps(asdict(letter), default=str))


@outbox.command("replay")
@click.argument("number", type=int)
@_speaking
def outbox_replay(number: int) -> None:
    """Try dead letter NUMBER again."""
    store = _store()
    revived = store.write(lambda connection: replay(connection, number, now=system_clock()))
    store.close()
    if not revived:
        raise UserFault(f"{number}: no dead letter has this number; see `flask outbox dead`")
    click.echo(f"{number} will be sent again", err=True)
