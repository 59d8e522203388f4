"""A WeChat Official Account: its callbacks in plain, compatible and safe mode, and its passive replies.

wechatpy gives the cipher and the API client. The envelope is read here, because wechatpy's parser leaks foreign
exceptions, takes any timestamp, validates no padding and lets a reply's text break out of its XML.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog

from bot.channel import Envelope, Wrapped
from bot.channels import envelope as bodies
from bot.channels.crypto import Sealer, is_signed, sign
from bot.channels.envelope import make_safe
from bot.clock import Clock, system_clock
from bot.errors import RefusedInput
from bot.messages import Inbound, Kind

log = structlog.get_logger()

# The platform's retries repeat signature, timestamp and nonce within seconds, so there is no nonce filter: a repeated
# message is recognised by its key. The window is our own policy against replays of old callbacks.
_WINDOW_SECONDS = 300
_RECEIVED = Wrapped(body=b"success", content_type="text/plain; charset=utf-8")
_PRINTABLE = re.compile(r"[!-~]{1,128}")
_NUMBER = re.compile(r"[0-9]{1,12}")

_KINDS = {
    "text": Kind.TEXT,
    "voice": Kind.VOICE,
    "image": Kind.IMAGE,
    "video": Kind.VIDEO,
    "shortvideo": Kind.VIDEO,
    "file": Kind.FILE,
    "location": Kind.LOCATION,
    "link": Kind.LINK,
    "event": Kind.EVENT,
}
_TEXT_FIELD = {Kind.TEXT: "Content", Kind.VOICE: "Recognition"}
_CONSUMED = frozenset(
    ("ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "Recognition", "MediaId", "Encrypt")
)
_CONSUMED_OF_EVENTS = _CONSUMED | {"Event", "EventKey"}


class Sender(Protocol):
    """The API calls that the channel itself needs."""

    def send_text(self, contact: str, text: str) -> None:
        """Send one custom message. Raises RetryLater, GiveUp or ConfigurationFault."""

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a person sent. Raises RetryLater, GiveUp or ConfigurationFault."""


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What the account and the platform share. An empty `encoding_aes_key` means plaintext mode."""

    app_id: str
    token: str
    encoding_aes_key: str = ""
    previous_encoding_aes_key: str = ""


class WeChatChannel:
    """One Official Account; see bot.channel.Channel for what it promises. Safe for use by many threads."""

    # The platform's limit for a text is about 2,048 bytes (its customer service page); the rest is split off.
    max_bytes = 2048

    def __init__(self, *, account: str, shared: Secrets, sender: Sender, clock: Clock = system_clock) -> None:
        """Raises ConfigurationFault for a key that is none."""
        self.account = account
        self._token = shared.token
        keys = (shared.encoding_aes_key, shared.previous_encoding_aes_key) if shared.encoding_aes_key else ()
        self._sealers = tuple(Sealer(key, shared.app_id) for key in keys if key)
        self._sender = sender
        self._clock = clock
        if not self._sealers:
            # In this mode the platform's signature does not cover the body.
            log.warning("plaintext mode: anybody on the way can read and change messages", account=account)

    def challenge(self, query: Mapping[str, str]) -> str:
        """Answer the platform's address check with its own word. Raises RefusedInput."""
        timestamp, nonce = self._fresh(query)
        if not is_signed(query.get("signature", ""), self._token, timestamp, nonce):
            raise RefusedInput("the signature is wrong")
        word = query.get("echostr", "")
        if not _PRINTABLE.fullmatch(word):
            raise RefusedInput("the challenge is empty or not printable")
        return word

    def parse(self, query: Mapping[str, str], body: bytes) -> Envelope:
        """Verify, decrypt and parse one callback. Raises RefusedInput, and nothing else, for every bad input."""
        timestamp, nonce = self._fresh(query)
        self._check_signature(query, timestamp, nonce)
        fields, is_json = bodies.read(body)
        sealer = None
        if self._sealers:
            message, sealer = self._open(query.get("msg_signature", ""), timestamp, nonce, fields)
            # In compatible mode a readable copy travels beside Encrypt; only the sealed one is trusted.
            fields, is_json = bodies.read(message)
        inbound = _inbound(self.account, fields)
        wrapping = {"own_id": fields.get("ToUserName", ""), "is_json": is_json, "sealer": sealer}
        return Envelope(inbound=inbound, wrapping=wrapping)

    def wrap(self, envelope: Envelope, text: str | None) -> Wrapped:
        """Wrap the text in the format, and under the key, in which the message came."""
        text = make_safe(text or "")
        if not text:
            return _RECEIVED
        is_json = envelope.wrapping["is_json"]
        write = bodies.write_json if is_json else bodies.write_xml
        now = int(self._clock().timestamp())
        body = write(
            ToUserName=envelope.inbound.contact,
            FromUserName=envelope.wrapping["own_id"],
            CreateTime=now,
            MsgType="text",
            Content=text,
        )
        sealer: Sealer | None = envelope.wrapping["sealer"]
        if sealer is not None:
            sealed, nonce = sealer.seal(body), str(secrets.randbelow(10**10))
            signature = sign(self._token, str(now), nonce, sealed)
            body = write(Encrypt=sealed, MsgSignature=signature, TimeStamp=now, Nonce=nonce)
        content_type = "application/json" if is_json else "application/xml"
        return Wrapped(body=body, content_type=f"{content_type}; charset=utf-8")

    def send(self, contact: str, text: str, *, key: str) -> None:
        """Send one custom message. The platform takes no key for it, so a repeat after a lost answer can double."""
        self._sender.send_text(contact, make_safe(text))

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a person sent; the platform keeps it for three days."""
        return self._sender.fetch_media(media_id)

    def _fresh(self, query: Mapping[str, str]) -> tuple[str, str]:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not _NUMBER.fullmatch(timestamp) or not _PRINTABLE.fullmatch(nonce):
            raise RefusedInput("timestamp or nonce is missing")
        if abs(self._clock().timestamp() - int(timestamp)) > _WINDOW_SECONDS:
            raise RefusedInput("the timestamp is outside the window")
        return timestamp, nonce

    def _check_signature(self, query: Mapping[str, str], timestamp: str, nonce: str) -> None:
        given = query.get("signature", "")
        # With a key, msg_signature covers the body and is checked with it; then this one may be absent.
        if not given and self._sealers:
            return
        if not is_signed(given, self._token, timestamp, nonce):
            raise RefusedInput("the signature is wrong")

    def _open(self, signature: str, timestamp: str, nonce: str, fields: dict[str, str]) -> tuple[bytes, Sealer]:
        sealed = fields.get("Encrypt", "")
        if not sealed:
            raise RefusedInput("the body is not encrypted")
        if not is_signed(signature, self._token, timestamp, nonce, sealed):
            raise RefusedInput("the message signature is wrong")
        faults = []
        for sealer in self._sealers:
            try:
                return sealer.open(sealed), sealer
            except RefusedInput as fault:
                faults.append(fault)
        raise faults[0]  # what the current key says is what the operator wants to know


def _inbound(account: str, fields: dict[str, str]) -> Inbound:
    contact = fields.get("FromUserName", "")
    name = fields.get("MsgType", "").lower()
    if not _PRINTABLE.fullmatch(contact) or not name:
        raise RefusedInput("sender or type is missing")
    kind = _KINDS.get(name, Kind.UNKNOWN)
    event = fields.get("Event", "").lower() if kind is Kind.EVENT else ""
    if kind is Kind.EVENT and not event:
        raise RefusedInput("the event has no name")
    consumed = _CONSUMED_OF_EVENTS if event else _CONSUMED
    return Inbound(
        account=account,
        contact=contact,
        key=_key(kind, fields),
        kind=kind,
        sent_at=_sent_at(fields.get("CreateTime", "")),
        text=make_safe(fields.get(_TEXT_FIELD.get(kind, ""), "")),
        event=event,
        # The platform marks a scan that led to following; the scene itself is the same as in SCAN.
        event_key=fields.get("EventKey", "").removeprefix("qrscene_") or fields.get("bizmsgmenuid", ""),
        media_id=fields.get("MediaId", ""),
        fields={name: value for name, value in fields.items() if name not in consumed},
    )


def _key(kind: Kind, fields: dict[str, str]) -> str:
    if kind is Kind.EVENT:
        # The delivery reports of two notices in one second differ in nothing but the notice's id.
        notices = [fields[name] for name in sorted(fields) if name.lower().endswith("msgid")]
        return _digest(fields, "FromUserName", "CreateTime", "Event", "EventKey", extra=notices)
    key = fields.get("MsgId", "")
    if _PRINTABLE.fullmatch(key):
        return key
    if key or kind is not Kind.UNKNOWN:
        raise RefusedInput("the message id is missing")
    return _digest(fields, *sorted(fields))


def _digest(fields: dict[str, str], *names: str, extra: list[str] | None = None) -> str:
    parts = [fields.get(name, "") for name in names] + (extra or [])
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _sent_at(seconds: str) -> datetime:
    if not _NUMBER.fullmatch(seconds):
        raise RefusedInput("the creation time is missing")
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise RefusedInput("the creation time is out of range") from None
