"""The simulator's page and what it asks for. Everything comes as an argument; nothing is read from the environment.

The module is long because one page plays people, accounts of three kinds and their platform's faults.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, render_template, request

from bot.clock import Clock, system_clock
from bot.messages import Understanding
from console.platform.corporation import App, Corporation
from console.platform.kf import KfTwin
from console.platform.kf_routes import kf_pages
from console.platform.ledger import Box, Bubble, Ledger
from console.platform.notices import LATER
from console.platform.phone import PhoneAccount
from console.platform.routes import platform
from console.platform.twin import PlatformFault, Twin
from console.platform.wecom_routes import corporation_pages
from console.simulator.chat import Chat, Exchange, Post, Refused, picture_type, shown
from console.simulator.kf_chat import KfChat
from console.simulator.world import (
    FAULTS,
    KF_FAULTS,
    MEMBER_FAULTS,
    MEMBERS,
    NOT_FOLLOWING,
    PEOPLE,
    PLACES,
    Person,
    SimulatedAccount,
)

Understood = Callable[[str, str], Understanding | None]

_ORDER_BYTES = 5 * 1024 * 1024  # a picture of 3 MB in base64, with room
_NUMBER = re.compile("[0-9]{1,15}")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def simulator(
    *,
    accounts: Sequence[SimulatedAccount],
    post: Post,
    memory: Path,
    box: Box,
    latest_understanding: Understood,
    people: Sequence[Person] = PEOPLE,
    clock: Clock = system_clock,
) -> Blueprint:
    """Return the page under `/simulator/`, with WeChat's twin under `/simulator/platform`, WeCom's under
    `/simulator/wecom`.

    `post` delivers callbacks to the webhooks (chat.by_http). `memory` is the file in which all processes of the service
    share the simulated world; `box` seals what is in it. `latest_understanding(account, contact)` gives the reasons of
    the last match.
    """
    ledger = Ledger(memory, box)
    secrets = {one.phone.app_id: one.app_secret for one in accounts if isinstance(one.phone, PhoneAccount)}
    twin = Twin(ledger=ledger, secrets_by_app=secrets, clock=clock)
    corporation = Corporation(ledger=ledger, apps=_apps(accounts), clock=clock)
    points = {one.open_kfid: one.phone.app_id for one in accounts if one.open_kfid}
    service = KfTwin(twin=corporation, points=points)
    world = _World(
        accounts=accounts,
        people=people,
        twin=twin,
        corporation=corporation,
        service=service,
        post=post,
        understood=latest_understanding,
        clock=clock,
    )

    pages = Blueprint(
        "simulator", __name__, url_prefix="/simulator", template_folder="templates", static_folder="static"
    )
    pages.register_blueprint(platform(twin, after_notice=world.report_soon), url_prefix="/platform")
    pages.register_blueprint(corporation_pages(corporation), url_prefix="/wecom")
    pages.register_blueprint(kf_pages(service), url_prefix="/wecom")
    pages.after_request(_hardened)
    pages.register_error_handler(Refused, _refused)
    pages.register_error_handler(PlatformFault, _refused)
    pages.add_url_rule("/", "page", lambda: render_template("simulator.html"))
    pages.add_url_rule("/api/world", "world", lambda: jsonify(world.described()))
    pages.add_url_rule("/api/chat", "chat", lambda: jsonify(world.chat(request.args)))
    pages.add_url_rule("/api/picture", "picture", lambda: world.picture(request.args))
    pages.add_url_rule("/api/file", "file", lambda: world.file(request.args))
    pages.add_url_rule("/api/act", "act", lambda: jsonify(world.act(_order())), methods=["POST"])
    pages.add_url_rule("/api/repeat", "repeat", lambda: jsonify(world.repeat(_order())), methods=["POST"])
    pages.add_url_rule("/api/fail", "fail", lambda: jsonify(world.fail(_order())), methods=["POST"])
    return pages


class _World:
    """Answers the page's questions about accounts, people and chats."""

    def __init__(
        self,
        *,
        accounts: Sequence[SimulatedAccount],
        people: Sequence[Person],
        twin: Twin,
        corporation: Corporation,
        service: KfTwin,
        post: Post,
        understood: Understood,
        clock: Clock,
    ) -> None:
        self._accounts = {account.phone.id: account for account in accounts}
        self._people = {person.id: person for person in (*people, *MEMBERS)}
        self._known = {id: _people_of(account, people) for id, account in self._accounts.items()}
        self._twin = twin
        self._twins = {id: corporation if _is_application(account) else twin for id, account in self._accounts.items()}
        for account in accounts:
            for member in MEMBERS if _is_application(account) and not account.open_kfid else ():
                corporation.meet(account.phone.app_id, member.id)  # employed, though they never opened the application
        for id, account in self._accounts.items():
            for person in self._known[id] if _is_wechat(account) else ():
                # One WeChat user in every account, as behind accounts that are bound to one open platform.
                self._twins[id].bind(account.phone.app_id, person.id, f"union-of-{person.id}")
        self._understood = understood
        self._chats = {
            id: Chat(account=account, twin=self._twins[id], post=post, clock=clock)
            for id, account in self._accounts.items()
            if not account.open_kfid
        }
        self._services = {
            id: KfChat(account=account, twin=service, post=post, clock=clock)
            for id, account in self._accounts.items()
            if account.open_kfid
        }

    def described(self) -> dict[str, Any]:
        return {
            "accounts": [
                {
                    "id": id,
                    "name": account.name,
                    "menu": [asdict(item) for item in account.menu],
                    "examples": list(account.examples),
                    "policies": [asdict(policy) for policy in account.policies],
                    "wish": account.wish,
                    "kind": _kind(account),
                    "people": [person.id for person in self._known[id]],
                    "faults": [{"code": code, "words": words} for code, words in self._faults(id).items()],
                }
                for id, account in self._accounts.items()
            ],
            "people": [asdict(person) for person in self._people.values()],
            "places": [place.label for place in PLACES],
        }

    def chat(self, query: Mapping[str, str]) -> dict[str, Any]:
        account, contact = self._chosen(query)
        given, understanding = query.get("after", "0"), self._understood(account, contact)
        after = int(given) if _NUMBER.fullmatch(given) else 0
        if account in self._services:
            told = self._services[account].told(contact, after=after)
            return {**told, "understanding": asdict(understanding) if understanding else None}
        app_id, twin = self._accounts[account].phone.app_id, self._twins[account]
        self._meet(account, contact)
        bubbles = twin.ledger.bubbles(app_id, contact, after=after)
        return {
            "bubbles": shown(twin.ledger, bubbles),
            "follows": twin.follows(app_id, contact),
            "quota": twin.quota_left(app_id, contact),
            "faults": twin.faults(app_id),
            "understanding": asdict(understanding) if understanding else None,
        }

    def picture(self, query: Mapping[str, str]) -> Response:
        account, _ = self._chosen(query)
        kept = self._twins[account].kept_media(self._accounts[account].phone.app_id, query.get("id", ""))
        kind = picture_type(kept) if kept else None
        return Response(kept, mimetype=kind) if kept and kind else Response(status=404)

    def file(self, query: Mapping[str, str]) -> Response:
        """A document that was sent: to be saved, never shown as a page of ours."""
        account, _ = self._chosen(query)
        twin, media_id = self._twins[account], query.get("id", "")
        kept = twin.kept_media(self._accounts[account].phone.app_id, media_id)
        if kept is None:
            return Response(status=404)
        answer = Response(kept, mimetype="application/octet-stream")
        name = quote(twin.ledger.media_name(media_id) or "file")
        answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
        return answer

    def act(self, order: Mapping[str, Any]) -> dict[str, Any]:
        account, contact = self._chosen(order)
        self._meet(account, contact)  # it may overtake the page's first look at the chat
        return _told((self._services.get(account) or self._chats[account]).act(contact, order))

    def repeat(self, order: Mapping[str, Any]) -> dict[str, Any]:
        account, contact = self._chosen(order)
        return _told((self._services.get(account) or self._chats[account]).repeat(contact))

    def report_soon(self) -> None:
        """Deliver the reports of notices, in a thread: the platform doesn't wait for the account's answer either."""
        threading.Thread(target=self._report, name="platform-reports", daemon=True).start()

    def _report(self) -> None:
        chats = {self._accounts[id].phone.app_id: chat for id, chat in self._chats.items()}
        for app_id, report in self._twin.untold():
            chats[app_id].report(report)

    def fail(self, order: Mapping[str, Any]) -> dict[str, Any]:
        account, contact = self._chosen(order)
        code = order.get("code")
        if not isinstance(code, int) or code not in self._faults(account):
            raise Refused("没有这个错误码")
        if account in self._services:
            self._services[account].fail(contact, code)
            return {"faults": self._twins[account].faults(self._accounts[account].phone.app_id)}
        app_id, twin, words = self._accounts[account].phone.app_id, self._twins[account], self._faults(account)[code]
        if code in LATER:
            twin.fail_next(app_id, code, interface="report")
            text = f"下一条模板消息先收下，{words}"
        else:
            twin.fail_next(app_id, code, interface=self._sending(account))
            text = f"下一次主动发送将返回 {code}（{words}）"
        note = Bubble(side="note", kind="fault", text=text, at=twin.now())
        twin.ledger.add_bubble(app_id, contact, note)
        return {"faults": twin.faults(app_id)}

    def _faults(self, account: str) -> Mapping[int, str]:
        if account in self._services:
            return KF_FAULTS
        return MEMBER_FAULTS if _is_application(self._accounts[account]) else FAULTS

    def _sending(self, account: str) -> str:
        return "message/send" if _is_application(self._accounts[account]) else "message/custom/send"

    def _meet(self, account: str, contact: str) -> None:
        """Have a person follow an account when it is first looked at; who never follows, and a service, are left."""
        if account not in self._services and contact not in NOT_FOLLOWING:
            self._twins[account].meet(self._accounts[account].phone.app_id, contact)

    def _chosen(self, order: Mapping[str, Any]) -> tuple[str, str]:
        account, contact = str(order.get("account")), str(order.get("person"))
        if account not in self._accounts or contact not in {person.id for person in self._known[account]}:
            raise Refused("没有这个账号或人物")
        return account, contact


