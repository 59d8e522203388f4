"""The twin's HTTP face: the addresses, formats and error answers of the platform's API."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request

from console.platform.twin import PlatformFault, Twin

_MAX_BYTES = 25 * 1024 * 1024
_TYPES = {"image": "image/jpeg", "voice": "audio/amr", "video": "video/mp4", "thumb": "image/jpeg"}


def platform(twin: Twin) -> Blueprint:
    """Return the API under `/cgi-bin`; give the blueprint's own address as `api_base_url`."""
    pages = Blueprint("platform", __name__)

    @pages.get("/cgi-bin/token")
    @_answered
    def classic_token() -> dict[str, Any]:
        return _issued(twin, request.args, stable=False)

    @pages.post("/cgi-bin/stable_token")
    @_answered
    def stable_token() -> dict[str, Any]:
        return _issued(twin, _json(), stable=True)

    @pages.post("/cgi-bin/message/custom/send")
    @_answered
    def send() -> dict[str, Any]:
        twin.send(_token(), _json())
        return {"errcode": 0, "errmsg": "ok"}

    @pages.post("/cgi-bin/media/upload")
    @_answered
    def upload() -> dict[str, Any]:
        request.max_content_length = _MAX_BYTES
        token = _token()
        twin.app_of(token)
        file = request.files.get("media")
        content = file.read() if file else b""
        if not content:
            raise PlatformFault(47001)
        kind = request.args.get("type", "")
        return {"type": kind, "media_id": twin.upload(token, kind, content), "created_at": 0}

    @pages.get("/cgi-bin/media/get")
    @_answered
    def download() -> Response:
        kind, content = twin.download(_token(), request.args.get("media_id", ""))
        answer = Response(content, mimetype=_TYPES.get(kind, "application/octet-stream"))
        answer.headers["Content-Disposition"] = f'attachment; filename="media.{kind}"'
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    return pages


def _issued(twin: Twin, order: Mapping[str, Any], *, stable: bool) -> dict[str, Any]:
    app_id, secret = str(order.get("appid", "")), str(order.get("secret", ""))
    value, seconds = twin.token(app_id, secret, stable=stable, force=order.get("force_refresh") is True)
    return {"access_token": value, "expires_in": seconds}


def _token() -> str:
    return request.args.get("access_token", "")


def _json() -> dict[str, Any]:
    try:
        order = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        raise PlatformFault(47001) from None
    if not isinstance(order, dict):
        raise PlatformFault(47001)
    return order


def _answered(view: Callable[[], dict[str, Any] | Response]) -> Callable[[], Response]:
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
