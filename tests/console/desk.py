"""The console over a store of its own, with staff of every role and people who wrote: what its tests stand on."""

import re
from collections.abc import Callable
from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient

from bot.messages import Inbound, Kind
from bot.sealed_files import SealedFiles
from bot.store.store import Store
from care import passwords, staff
from console.desk_app import console_pages
from console.office import Account, Office
from tests.clocks import FixedClock

PASSWORD = "correct horse 7"
HASHED = passwords.hashed(PASSWORD)
STAFF = {"guan": "manager", "guo": "manager", "zhu": "supervisor", "yun": "operator", "shen": "auditor"}


def office_of(store: Store, library, clock: FixedClock, folder, **changes) -> Office:
    office = Office(
        store=store,
        library=library,
        papers=SealedFiles(folder / "media", store.keys),
        accounts={"demo": Account(name="健康服务演示号", channel="wechat", products=tuple(library.handbooks))},
        clock=clock,
    )
    return replace(office, **changes)


def add_staff(store: Store, clock: FixedClock) -> None:
    def work(connection) -> None:
        for name, role in STAFF.items():
            staff.add_member(connection, name=name, role=role, password_hash=HASHED, must_change=False, now=clock())

    store.write(work)


def app_of(office: Office) -> Flask:
    app = Flask("console-under-test")
    app.register_blueprint(console_pages(office))
    return app


def csrf_of(page: str) -> str:
    found = re.search(r'<meta name="csrf" content="(\w*)">', page)
    assert found, page[:500]
    return found[1]


class Visitor:
    """Somebody at a browser."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def login(self, name: str, password: str = PASSWORD, **form):
        return self.client.post("/console/login", data={"username": name, "password": password, **form})

    def get(self, path: str, **options):
        return self.client.get(path, **options)

    def token(self) -> str:
        return csrf_of(self.client.get("/console/account").get_data(as_text=True))

    def post(self, path: str, data: dict | None = None, **options):
        """Send a form as a page would: with its token."""
        return self.client.post(path, data={"csrf": self.token(), **(data or {})}, **options)


def visitors(app: Flask) -> Callable[[str], Visitor]:
    def of(name: str) -> Visitor:
        visitor = Visitor(app)
        if name:
            assert visitor.login(name).status_code == 302
        return visitor

    return of


def message(text: str, *, contact: str = "o-1", key: str = "1", kind: Kind = Kind.TEXT, at=None, **more) -> Inbound:
    return Inbound(account="demo", contact=contact, key=key, kind=kind, text=text, sent_at=at, **more)
