"""The board of cases: a column for each stage with what is due soonest on top, and a paged list of each column."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from care import case_board, policies, staff
from care.case_board import NOBODY, Asked, Listed, Stand
from care.steps import CANCELLED
from console.case_words import Due, due_words
from console.office import Office
from console.rights import READERS, allowed, audited, current_user
from console.sight import products_seen
from console.who import masked_name
from knowledge.flow import Flow
from knowledge.library import Library

IN_COLUMN, ON_PAGE = 10, 30
_DUE = {
    "": "全部",
    "overdue": "已超时",
    "today": "今天到期",
    "week": "一周内到期",
    "paused": "暂停中",
    "none": "没有时限",
}
_STAGES = {"new": "新提交", "ours": "我们在办", "customer": "等客户"}


@dataclass(frozen=True, kw_only=True)
class Card:
    """One case on the board."""

    number: str
    service: str
    product: str
    step: str
    insured: str = field(repr=False)
    owner: str
    due: Due
    unseen: int


@dataclass(frozen=True, kw_only=True)
class Column:
    """One stage. `key` finds it again in an address."""

    key: str
    title: str
    count: int
    cards: Sequence[Card]


def board_page(office: Office) -> Blueprint:
    """Return the page `/cases`."""
    pages = Blueprint("board", __name__)
    library = office.library

    @pages.get("/cases")
    @allowed(*READERS)
    def board() -> str | Response:
        now, wanted = office.clock(), request.args
        with office.store.reading() as connection:
            asked = _asked(connection, office, wanted)
            if asked.number and case_board.count(connection, asked, now=now) == 1:
                return redirect(url_for("console.cases.case", number=asked.number))
            choices = _choices(connection, library)
            key, page = wanted.get("column", ""), _page(wanted.get("page", ""))
            if key or not asked.is_open or asked.policy_id is not None:
                shown = _list(connection, office, asked, key, page, now)
            else:
                shown = _columns(connection, office, asked, now)
        numbers = [card.number for column in shown["columns"] for card in column.cards]
        audited(office, "cases listed", "cases", {"numbers": numbers})
        kept = {name: value for name, value in wanted.items() if value and name not in ("page", "column")}
        return render_template("console/cases.html", asked=wanted, kept=kept, **choices, **shown)

    return pages


def stages(library: Library, asked: Asked) -> Iterator[tuple[str, str, Asked]]:
    """Yield (key, title, what to look for): the steps of a service that is asked for, else three stages."""
    flows = list(_flows(library, asked))
    if asked.service and len({flow.service for _, flow in flows}) == 1:
        for step, name, stands in _steps(flows):
            yield step, name, replace(asked, stands=stands)
        return
    first = [(product, flow.service, flow.first_step.id) for product, flow in flows]
    waits = [
        (product, flow.service, step.id)
        for product, flow in flows for step in flow.steps if step.waits_for == "customer" and not step.ends
    ]  # fmt: skip
    yield "new", _STAGES["new"], replace(asked, stands=first)
    yield "ours", _STAGES["ours"], replace(asked, beside=[*first, *waits])
    yield "customer", _STAGES["customer"], replace(asked, stands=waits)


def _steps(flows: Sequence[tuple[str, Flow]]) -> list[tuple[str, str, list[Stand]]]:
    """Return the steps of a service that keep a case open, products' steps of one name and id together."""
    found: dict[str, tuple[str, list[Stand]]] = {}
    for product, flow in flows:
        for step in flow.steps:
            if not step.ends:
                found.setdefault(step.id, (step.name, []))[1].append((product, flow.service, step.id))
    return [(id, name, stands) for id, (name, stands) in found.items()]


def _flows(library: Library, asked: Asked) -> Iterator[tuple[str, Flow]]:
    for product, handbook in library.handbooks.items():
        if asked.product in ("", product):
            yield from ((product, flow) for id, flow in handbook.flows.items() if asked.service in ("", id))


