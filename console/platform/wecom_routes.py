"""WeCom's HTTP face of the twin: the addresses, formats and error answers of its API."""

from typing import Any

from flask import Blueprint, Response, request

from console.platform.corporation import Corporation
from console.platform.routes import MAX_BYTES, TYPES, answered, ordered, token_given
from console.platform.twin import PlatformFault


def corporation_pages(twin: Corporation) -> Blueprint:
    """Return the API under `/cgi-bin`; give the blueprint's own address as `api_base_url`."""
    pages = Blueprint("corporation", __name__)

    @pages.get("/cgi-bin/gettoken")
    @answered
    def token() -> dict[str, Any]:
        value, seconds = twin.token_of(request.args.get("corpid", ""), request.args.get("corpsecret", ""))
        return {"errcode": 0, "errmsg": "ok", "access_token": value, "expires_in": seconds}

    @pages.post("/cgi-bin/message/send")
    @answered
    def send() -> dict[str, Any]:
        return {"errcode": 0, "errmsg": "ok", **twin.send_to_members(token_given(), ordered())}

    @pages.post("/cgi-bin/media/upload")
    @answered
    def upload() -> dict[str, Any]:
        request.max_content_length = MAX_BYTES
        token = token_given()
        twin.app_of(token)
        file = request.files.get("media")
        if file is None:
            raise PlatformFault(41005)
        kind = request.args.get("type", "")
        media_id = twin.upload_file(token, kind, file.read(), name=file.filename or "")
        return {"errcode": 0, "errmsg": "ok", "type": kind, "media_id": media_id, "created_at": str(int(twin.now()))}

    @pages.get("/cgi-bin/media/get")
    @answered
    def download() -> Response:
        kind, content = twin.download(token_given(), request.args.get("media_id", ""))
        answer = Response(content, mimetype=TYPES.get(kind, "application/octet-stream"))
        answer.headers["Content-Disposition"] = f'attachment; filename="media.{kind}"'
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    return pages
