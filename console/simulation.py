"""Joins the simulator to one deployment: its accounts, its server, its store and its keys."""

from dataclasses import replace

from flask import Flask

from bot.accounts import WebChatAccount, WechatAccount, WecomAccount, WecomKfAccount
from bot.clock import in_china, system_clock
from bot.messages import Understanding
from bot.settings import Settings
from bot.store.questions import latest_understanding
from bot.store.store import Store
from console.platform.phone import PhoneAccount
from console.platform.wecom_phone import WeComPhoneAccount
from console.reasons import Explained
from console.simulator.chat import by_http
from console.simulator.demo_policies import demo_policies
from console.simulator.pages import simulator
from console.simulator.world import MENU, SimulatedAccount
from knowledge.library import Library

OnPlatform = WechatAccount | WecomAccount | WecomKfAccount
_EVERY_ADDRESS = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - compared with, not bound to
_WISHES = ("inpatient-advance", "inpatient-fast-track")  # a newcomer tries the first that the account's products have


def simulation(app: Flask, *, settings: Settings, store: Store, library: Library, explained: Explained) -> None:
    """Add the simulator's pages, and the platform that it plays, to the app of a serving process.

    Policies to try are shown in the demo only.
    """

    def understood(account: str, contact: str) -> Understanding | None:
        with store.reading() as connection:
            last = latest_understanding(connection, store.keys, account=account, platform_id=contact)
        return explained.understanding(last) if last is not None else None

    host = "127.0.0.1" if settings.host in _EVERY_ADDRESS else settings.host
    app.register_blueprint(
        simulator(
            accounts=[
                _simulated(account, library if settings.is_demo else None)
                for account in settings.accounts
                if not isinstance(account, WebChatAccount)  # it has a page of its own, and no platform
            ],
            post=by_http(f"http://{host}:{settings.port}"),
            memory=settings.data_dir / "simulator.db",
            box=settings.keys,
            latest_understanding=understood,
        )
    )


def _simulated(account: OnPlatform, library: Library | None) -> SimulatedAccount:
    """Return an account; with the library the demo's policies of its products."""
    told = simulated(account)
    if library is None:
        return told
    products = {id: library.product(id).short for id in account.products}
    policies = demo_policies(products, today=in_china(system_clock()).date())
    return replace(told, policies=policies, wish=_wish(library, next(iter(products))))


def simulated(account: OnPlatform) -> SimulatedAccount:
    """Return what the platform knows of an account."""
    if isinstance(account, WechatAccount):
        phone = PhoneAccount(
            id=account.id, app_id=account.app_id, token=account.token, encoding_aes_key=account.encoding_aes_key
        )
        return SimulatedAccount(name=account.name, phone=phone, app_secret=account.app_secret, menu=MENU)
    application = WeComPhoneAccount(
        id=account.id,
        corp_id=account.corp_id,
        agent_id=account.agent_id if isinstance(account, WecomAccount) else 0,
        token=account.token,
        encoding_aes_key=account.encoding_aes_key,
    )
    if isinstance(account, WecomKfAccount):
        # One service point is enough to try an account; the others work alike.
        point = account.open_kfids[0]
        return SimulatedAccount(name=account.name, phone=application, app_secret=account.secret, open_kfid=point)
    return SimulatedAccount(name=account.name, phone=application, app_secret=account.secret, menu=MENU)


def _wish(library: Library, product: str) -> str:
    handbook = library.handbooks[product]
    services = [service for id in _WISHES if (service := handbook.service(id)) is not None]
    return f"我想申请{services[0].short}" if services else "我要申请"
