"""Joins the simulator to one deployment: its accounts, its server, its store and its keys."""

from flask import Flask

from bot.messages import Understanding
from bot.settings import Settings, WechatAccount
from bot.store.questions import latest_understanding
from bot.store.store import Store
from console.platform.phone import PhoneAccount
from console.simulator.chat import by_http
from console.simulator.pages import simulator
from console.simulator.world import MENU, SimulatedAccount

_EVERY_ADDRESS = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - compared with, not bound to


def simulation(app: Flask, *, settings: Settings, store: Store) -> None:
    """Add the simulator's pages, and the platform that it plays, to the app of a serving process."""

    def understood(account: str, contact: str) -> Understanding | None:
        with store.reading() as connection:
            return latest_understanding(connection, store.keys, account=account, platform_id=contact)

    host = "127.0.0.1" if settings.host in _EVERY_ADDRESS else settings.host
    app.register_blueprint(
        simulator(
            accounts=[_simulated(account) for account in settings.accounts],
            post=by_http(f"http://{host}:{settings.port}"),
            memory=settings.data_dir / "simulator.db",
            box=settings.keys,
            latest_understanding=understood,
        )
    )


def _simulated(account: WechatAccount) -> SimulatedAccount:
    phone = PhoneAccount(
        id=account.id, app_id=account.app_id, token=account.token, encoding_aes_key=account.encoding_aes_key
    )
    return SimulatedAccount(name=account.name, phone=phone, app_secret=account.app_secret, menu=MENU)
