"""The customer service's HTTP face of the twin. The token, the files and the errors are WeCom's own (wecom_routes)."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request

from console.platform.kf import KfTwin
from console.platform.routes import answered, ordered, token_given

_OK = {"errcode": 0, "errmsg": "ok"}


def kf_pages(twin: KfTwin) -> Blueprint:
    """Return the API under `/cgi-bin/kf`, to stand beside WeCom's."""
    pages = Blueprint("kf", __name__)
    orders: dict[str, Callable[[str, Mapping[str, Any]], dict[str, Any]]] = {
        "sync_msg": twin.sync,
        "send_msg": twin.send,
        "send_msg_on_event": twin.send_on_event,
        "service_state/get": twin.state,
        "service_state/trans": twin.move,
        "customer/batchget": twin.customers,
    }
    for interface, call in orders.items():
        pages.add_url_rule(f"/cgi-bin/kf/{interface}", interface.replace("/", "-"), _view(call), methods=["POST"])

    @pages.get("/cgi-bin/kf/servicer/list")
    @answered
    def servicers() -> dict[str, Any]:
        return {**_OK, **twin.servicers(token_given(), request.args.get("open_kfid", ""))}

    @pages.get("/cgi-bin/kf/account/list")
    @answered
    def accounts() -> dict[str, Any]:
        return {**_OK, **twin.accounts(token_given())}

    return pages


def _view(call: Callable[[str, Mapping[str, Any]], dict[str, Any]]) -> Callable[[], Response]:
    def view() -> dict[str, Any]:
        return {**_OK, **call(token_given(), ordered())}

    return answered(view)
