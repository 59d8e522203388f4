"""Joins the parts: create_app() for the server, and the commands of the contract (design section 2).

Importing this module does nothing; each command builds only what it needs. It is long because all parts meet here.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from functools import lru_cache, partial, wraps
from pathlib import Path
from random import SystemRandom
from typing import Any, TypeVar, cast

import click
from flask import Flask

from bot.accounts import Account, WebChatAccount, WechatAccount, WecomAccount, WecomKfAccount
from bot.channels.web_chat import WebChatChannel
from bot.channels.wechat import connect_api
from bot.clock import Clock, system_clock
from bot.connections import channel_of
from bot.errors import ConfigurationFault, RetryLater, UserFault
from bot.kf.people import customer_of
from bot.logs import configure_logs
from bot.machine import Machine
from bot.outbox import Outbox
from bot.retry import RetryPolicy
from bot.sealed_files import SealedFiles
from bot.server import CHAT_SEATS, LIVE_SEATS, serve
from bot.settings import Settings, data_dir, load_settings
from bot.signed_api import SignedApi
from bot.sms import LoggedSms, SmsGateway, SmsSender
from bot.store.conversations import listed
from bot.store.outbox import dead_letters, replay
from bot.store.quota import has_window
from bot.store.store import Store, open_store
from care.demo_staff import add_demo_staff
from care.media import MEDIA_FOLDER
from care.personal_export import EXPORT_FOLDER
from care.policy_import import DEMO_POLICIES, import_policies
from care.workdays import WorkCalendar
from console.desk_app import console_pages
from console.exports import export_pages
from console.live import Live
from console.office import Account as ConsoleAccount
from console.office import Office
from console.sent_files import sent_file_pages
from console.simulation import simulation
from console.vaccine_plan import plan_pages
from console.web_chat.pages import web_chat_pages
from console.web_chat.streams import Streams
from handlers import commands, draft_warnings, native_service
from handlers.assigning import Rota
from handlers.audit_commands import audit_group
from handlers.case_commands import cases_group
from handlers.channels import Channels
from handlers.child_commands import children_group
from handlers.chores import Chores
from handlers.conversation_commands import add_acts
from handlers.desk import Desk
from handlers.eligibility_command import eligibility_command
from handlers.hand_over_packet import Packets
from handlers.handling import Handling
from handlers.house import build_desk, insurer_of
from handlers.key_commands import keys_group
from handlers.knowing import Knowing
from handlers.knowledge_commands import add_overlay
from handlers.open_form import OpenForms
from handlers.policy_commands import policies_group
from handlers.reception import Reception, hours_of
from handlers.remind import Rounds
from handlers.reminder_commands import reminders_group
from handlers.reminder_facts import Desk as PlanningDesk
from handlers.reminder_ticks import Ticker
from handlers.reminder_ways import Template, Ways
from handlers.replanning import kinds
from handlers.respond import Assistant
from handlers.staff_cards import Address, StaffCards
from handlers.staff_commands import users_group
from handlers.staff_files import StaffFiles
from handlers.understanding import build_router
from handlers.vaccine_commands import vaccines_group
from handlers.verification_commands import verification_group
from knowledge.check import coverage, find_faults
from knowledge.library import Library, load

Command = TypeVar("Command", bound=Callable[..., Any])
_LEARNED = "learned"  # folder in the data directory for what the router learned from the phrasings
_HANDBOOK_TEXTS = Path(__file__).parent.parent / "shared" / "handbooks"


def create_app() -> Flask:
    """Return the app with its commands. Pages are added only in a serving process (see `serving_app`)."""
    app = Flask(__name__)
    policies = policies_group(
        open_store=_store, products=lambda: tuple(_library().handbooks), clock=system_clock, guard=_speaking
    )
    eligibility = eligibility_command(open_store=_store, library=_library, guard=_speaking)
    audits = audit_group(open_store=_store, guard=_speaking)
    verification = verification_group(open_store=_store, library=_library, clock=system_clock, guard=_speaking)
    cases = cases_group(open_store=_store, library=_library, clock=system_clock, guard=_speaking)
    keys = keys_group(open_store=_store, data_dir=lambda: data_dir(os.environ), environment=os.environ, guard=_speaking)
    reminders = reminders_group(
        open_store=_store, rounds_of=_rounds, outbox_of=_outbox, clock=system_clock, guard=_speaking
    )
    users = users_group(open_store=_store, clock=system_clock, guard=_speaking)
    children = children_group(open_store=_store, library=_library, clock=system_clock, guard=_speaking)
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
        forms_of=_forms,
        windowless=lambda: _windowless(load_settings(os.environ)),
        clock=system_clock,
        guard=_speaking,
    )
    add_overlay(knowledge, open_store=_store, library=_library, guard=_speaking)
    for command in (ask, evaluate, knowledge, serve_command, db, conversations, outbox, *joined):
        app.cli.add_command(command)
    return app


def serving_app(settings: Settings) -> Flask:
    """Return the app of one serving process: webhooks, health, metrics, and the simulator where it is on."""
    app = create_app()
    store = open_store(settings.database_url, settings.keys)
    if settings.is_demo:
        import_policies(DEMO_POLICIES, store=store, products=_library().handbooks, clock=system_clock)
        add_demo_staff(store, clock=system_clock)
    channels = {account.id: channel_of(account, store=store) for account in settings.accounts}
    native_service.attend(channels, store.keys)
    papers = SealedFiles(settings.data_dir / MEDIA_FOLDER, settings.keys)
    copies = SealedFiles(settings.data_dir / EXPORT_FOLDER, settings.keys)
    chores = Chores(
        store=store,
        papers=papers,
        copies=copies,
        fetch=lambda account, media_id: channels[account].fetch_media(media_id),
        public_url=settings.public_url,
        clock=system_clock,
        wake_outbox=lambda: machine.wake(),
        reminding=Ticker(rounds=_rounds(store)),
        rota=Rota(
            store=store,
            hours=hours_of(settings.service),
            answer_within=timedelta(minutes=settings.service.answer_within_minutes),
        ),
        cards=StaffCards(
            store=store,
            library=_library(),
            addresses=_addresses(settings),
            public_url=settings.public_url,
            wake=lambda: machine.wake(),
        ),
    )
    desk = _desk(settings, store)
    knowing = Knowing(store=store, library=_library(), router=desk.router, assistant=desk.assistant)
    hours = hours_of(settings.service)
    reception = Reception(desk=desk.respond, router=desk.router, hours=hours, keys=settings.keys)
    machine = Machine(
        store=store,
        channels=channels,
        handler=knowing.before(reception.respond),
        while_human=reception.while_human,
        chores=chores.run,
        files=papers,
    )
    app.extensions["machine"] = machine
    app.extensions["live"] = live = Live(store=store, clock=system_clock)
    office = _office(settings, store, papers, desk=desk, machine=machine)
    console = console_pages(replace(office, knowing=knowing), live=live)
    sent = sent_file_pages(store=store, files=papers)
    own = (export_pages(store=store, copies=copies), plan_pages(store=store), sent, console)
    for pages in (*machine.blueprints(), *own):
        app.register_blueprint(pages)
    app.extensions["streams"] = streams = Streams(seats=CHAT_SEATS, clock=system_clock)
    app.register_blueprint(
        web_chat_pages(
            accounts={one.id: one for one in settings.accounts if isinstance(one, WebChatAccount)},
            channels={id: one for id, one in channels.items() if isinstance(one, WebChatChannel)},
            streams=streams,
        )
    )
    if settings.has_simulator:
        simulation(app, settings=settings, store=store, library=_library())
    return app


def _office(settings: Settings, store: Store, papers: SealedFiles, *, desk: Desk, machine: Machine) -> Office:
    return Office(
        store=store,
        library=_library(),
        papers=papers,
        accounts={
            one.id: ConsoleAccount(name=one.name, channel=one.channel, products=tuple(one.products))
            for one in settings.accounts
        },
        wake=machine.wake,
        is_demo=settings.is_demo,
        public_url=settings.public_url,
        live_seats=LIVE_SEATS,
        handling=Handling(
            store=store,
            forms=OpenForms(desk),
            max_bytes=lambda account: machine.channels[account].max_bytes,
            windowless=_windowless(settings),
            wake=machine.wake,
            files=StaffFiles(
                folder=papers, channel_of=lambda account: machine.channels[account], public_url=settings.public_url
            ),
        ),
        assistant=desk.assistant,
        packets=Packets(
            customers=desk.customers,
            forms=OpenForms(desk),
            hours=hours_of(settings.service),
            answer_within=timedelta(minutes=settings.service.answer_within_minutes),
        ),
        warnings=draft_warnings.warnings,
    )


def _addresses(settings: Settings) -> dict[str, Address]:
    """Where the staff get cards: the first application in WeCom that names them."""
    within = [account for account in reversed(settings.accounts) if isinstance(account, WecomAccount)]
    return {
        name: Address(account=account.id, member=member) for account in within for name, member in account.staff.items()
    }


def _desk(settings: Settings, store: Store) -> Desk:
    library = _library()
    return build_desk(
        library=library,
        router=build_router(library, memory=settings.data_dir / _LEARNED),
        store=store,
        products={account.id: _known_products(account, library) for account in settings.accounts},
        insurer=insurer_of(settings.insurers, store=store, library=library, clock=system_clock),
        public_url=settings.public_url,
        channels=Channels(
            names={account.id: account.name for account in settings.accounts},
            identities={
                one.id: partial(_customer, one) for one in settings.accounts if isinstance(one, WecomKfAccount)
            },
        ),
    )


def _customer(account: WecomKfAccount, contact: str) -> str:
    """Return a customer as WeCom knows them at every service point of a corporation."""
    customer, _ = customer_of(contact, tuple(account.open_kfids))
    return f"{account.corp_id}|{customer}"


def _rounds(store: Store) -> Rounds:
    settings = load_settings(os.environ)
    official = [account for account in settings.accounts if isinstance(account, WechatAccount)]
    unknown = sorted({kind for one in official for kind in one.templates} - set(kinds()))
    if unknown:
        raise ConfigurationFault(
            f"accounts: templates: {', '.join(unknown)}: no kind of reminder; use {', '.join(kinds())}"
        )
    return Rounds(
        store=store,
        house=PlanningDesk(library=_library(), calendar=WorkCalendar.load(), keys=store.keys),
        ways=Ways(
            templates={
                one.id: {
                    kind: Template(id=made.id, fields=made.fields, subscribed=made.subscribed)
                    for kind, made in one.templates.items()
                }
                for one in official
            },
            senders={one.id: connect_api(one, store=store) for one in official},
            sms=_sms(settings),
            windowless=_windowless(settings),
        ),
    )


def _windowless(settings: Settings) -> frozenset[str]:
    """Return the accounts whose people can always be written to."""
    return frozenset(account.id for account in settings.accounts if not has_window(account.channel))


def _sms(settings: Settings) -> SmsSender | None:
    if settings.sms is None:
        return LoggedSms() if settings.is_demo else None
    told = settings.sms
    api = SignedApi(
        name="sms", base_url=told.base_url, key_id=told.key_id, secret=told.secret.encode(), ca_file=told.ca_file
    )
    return SmsGateway(api)


def _outbox(store: Store, clock: Clock) -> Outbox:
    """The outbox at another time: what a command sends is counted in it."""
    settings = load_settings(os.environ)
    channels = {account.id: channel_of(account, store=store) for account in settings.accounts}
    files = SealedFiles(settings.data_dir / MEDIA_FOLDER, settings.keys)
    policy, chance = RetryPolicy(), SystemRandom()
    return Outbox(store=store, channels=channels, clock=clock, policy=policy, chance=chance, files=files)


def _forms(store: Store) -> OpenForms:
    return OpenForms(_desk(load_settings(os.environ), store))


def _known_products(account: Account, library: Library) -> tuple[str, ...]:
    unknown = [product for product in account.products if product not in library.handbooks]
    if unknown:
        raise ConfigurationFault(
            f"account {account.id}: products: {', '.join(unknown)} has no folder in knowledge/handbooks; "
            f"use {', '.join(library.handbooks)} or add the handbook"
        )
    return account.products


@lru_cache(maxsize=1)
def _library() -> Library:
    return load()


def _assistant() -> tuple[Assistant, tuple[str, ...]]:
    """An assistant for the command line: it knows every product and stores nothing."""
    library = _library()
    memory = data_dir(os.environ) / _LEARNED
    return Assistant(library, build_router(library, memory=memory), products={}), tuple(library.handbooks)


def _store() -> Store:
    settings = load_settings(os.environ)
    return open_store(settings.database_url, settings.keys)


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
    if product is not None and product not in _library().handbooks:
        raise UserFault(f"--product {product}: unknown; use one of {', '.join(_library().handbooks)}")
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
    library = _library()
    folder = texts or (_HANDBOOK_TEXTS if _HANDBOOK_TEXTS.is_dir() else None)
    faults = find_faults(library, texts=folder)
    for fault in faults:
        click.echo(fault)
    for handbook in library:
        table = coverage(handbook)
        covered = sum(bool(entries) for entries in table.values())
        click.echo(
            f"{handbook.product.id}: {len(handbook.entries)} entries, {covered} of {len(table)} clauses covered, "
            f"{len(handbook.drugs)} drugs, {len(handbook.phrasings)} phrasings"
        )
        if with_coverage:
            for clause, entries in table.items():
                click.echo(f"  {clause}: {', '.join(entries) or '(no fact in it)'}")
    if faults:
        sys.exit(1)


@click.command("serve")
@_speaking
def serve_command() -> None:
    """Serve webhooks, health, metrics and (in the demo) the simulator until stopped."""
    settings = load_settings(os.environ)
    for account in settings.accounts:
        _known_products(account, _library())
    click.echo("reading the handbooks (the first start after a change learns for half a minute) …", err=True)
    if settings.web_workers > 1:
        build_router(_library(), memory=settings.data_dir / _LEARNED)  # once here: the processes then find it done
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
