"""A channel in memory, without platform: parts that need some channel take this one. It passes the channel contract."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from bot.channel import Envelope, Wrapped
from bot.errors import AssistantError, GiveUp, RefusedInput
from bot.files import OutgoingFile
from bot.messages import Inbound, Kind


class FakeChannel:
    """Callbacks are JSON objects with contact, key, kind, text and event; `{"seal": "good"}` stands for a signature."""

    max_bytes = 2048
    carries: Mapping[str, int] = {"image/jpeg": 100_000, "image/png": 100_000}

    def __init__(self, account: str = "demo", *, now: datetime = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)) -> None:
        self.account = account
        self.now = now
        self.sent: list[tuple[str, str]] = []
        self.keys: list[str] = []
        self.files: list[tuple[str, OutgoingFile]] = []
        self.media: dict[str, bytes] = {}
        self.failures: list[AssistantError] = []  # the next sends raise these, first one first

    def challenge(self, query: Mapping[str, str]) -> str:
        if query.get("seal") != "good":
            raise RefusedInput("the signature is wrong")
        return query.get("echostr", "")

    def parse(self, query: Mapping[str, str], body: bytes) -> Envelope:
        if query.get("seal") != "good":
            raise RefusedInput("the signature is wrong")
        try:
            fields = json.loads(body)
            inbound = Inbound(
                account=self.account,
                contact=fields["contact"],
                key=fields["key"],
                kind=Kind(fields.get("kind", "text")),
                sent_at=self.now,
                text=fields.get("text", ""),
                event=fields.get("event", ""),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RefusedInput("the body is no message") from None
        return Envelope(inbound=inbound)

    def wrap(self, envelope: Envelope, text: str | None) -> Wrapped:
        return Wrapped(body=(text or "success").encode(), content_type="text/plain; charset=utf-8")

    def send(self, contact: str, text: str, *, key: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((contact, text))
        self.keys.append(key)

    def send_file(self, contact: str, file: OutgoingFile, *, key: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if file.media_type not in self.carries:
            raise GiveUp
        self.files.append((contact, file))
        self.keys.append(key)

    def fetch_media(self, media_id: str) -> bytes:
        if self.failures:
            raise self.failures.pop(0)
        if media_id not in self.media:
            raise GiveUp
        return self.media[media_id]
