"""The twin's HTTP face: the addresses, formats and error answers of the platform's API."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request

from console.platform.twin import PlatformFault, Twin

MAX_BYTES = 25 * 1024 * 1024
_PICTURE_NAMES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")  # WeChat goes by the name
TYPES = {"image": "image/jpeg", "voice": "audio/amr", "video": "video/mp4", "thumb": "image/jpeg"}


def platform(twin: Twin, *, after_notice: Callable[[], None] = lambda: None) -> Blueprint:
    """Return the API under `/cgi-bin`; give the blueprint's own address as `api_base_url`.

    `after_notice` is called when a notice was taken: its report is to be delivered.
    """
    pages = Blueprint("platform", __name__)

    @pages.get("/cgi-bin/token")
    @answered
    def classic_token() -> dict[str, Any]:
        return _issued(twin, request.args, stable=False)

    @pages.post("/cgi-bin/stable_token")
    @answered
    def stable_token() -> dict[str, Any]:
        return _issued(twin, ordered(), stable=True)

    @pages.post("/cgi-bin/message/custom/send")
    @answered
    def send() -> dict[str, Any]:
        twin.send(token_given(), ordered())
        return {"errcode": 0, "errmsg": "ok"}

    @pages.post("/cgi-bin/message/template/send")
    @answered
    def send_template() -> dict[str, Any]:
        return _noticed(twin.send_template, after_notice)

    @pages.post("/cgi-bin/message/subscribe/bizsend")
    @answered
    def send_subscribed() -> dict[str, Any]:
        return _noticed(twin.send_subscribed, after_notice)

    @pages.get("/cgi-bin/user/info")
    @answered
    def user() -> dict[str, Any]:
        return twin.user(token_given(), request.args.get("openid", ""))

    @pages.post("/cgi-bin/user/info/batchget")
    @answered
    def users() -> dict[str, Any]:
        return twin.users(token_given(), ordered())

    @pages.post("/cgi-bin/media/upload")
    @answered
    def upload() -> dict[str, Any]:
        request.max_content_length = MAX_BYTES
        token = token_given()
        twin.app_of(token)
        file = request.files.get("media")
        content = file.read() if file else b""
        if not content:
            raise PlatformFault(47001)
        kind = request.args.get("type", "")
        if kind == "image" and not str(file.filename if file else "").lower().endswith(_PICTURE_NAMES):
            raise PlatformFault(40005)
        return {"type": kind, "media_id": twin.upload(token, kind, content), "created_at": 0}

    @pages.get("/cgi-bin/media/get")
    @answered
    def download() -> Response:
        kind, content = twin.download(token_given(), request.args.get("media_id", ""))
        answer = Response(content, mimetype=TYPES.get(kind, "application/octet-stream"))
        answer.headers["Content-Disposition"] = f'attachment; filename="media.{kind}"'
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    return pages


def _noticed(send: Callable[[str, Mapping[str, Any]], int], after_notice: Callable[[], None]) -> dict[str, Any]:
    number = send(token_given(), ordered())
    after_notice()
    return {"errcode": 0, "errmsg": "ok", "msgid": number}


def _issued(twin: Twin, order: Mapping[str, Any], *, stable: bool) -> dict[str, Any]:
    app_id, secret = str(order.get("appid", "")), str(order.get("secret", ""))
    value, seconds = twin.token(app_id, secret, stable=stable, force=order.get("force_refresh") is True)
    return {"access_token": value, "expires_in": seconds}


def token_given() -> str:
    """Return the call's token, or ""."""
    return request.args.get("access_token", "")


def ordered() -> dict[str, Any]:
    """Return the call's JSON order. Raises PlatformFault when there is none."""
    try:
        order = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        raise PlatformFault(47001) from None
    if not isinstance(order, dict):
        raise PlatformFault(47001)
    return order


def answered(view: Callable[[], dict[str, Any] | Response]) -> Callable[[], Response]:
    """Answer as the platform does: HTTP 200 with an error code inside, or the status that was demanded."""

    @wraps(view)
    def answer() -> Response:
        try:
            result = view()
        except PlatformFault as fault:
            if 500 <= fault.code < 600:
                return Response(status=fault.code)
            result = {"errcode": fault.code, "errmsg": str(fault)}
        if isinstance(result, Response):
            return result
        return Response(json.dumps(result, ensure_ascii=False), mimetype="application/json")

    return answer
