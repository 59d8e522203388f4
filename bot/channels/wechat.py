"""A WeChat Official Account: its callbacks in plain, compatible and safe mode, and its passive replies.

wechatpy gives the cipher and the API client. The envelope is read here, because wechatpy's parser leaks foreign
exceptions, takes any timestamp, validates no padding and lets a reply's text break out of its XML.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.accounts import WechatAccount
from bot.channel import Envelope, Wrapped
from bot.channels import envelope as bodies
from bot.channels.crypto import Sealer, fresh, is_signed, sign
from bot.channels.envelope import make_safe
from bot.channels.inbounds import inbound_of
from bot.channels.wechat_api import WeChatApi
from bot.clock import Clock, system_clock
from bot.errors import GiveUp, RefusedInput
from bot.files import PICTURE_BYTES, PICTURES, OutgoingFile
from bot.store.store import Store
from bot.store.tokens import DatabaseTokens

log = structlog.get_logger()

_RECEIVED = Wrapped(body=b"success", content_type="text/plain; charset=utf-8")
_PRINTABLE = re.compile(r"[!-~]{1,128}")


class Sender(Protocol):
    """The API calls that the channel itself needs."""

    def send_text(self, contact: str, text: str) -> None:
        """Send one custom message. Raises RetryLater, GiveUp or ConfigurationFault."""

    def send_picture(self, contact: str, file: OutgoingFile) -> None:
        """Send one picture. Raises the same."""

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a person sent. Raises RetryLater, GiveUp or ConfigurationFault."""

    def unionids(self, contacts: Sequence[str]) -> Mapping[str, str]:
        """Return the unionids of followers, as bot.unionids tells. Raises the same."""


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
    # Custom messages know pictures, voice and video; there is none that holds a document.
    carries: Mapping[str, int] = dict.fromkeys(PICTURES, PICTURE_BYTES)

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
        timestamp, nonce = fresh(query, self._clock())
        if not is_signed(query.get("signature", ""), self._token, timestamp, nonce):
            raise RefusedInput("the signature is wrong")
        word = query.get("echostr", "")
        if not _PRINTABLE.fullmatch(word):
            raise RefusedInput("the challenge is empty or not printable")
        return word

    def parse(self, query: Mapping[str, str], body: bytes) -> Envelope:
        """Verify, decrypt and parse one callback. Raises RefusedInput, and nothing else, for every bad input."""
        timestamp, nonce = fresh(query, self._clock())
        self._check_signature(query, timestamp, nonce)
        fields, is_json = bodies.read(body)
        sealer = None
        if self._sealers:
            message, sealer = self._open(query.get("msg_signature", ""), timestamp, nonce, fields)
            # In compatible mode a readable copy travels beside Encrypt; only the sealed one is trusted.
            fields, is_json = bodies.read(message)
        inbound = inbound_of(self.account, fields)
        wrapping = {
            "contact": inbound.contact,
            "own_id": fields.get("ToUserName", ""),
            "is_json": is_json,
            "sealer": sealer,
        }
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
            ToUserName=envelope.wrapping["contact"],
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

    def send_file(self, contact: str, file: OutgoingFile, *, key: str) -> None:
        """Send one picture as a custom message."""
        if not file.is_picture:
            raise GiveUp("an Official Account sends no documents")
        self._sender.send_picture(contact, file)

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a person sent; the platform keeps it for three days."""
        return self._sender.fetch_media(media_id)

    def unionids(self, contacts: Sequence[str]) -> Mapping[str, str]:
        """Return the unionids of followers."""
        return self._sender.unionids(contacts)

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


def connect(account: WechatAccount, *, store: Store, clock: Clock = system_clock) -> WeChatChannel:
    """Return the channel of a configured account; its token is shared through the database."""
    shared = Secrets(
        app_id=account.app_id,
        token=account.token,
        encoding_aes_key=account.encoding_aes_key,
        previous_encoding_aes_key=account.previous_encoding_aes_key,
    )
    return WeChatChannel(account=account.id, shared=shared, sender=connect_api(account, store=store), clock=clock)


def connect_api(account: WechatAccount, *, store: Store) -> WeChatApi:
    """Return the API client of a configured account."""
    return WeChatApi(
        account=account.id,
        app_id=account.app_id,
        app_secret=account.app_secret,
        base_url=account.api_base_url,
        token_store=DatabaseTokens(store),
    )