def _is_wechat(account: SimulatedAccount) -> bool:
    return bool(account.open_kfid) or not _is_application(account)


def _is_application(account: SimulatedAccount) -> bool:
    return not isinstance(account.phone, PhoneAccount)


def _kind(account: SimulatedAccount) -> str:
    if account.open_kfid:
        return "wecom_kf"
    return "wecom" if _is_application(account) else "wechat"


def _people_of(account: SimulatedAccount, people: Sequence[Person]) -> Sequence[Person]:
    if account.open_kfid:
        return [person for person in people if person.id not in NOT_FOLLOWING]
    return MEMBERS if _is_application(account) else people


def _apps(accounts: Sequence[SimulatedAccount]) -> list[App]:
    return [
        App(corp_id=one.phone.corp_id, agent_id=one.phone.agent_id, secret=one.app_secret)
        for one in accounts
        if not isinstance(one.phone, PhoneAccount)
    ]


def _told(exchange: Exchange) -> dict[str, Any]:
    return {"milliseconds": exchange.milliseconds, "fault": exchange.fault, "replies": len(exchange.replies)}


def _order() -> dict[str, Any]:
    # JSON alone is taken: another site's form cannot send it, and its script would have to ask first.
    request.max_content_length = _ORDER_BYTES
    order = request.get_json(silent=True) if request.mimetype == "application/json" else None
    if not isinstance(order, dict):
        raise Refused("请求的格式不对")
    return order


def _refused(fault: Exception) -> tuple[Response, int]:
    return jsonify({"refused": str(fault)}), 400


def _hardened(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
