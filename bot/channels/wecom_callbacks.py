"""WeCom's sealed callbacks, for both of its channels: verified, opened, and replies sealed. It does no I/O."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.channel import Wrapped
from bot.channels import envelope as bodies
from bot.channels.crypto import Sealer, fresh, is_signed, sign
from bot.clock import Clock, system_clock
from bot.errors import RefusedInput

_WORD = re.compile(r"[!-~]{1,256}")
RECEIVED = Wrapped(body=b"success", content_type="text/plain; charset=utf-8")


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What was inside a callback, and how to answer it: in its format, under its key."""

    fields: dict[str, str]
    is_json: bool
    sealer: Sealer


class SealedCallbacks:
    """Verifies and opens what WeCom posts for one account; the receiver of everything is the corporation."""

    def __init__(self, *, token: str, corp_id: str, keys: tuple[str, ...], clock: Clock = system_clock) -> None:
        """`keys`: the current EncodingAESKey first, empty ones are left out. Raises ConfigurationFault for none."""
        self._token = token
        self._sealers = tuple(Sealer(key, corp_id) for key in keys if key)
        self._clock = clock

    def challenge(self, query: Mapping[str, str]) -> str:
        """Return the word inside the address check, opened, without quotes or line end. Raises RefusedInput."""
        word, _ = self._open(query, query.get("echostr", ""))
        try:
            plain = word.decode("ascii")
        except UnicodeDecodeError:
            raise RefusedInput("the challenge is not printable") from None
        if not _WORD.fullmatch(plain):
            raise RefusedInput("the challenge is empty or not printable")
        return plain

    def open(self, query: Mapping[str, str], body: bytes) -> Opened:
        """Return what a callback holds. Raises RefusedInput, and nothing else, for every bad input."""
        outer, _ = bodies.read(body)
        message, sealer = self._open(query, outer.get("Encrypt") or outer.get("encrypt", ""))
        fields, is_json = bodies.read(message)
        return Opened(fields=fields, is_json=is_json, sealer=sealer)

    def seal(self, opened: Opened, now: datetime, **fields: str | int) -> Wrapped:
        """Return the passive reply with these fields, sealed."""
        write = bodies.write_json if opened.is_json else bodies.write_xml
        at, nonce = int(now.timestamp()), str(secrets.randbelow(10**10))
        sealed = opened.sealer.seal(write(**fields))
        signature = sign(self._token, str(at), nonce, sealed)
        if opened.is_json:
            body = bodies.write_json(encrypt=sealed, msgsignature=signature, timestamp=at, nonce=nonce)
            return Wrapped(body=body, content_type="application/json; charset=utf-8")
        body = bodies.write_xml(Encrypt=sealed, MsgSignature=signature, TimeStamp=at, Nonce=nonce)
        return Wrapped(body=body, content_type="application/xml; charset=utf-8")

    def _open(self, query: Mapping[str, str], sealed: str) -> tuple[bytes, Sealer]:
        timestamp, nonce = fresh(query, self._clock())
        if not sealed:
            raise RefusedInput("nothing is encrypted")
        if not is_signed(query.get("msg_signature", ""), self._token, timestamp, nonce, sealed):
            raise RefusedInput("the message signature is wrong")
        faults = []
        for sealer in self._sealers:
            try:
                return sealer.open(sealed), sealer
            except RefusedInput as fault:
                faults.append(fault)
        raise faults[0]  # what the current key says is what the operator wants to know
