"""The health managers' console under `/console/`: its parts joined behind one gate."""

from typing import Any

from flask import Blueprint, Flask, current_app, g, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from bot.errors import RetryLater
from console import gate
from console.audit_pages import audit_pages
from console.call_pages import call_pages
from console.case_board_page import board_page
from console.case_pages import case_pages
from console.doors import door_pages
from console.figure_pages import figure_pages
from console.inbox import inbox_pages
from console.inbox_view import Inbox
from console.live import Live
from console.live_pages import live_pages
from console.office import Office
from console.paper_pages import paper_pages
from console.person_pages import card_of, person_pages
from console.quality_pages import quality_pages
from console.rights import EVERYBODY, READERS
from console.staff_pages import staff_pages
from console.wordings import FILTERS, span

# What stands in the head of every page. A part that is not built in is left out.
_NAVIGATION = (
    ("/console/", "会话", READERS),
    ("/console/cases", "工单", READERS),
    ("/console/calls", "待拨电话", READERS),
    ("/console/quality", "质量", EVERYBODY),
    ("/console/figures", "统计", ("operator", "supervisor", "auditor")),
    ("/console/audit", "审计", ("supervisor", "auditor")),
    ("/console/users", "人员", ("supervisor",)),
    ("/console/account", "我的账户", EVERYBODY),
)
_HEAD = "console head"
_PARTS = (
    door_pages,
    audit_pages,
    staff_pages,
    board_page,
    case_pages,
    paper_pages,
    person_pages,
    call_pages,
    figure_pages,
    quality_pages,
)
_ROLE_NAMES = {"manager": "健康管家", "supervisor": "主管", "operator": "运营", "auditor": "审计"}
_FAULTS = {
    400: ("这一步没有完成", "页面可能放得太久了，或请求不是从这个网站发出的。请刷新后再试一次。"),
    403: ("没有权限", "您的角色不能打开这一页。需要的话请找主管。"),
    404: ("没有这一页", "链接可能写错了，或内容已不在。"),
    413: ("文件太大", "请换一个小一点的文件。"),
    503: ("稍等一下", "系统正忙，请过几秒再试。"),
}


def console_pages(office: Office, *, live: Live | None = None) -> Blueprint:
    """Return everything under `/console/`. The parts are nested blueprints: the gate stands before all of them."""
    console = Blueprint("console", __name__, url_prefix="/console", template_folder="templates", static_folder="static")
    console.before_request(lambda: gate.checked(office))
    console.after_request(gate.hardened)
    console.context_processor(_in_templates)
    cards = {"person_card": card_of(office)}
    console.context_processor(lambda: cards)
    console.register_error_handler(HTTPException, _refused)
    console.register_error_handler(RetryLater, _busy)
    for pages in _PARTS:
        console.register_blueprint(pages(office))
    live = live or Live(store=office.store, clock=office.clock)
    inbox = Inbox(office, mark=live.mark)
    console.register_blueprint(inbox_pages(office, inbox))
    console.register_blueprint(live_pages(office, live, inbox))
    filters = {**FILTERS, "since": lambda moment: span(office.clock() - moment) if moment else ""}
    console.record_once(lambda state: state.app.jinja_env.filters.update(filters))
    return console


def _in_templates() -> dict[str, Any]:
    user = g.get("user")
    token = user.csrf if user else ""
    return {
        "user": user,
        "role_name": _ROLE_NAMES.get,
        "csrf_token": token,
        "csrf": lambda: Markup('<input type="hidden" name="{}" value="{}">').format(gate.CSRF_FIELD, token),
        "navigation": _navigation(user.role) if user else (),
    }


def _navigation(role: str) -> list[dict[str, Any]]:
    return [
        {"path": path, "name": name, "is_here": _is_here(path)} for path, name, roles in _built_in() if role in roles
    ]


def _built_in() -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what this app has of the head. Every rendered piece is given it: looked up anew it cost most of a row."""
    known: list[tuple[str, str, tuple[str, ...]]] | None = current_app.extensions.get(_HEAD)
    if known is None:
        known = [one for one in _NAVIGATION if _exists(current_app, one[0])]
        current_app.extensions[_HEAD] = known
    return known


def _is_here(path: str) -> bool:
    if path == "/console/":
        return request.path == path or request.path.startswith("/console/conversations")
    return request.path.startswith(path)


def _exists(app: Flask, path: str) -> bool:
    try:
        endpoint, _ = app.url_map.bind("").match(path)
    except (RequestRedirect, MethodNotAllowed):
        return True
    except NotFound:
        return False
    return str(endpoint) != "console.doors.nowhere"


def _refused(fault: HTTPException) -> Any:
    code = fault.code or 500
    if code < 400:
        return fault
    title, words = _FAULTS.get(code, ("出错了", "这一步没有完成，请再试一次。"))
    return render_template("console/fault.html", title=title, words=words), code


def _busy(_fault: RetryLater) -> Any:
    title, words = _FAULTS[503]
    return render_template("console/fault.html", title=title, words=words), 503
