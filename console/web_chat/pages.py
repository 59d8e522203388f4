"""The web chat's page for frames of the insurer's sites, its stream, its letters by asking, and files on their way up.

What the person says goes to the webhook, like every channel's messages.
"""

from collections.abc import Callable, Mapping

import structlog
from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for

from bot.accounts import WebChatAccount
from bot.channels.web_chat import Visitor, WebChatChannel
from bot.errors import RefusedInput, RetryLater
from console.web_chat.streams import Streams

log = structlog.get_logger()

_LARGEST_FILE = 10 * 1024 * 1024
_LATEST = 2**53
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors "
)


def web_chat_pages(
    *, accounts: Mapping[str, WebChatAccount], channels: Mapping[str, WebChatChannel], streams: Streams
) -> Blueprint:
    """Return the pages under `/webchat/<account>/`."""
    pages = Blueprint("web_chat", __name__, url_prefix="/webchat", template_folder="templates", static_folder="static")

    @pages.after_request
    def hardened(answer: Response) -> Response:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        answer.headers.setdefault("Content-Security-Policy", f"{_POLICY}'none'")
        return answer

    @pages.get("/<account>/")
    def page(account: str) -> Response:
        """The page itself knows nothing of anybody: the site around it gives it the token."""
        found = accounts.get(account) or abort(404)
        answer = Response(
            render_template(
                "web_chat.html",
                name=found.name,
                origins=" ".join(found.origins),
                webhook=url_for("webhooks.receive", account=account),
            )
        )
        answer.headers["Content-Security-Policy"] = _POLICY + (" ".join(found.origins) or "'none'")
        return answer

    @pages.get("/<account>/events")
    def events(account: str) -> Response:
        def answer(channel: WebChatChannel, visitor: Visitor) -> Response:
            after = _after()
            channel.mailbox.read(visitor.contact, up_to=after)
            body = streams.open(channel, visitor, after=after)
            if body is None:
                abort(503)
            told = Response(body, mimetype="text/event-stream")
            told.headers["X-Accel-Buffering"] = "no"
            return told

        return _for_visitor(account, answer)

    @pages.get("/<account>/messages")
    def messages(account: str) -> Response:
        def answer(channel: WebChatChannel, visitor: Visitor) -> Response:
            after = _after()
            channel.mailbox.read(visitor.contact, up_to=after)
            letters = channel.mailbox.unread(visitor.contact, after=after)
            return jsonify(messages=[{"number": letter.number, "text": letter.text} for letter in letters])

        return _for_visitor(account, answer)

    @pages.post("/<account>/files")
    def files(account: str) -> Response:
        def answer(channel: WebChatChannel, visitor: Visitor) -> Response:
            # A slow way up holds a thread: it takes a seat, so that webhooks never want one.
            if streams.seats is None or not streams.seats.acquire(blocking=False):
                abort(503)
            try:
                content = _upload()
            finally:
                streams.seats.release()
            return jsonify(file=channel.mailbox.keep_file(visitor.contact, content))

        return _for_visitor(account, answer)

    def _for_visitor(account: str, answer: Callable[[WebChatChannel, Visitor], Response]) -> Response:
        channel = channels.get(account) or abort(404)
        try:
            return answer(channel, channel.visitor(request.args))
        except RefusedInput as fault:
            log.info("input refused", account=account, reason=str(fault))
            return Response("refused\n", status=403, mimetype="text/plain")
        except RetryLater:
            return Response("try again later\n", status=503, mimetype="text/plain", headers={"Retry-After": "2"})

    return pages


def _after() -> int:
    """Return up to which letter the page has everything: browsers say it by themselves when they come again."""
    told = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    return min(int(told), _LATEST) if told.isascii() and told.isdigit() and len(told) < 20 else 0


def _upload() -> bytes:
    if (request.content_length or 0) > _LARGEST_FILE:
        abort(413)
    content: bytes = request.stream.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        abort(413)
    if not content:
        raise RefusedInput("the file is empty")
    return content
