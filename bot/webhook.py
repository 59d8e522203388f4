"""The webhooks: /webhooks/<account>. Bad input of every kind gets the same 403; what cannot be stored gets a 503."""

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog
from flask import Blueprint, Response, request

from bot.channel import Channel, Envelope
from bot.errors import AssistantError, RefusedInput
from bot.turns import Turns

log = structlog.get_logger()

BODY_BYTES = 64 * 1024
_KEY_LENGTH = 128
_REFUSED = "refused\n"


class Watcher(Protocol):
    """Who counts what did not become a turn."""

    def input_refused(self, account: str) -> None:
        """An input was refused."""

    def store_unavailable(self) -> None:
        """A message could not be stored."""


def webhooks(*, channels: Mapping[str, Channel], turns: Turns, watcher: Watcher) -> Blueprint:
    """Return the pages that the platforms call."""
    pages = Blueprint("webhooks", __name__, url_prefix="/webhooks")

    @pages.get("/<account>")
    def check(account: str) -> Response:
        return _refusing(
            account, lambda: Response(_known(channels, account).challenge(request.args), mimetype="text/plain")
        )

    @pages.post("/<account>")
    def receive(account: str) -> Response:
        return _refusing(account, lambda: _answer(_known(channels, account), turns))

    def _refusing(account: str, answer: Callable[[], Response]) -> Response:
        try:
            return answer()
        except RefusedInput as error:
            watcher.input_refused(account if account in channels else "unknown")
            log.info("input refused", account=account if account in channels else "unknown", reason=str(error))
            return Response(_REFUSED, status=403, mimetype="text/plain")
        except AssistantError as error:
            # Nothing was acknowledged, so the platform tries again.
            watcher.store_unavailable()
            log.error("message not taken", account=account, reason=str(error))
            return Response("try again later\n", status=503, mimetype="text/plain", headers={"Retry-After": "2"})

    return pages


def _known(channels: Mapping[str, Channel], account: str) -> Channel:
    if account not in channels:
        raise RefusedInput("there is no such account")
    return channels[account]


def _answer(channel: Channel, turns: Turns) -> Response:
    envelope = channel.parse(request.args, _body())
    wrapped = channel.wrap(envelope, _reply(envelope, turns))
    return Response(wrapped.body, content_type=wrapped.content_type)


def _reply(envelope: Envelope, turns: Turns) -> str | None:
    inbound = envelope.inbound
    if inbound is None:
        envelope.notice()
        return None
    if not 0 < len(inbound.key) <= _KEY_LENGTH or not inbound.key.isprintable() or not inbound.contact:
        raise RefusedInput("the message has no usable key or sender")
    return turns.take(inbound).text


def _body() -> bytes:
    # Read by the stream rather than by the announced length, which may be absent (chunked) or a lie.
    if (request.content_length or 0) > BODY_BYTES:
        raise RefusedInput("the body is too large")
    body: bytes = request.stream.read(BODY_BYTES + 1)
    if len(body) > BODY_BYTES:
        raise RefusedInput("the body is too large")
    return body
