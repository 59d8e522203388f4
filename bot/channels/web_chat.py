"""Plain HTTP and JSON, for an insurer's own app or page: the caller's server signs a token that says who writes.

There is no platform: what is sent waits in our own mailbox until the person picks it up (docs/web-chat.md).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import jwt
from jwt.types import Options

from bot.accounts import WebChatAccount
from bot.channel import Envelope, Wrapped
from bot.clock import Clock, system_clock
from bot.errors import RefusedInput
from bot.messages import Inbound, Kind
from bot.store.store import Store
from bot.web_chat.mailbox import Letter, Mailbox

_ALGORITHM = "HS256"
_LONGEST_LIFE = timedelta(hours=24)
_LONGEST_NAME, _LONGEST_KEY, _LONGEST_TEXT, _LONGEST_TOKEN = 64, 63, 4000, 2048
_KEY = re.compile(r"[A-Za-z0-9_-]+")  # no colon: what stands before the last one is the person
_LATEST = 2**53
_EVENTS = frozenset({"subscribe"})
_FILES = {"image": Kind.IMAGE, "file": Kind.FILE}
_MEMBERS = frozenset({"key", "text", "event", "kind", "file"})


class Letters(Protocol):
    """Where messages wait, and files lie."""

    def put(self, contact: str, text: str, *, key: str) -> None:
        """Keep a text until it is read. Raises RetryLater, GiveUp."""

    def unread(self, contact: str, *, after: int = 0) -> list[Letter]:
        """Return what a person has not read, the oldest first."""

    def read(self, contact: str, *, up_to: int) -> None:
        """Note that a person has everything up to a number."""

    def keep_file(self, contact: str, content: bytes) -> str:
        """Keep a file, and return its name."""

    def file(self, name: str) -> bytes:
        """Return a file's content. Raises RetryLater, GiveUp."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Whom a token names, and until when it is good."""

    contact: str
    until: datetime


class WebChatChannel:
    """One web chat; see bot.channel.Channel for what it promises. Safe for use by many threads."""

    max_bytes = 6000

    def __init__(
        self, *, account: str, secrets: tuple[str, ...], mailbox: Letters, clock: Clock = system_clock
    ) -> None:
        """`secrets`: the current one, and the previous one while it is being changed."""
        self.account = account
        self.mailbox = mailbox
        self._secrets = tuple(secret for secret in secrets if secret)
        self._clock = clock

    def visitor(self, query: Mapping[str, str]) -> Visitor:
        """Return whom the query's `token` names. Raises RefusedInput."""
        claims, now = self._claims(query.get("token", "")), self._clock()
        name, until = claims.get("sub"), claims.get("exp")
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise RefusedInput("the token names nobody")
        if not isinstance(until, int) or isinstance(until, bool) or not 0 < until < _LATEST:
            raise RefusedInput("the token has no end")
        left = until - now.timestamp()
        if not 0 < left <= _LONGEST_LIFE.total_seconds():
            raise RefusedInput("the token is over, or good for too long")
        return Visitor(contact=name, until=now + timedelta(seconds=left))

    def challenge(self, query: Mapping[str, str]) -> str:
        """Give a word back to who has a good token: so an app's makers try their signature. Raises RefusedInput."""
        self.visitor(query)
        word = query.get("echostr", "")
        if not 0 < len(word) <= _LONGEST_KEY or not word.isascii() or not word.isprintable():
            raise RefusedInput("the challenge is empty or not printable")
        return word

    def parse(self, query: Mapping[str, str], body: bytes) -> Envelope:
        """Verify and parse one message. Raises RefusedInput, and nothing else, for every bad input."""
        contact, fields = self.visitor(query).contact, _fields(body)
        key = _word(fields, "key", longest=_LONGEST_KEY)
        if not _KEY.fullmatch(key):
            raise RefusedInput("the key has other characters than letters, digits, _ and -")
        kind, text, event, file = _content(fields)
        return Envelope(
            inbound=Inbound(
                account=self.account,
                contact=contact,
                # Each person's messages have keys of their own: who guesses another's key is told nothing by it.
                key=f"{contact}:{key}",
                kind=kind,
                sent_at=self._clock(),
                text=text,
                event=event,
                media_id=file,
            )
        )

    def wrap(self, envelope: Envelope, text: str | None) -> Wrapped:
        """Return the answer: a list of the texts that answer at once, empty where they come later."""
        messages = [{"text": text}] if text else []
        body = json.dumps({"messages": messages}, ensure_ascii=False).encode()
        return Wrapped(body=body, content_type="application/json")

    def send(self, contact: str, text: str, *, key: str) -> None:
        """Keep one text for the person; the same key twice is one text."""
        self.mailbox.put(contact, text, key=key)

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a person sent; it is kept for seven days."""
        return self.mailbox.file(media_id)

    def _claims(self, token: str) -> dict[str, Any]:
        if not 0 < len(token) <= _LONGEST_TOKEN or not token.isascii():
            raise RefusedInput("there is no token")
        # Our own clock says whether it is over, as everywhere.
        checks: Options = {"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        for secret in self._secrets:
            try:
                return jwt.decode(token, secret, algorithms=[_ALGORITHM], audience=self.account, options=checks)
            except jwt.InvalidSignatureError:
                continue
            except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
                break
        raise RefusedInput("the token is not signed, or not for this account")


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise RefusedInput("the body is no JSON") from None
    if not isinstance(fields, dict) or not fields.keys() <= _MEMBERS:
        raise RefusedInput("the body is no message")
    return fields


def _content(fields: Mapping[str, Any]) -> tuple[Kind, str, str, str]:
    """Return kind, text, event and file: exactly one of the last three is there."""
    said = {"text", "event", "file"} & fields.keys()
    if len(said) != 1 or ("kind" in fields) != (said == {"file"}):
        raise RefusedInput("a message has a text, an event, or a kind and a file")
    if said == {"text"}:
        return Kind.TEXT, _word(fields, "text", longest=_LONGEST_TEXT), "", ""
    if said == {"event"}:
        event = _word(fields, "event", longest=_LONGEST_KEY)
        if event not in _EVENTS:
            raise RefusedInput("there is no such event")
        return Kind.EVENT, "", event, ""
    kind = _FILES.get(_word(fields, "kind", longest=_LONGEST_KEY))
    file = _word(fields, "file", longest=_LONGEST_KEY)
    if kind is None or not file.isalnum():
        raise RefusedInput("there is no such kind of file")
    return kind, "", "", file


def _word(fields: Mapping[str, Any], name: str, *, longest: int) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise RefusedInput("a member is missing, too long or no text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise RefusedInput("a member is no Unicode text") from None
    return value


def connect(account: WebChatAccount, *, store: Store, clock: Clock = system_clock) -> WebChatChannel:
    """Return the channel of a configured account."""
    return WebChatChannel(
        account=account.id,
        secrets=(account.secret, account.previous_secret),
        mailbox=Mailbox(store, account=account.id, clock=clock),
        clock=clock,
    )
