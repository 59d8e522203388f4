"""Joins what one deployment runs: channels, desk, chores, console, simulator. Only what serves or sends reads this.

It stands above all pages, because it joins them; app.py joins it with the commands. It is long because all parts meet
here.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import SystemRandom

from flask import Flask

from bot.accounts import Account, WebChatAccount, WechatAccount, WecomAccount, WecomKfAccount
from bot.channel import Channel
from bot.channels.web_chat import WebChatChannel
from bot.channels.wechat import connect_api
from bot.clock import Clock, system_clock
from bot.connections import channel_of
from bot.errors import ConfigurationFault
from bot.forks import SideProcesses
from bot.kf.people import customer_of
from bot.machine import Machine
from bot.outbox import Outbox
from bot.retry import RetryPolicy
from bot.sealed_files import SealedFiles
from bot.server import CHAT_SEATS, LIVE_SEATS
from bot.settings import Settings, load_settings
from bot.signed_api import SignedApi
from bot.sms import LoggedSms, SmsGateway, SmsSender
from bot.store.store import Store, open_store
from bot.unionids import TellsUnionids
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
from handlers import draft_warnings, native_service
from handlers.assigning import Rota
from handlers.channels import Channels
from handlers.chores import Chores
from handlers.desk import Desk
from handlers.hand_over_packet import Packets
from handlers.handling import Handling
from handlers.house import build_desk, insurer_of
from handlers.knowing import Knowing
from handlers.open_form import OpenForms
from handlers.reception import Reception, hours_of
from handlers.remind import Rounds
from handlers.reminder_facts import Desk as PlanningDesk
from handlers.reminder_ticks import Ticker
from handlers.reminder_ways import Template, Ways
from handlers.reminder_ways import check as check_templates
from handlers.replanning import kinds
from handlers.staff_cards import Address, StaffCards
from handlers.staff_files import StaffFiles
from handlers.understanding import LEARNED_FOLDER, build_router
from handlers.unionids import Source, Unionids
from knowledge.library import Library, loaded


def serve_in(app: Flask, settings: Settings) -> Flask:
    """Add to `app` what a serving process offers: webhooks, health, metrics, pages, the simulator where it is on."""
    store = open_store(settings.database_url, settings.keys)
    if settings.is_demo:
        import_policies(DEMO_POLICIES, store=store, products=loaded().handbooks, clock=system_clock)
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
        reminding=Ticker(rounds=rounds_of(store)),
        unionids=Unionids(
            store=store,
            house=PlanningDesk(library=loaded(), calendar=WorkCalendar.load(), keys=store.keys),
            sources=_telling_unionids(settings, channels),
            channels=Channels(names={account.id: account.name for account in settings.accounts}),
            windowless=windowless_of(settings),
        ),
        rota=Rota(
            store=store,
            hours=hours_of(settings.service),
            answer_within=timedelta(minutes=settings.service.answer_within_minutes),
            serves=products_of(settings).get,
        ),
        cards=StaffCards(
            store=store,
            library=loaded(),
            addresses=_addresses(settings),
            public_url=settings.public_url,
            wake=lambda: machine.wake(),
        ),
    )
    desk = desk_of(settings, store)
    knowing = Knowing(store=store, library=loaded(), router=desk.router, assistant=desk.assistant)
    hours = hours_of(settings.service)
    reception = Reception(desk=desk.respond, router=desk.router, hours=hours, keys=settings.keys)
    side = SideProcesses(desk.router.tell, count=settings.side_processes)
    desk.router.tell_by(side.ask)
    machine = Machine(
        store=store,
        channels=channels,
        handler=knowing.before(reception.respond),
        while_human=reception.while_human,
        chores=chores.run,
        files=papers,
        side=side,
    )
    app.extensions["machine"] = machine
    app.extensions["live"] = live = Live(store=store, clock=system_clock)
    office = replace(_office(settings, store, papers, desk=desk, machine=machine), knowing=knowing)
    console = console_pages(office, live=live)
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
        simulation(app, settings=settings, store=store, library=loaded(), explained=office.explained)
    return app


def _office(settings: Settings, store: Store, papers: SealedFiles, *, desk: Desk, machine: Machine) -> Office:
    products = products_of(settings)
    return Office(
        store=store,
        library=loaded(),
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
            windowless=windowless_of(settings),
            wake=machine.wake,
            files=StaffFiles(
                folder=papers, channel_of=lambda account: machine.channels[account], public_url=settings.public_url
            ),
            serves=lambda account: products.get(account, ()),
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


def _telling_unionids(settings: Settings, channels: Mapping[str, Channel]) -> Iterator[Source]:
    """Yield the accounts whose people are to be joined by unionid. WeCom speaks of late customers only."""
    for account in settings.accounts:
        channel = channels[account.id]
        is_asked = isinstance(account, WechatAccount | WecomKfAccount) and account.join_by_unionid
        if is_asked and isinstance(channel, TellsUnionids):
            knows_everybody = isinstance(account, WechatAccount)
            yield Source(account=account.id, ask=channel.unionids, knows_everybody=knows_everybody)


def _addresses(settings: Settings) -> dict[str, Address]:
    """Where the staff get cards: the first application in WeCom that names them."""
    within = [account for account in reversed(settings.accounts) if isinstance(account, WecomAccount)]
    return {
        name: Address(account=account.id, member=member) for account in within for name, member in account.staff.items()
    }


def desk_of(settings: Settings, store: Store) -> Desk:
    return build_desk(
        library=loaded(),
        router=build_router(loaded(), memory=settings.data_dir / LEARNED_FOLDER),
        store=store,
        products={account.id: known_products(account, loaded()) for account in settings.accounts},
        insurer=insurer_of(settings.insurers, store=store, library=loaded(), clock=system_clock),
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


def rounds_of(store: Store) -> Rounds:
    settings = load_settings(os.environ)
    official = [account for account in settings.accounts if isinstance(account, WechatAccount)]
    for one in official:
        check_templates({kind: made.fields for kind, made in one.templates.items()}, kinds())
    return Rounds(
        store=store,
        house=PlanningDesk(library=loaded(), calendar=WorkCalendar.load(), keys=store.keys),
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
            windowless=windowless_of(settings),
        ),
    )


def products_of(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """Return the products of each account."""
    return {account.id: tuple(account.products) for account in settings.accounts}


def windowless_of(settings: Settings) -> frozenset[str]:
    """Return the accounts whose people can always be written to."""
    return frozenset(account.id for account in settings.accounts if not account.has_window)


def _sms(settings: Settings) -> SmsSender | None:
    if settings.sms is None:
        return LoggedSms() if settings.is_demo else None
    told = settings.sms
    api = SignedApi(
        name="sms", base_url=told.base_url, key_id=told.key_id, secret=told.secret.encode(), ca_file=told.ca_file
    )
    return SmsGateway(api)


def outbox_of(store: Store, clock: Clock) -> Outbox:
    """The outbox at another time: what a command sends is counted in it."""
    settings = load_settings(os.environ)
    channels = {account.id: channel_of(account, store=store) for account in settings.accounts}
    files = SealedFiles(settings.data_dir / MEDIA_FOLDER, settings.keys)
    policy, chance = RetryPolicy(), SystemRandom()
    return Outbox(store=store, channels=channels, clock=clock, policy=policy, chance=chance, files=files)


def forms_of(store: Store) -> OpenForms:
    return OpenForms(desk_of(load_settings(os.environ), store))


def known_products(account: Account, library: Library) -> tuple[str, ...]:
    unknown = [product for product in account.products if product not in library.handbooks]
    if unknown:
        raise ConfigurationFault(
            f"account {account.id}: products: {', '.join(unknown)} has no folder in knowledge/handbooks; "
            f"use {', '.join(library.handbooks)} or add the handbook"
        )
    return account.products