def _columns(connection: Connection, office: Office, asked: Asked, now: datetime) -> dict[str, Any]:
    columns = []
    for key, title, of_column in stages(office.library, asked):
        total = case_board.count(connection, of_column, now=now)
        if total or not asked.service:
            rows = case_board.listed(connection, of_column, now=now, limit=IN_COLUMN)
            columns.append(Column(key=key, title=title, count=total, cards=_cards(connection, office, rows, now)))
    return {"columns": columns, "is_board": True, "page": 1, "pages": 1, "title": "工单"}


def _list(connection: Connection, office: Office, asked: Asked, key: str, page: int, now: datetime) -> dict[str, Any]:
    found = next(((title, one) for id, title, one in stages(office.library, asked) if id == key), None)
    title, wanted = found or ("全部" if asked.is_open else "已结束", asked)
    total = case_board.count(connection, wanted, now=now)
    rows = case_board.listed(connection, wanted, now=now, limit=ON_PAGE, offset=(page - 1) * ON_PAGE)
    column = Column(key=key, title=title, count=total, cards=_cards(connection, office, rows, now))
    pages = max(1, -(-total // ON_PAGE))
    return {"columns": [column], "is_board": False, "page": page, "pages": pages, "title": title}


def _cards(connection: Connection, office: Office, rows: Sequence[Listed], now: datetime) -> list[Card]:
    found = policies.by_ids(connection, office.store.keys, [row.policy_id for row in rows])
    known = {policy.id: policy for policy in found}
    cards = []
    for row in rows:
        policy = known.get(row.policy_id)
        insured = next((one.name for one in policy.insured if one.id == row.insured_id), None) if policy else None
        cards.append(
            Card(
                number=row.number,
                service=service_name(office.library, row.product, row.service),
                product=product_name(office.library, row.product),
                step=step_name(office.library, row.product, row.service, row.step),
                insured=masked_name(insured or (policy.holder_name if policy else "")),
                owner=row.owner or "",
                due=due_words(row.due_at, is_paused=row.is_paused, is_open=row.is_open, now=now),
                unseen=row.unseen,
            )
        )
    return cards


def _asked(connection: Connection, office: Office, wanted: Mapping[str, str]) -> Asked:
    """Read the filters; what makes no sense is not asked for."""
    looked_for = wanted.get("q", "").strip()[:64]
    owner = wanted.get("owner", "")
    policy = policies.by_number(connection, office.store.keys, looked_for) if looked_for else None
    due = wanted.get("due", "")
    return Asked(
        products=products_seen(),
        product=wanted.get("product", ""),
        service=wanted.get("service", ""),
        owner=current_user().name if owner == "me" else NOBODY if owner == NOBODY else owner,
        due=due if due in _DUE else "",  # type: ignore[arg-type]  # one of the filter's own words
        number="" if policy is not None else looked_for.upper(),
        policy_id=policy.id if policy is not None else None,
        is_open=wanted.get("state") != "closed",
    )


def _choices(connection: Connection, library: Library) -> dict[str, Any]:
    services: dict[str, str] = {}
    for product, handbook in library.handbooks.items():
        services |= {id: service_name(library, product, id) for id in handbook.flows if id not in services}
    names = {one.name for one in staff.everybody(connection) if one.is_active and one.role in ("manager", "supervisor")}
    return {
        "products": {id: product_name(library, id) for id in library.handbooks},
        "services": services,
        "owners": sorted(names | set(case_board.owners(connection))),
        "dues": _DUE,
        "nobody": NOBODY,
    }


def product_name(library: Library, product: str) -> str:
    """Return what a product is called."""
    return library.product(product).short if product in library.handbooks else product


def service_name(library: Library, product: str, service: str) -> str:
    """Return what a service is called."""
    handbook = library.handbooks.get(product)
    found = handbook.service(service) if handbook else None
    return found.short if found else service


def step_name(library: Library, product: str, service: str, step: str) -> str:
    """Return what a step is called."""
    if step == CANCELLED:
        return "已撤回"
    handbook = library.handbooks.get(product)
    flow = handbook.flows.get(service) if handbook else None
    found = flow.step(step) if flow else None
    return found.name if found else step


def _page(text: str) -> int:
    return min(max(int(text), 1), 10_000) if text.isascii() and text.isdigit() and len(text) < 6 else 1
