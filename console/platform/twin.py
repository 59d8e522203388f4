"""The platform's rules as far as an Official Account meets them: tokens, sending windows and quotas, error codes.

It is long because it plays all that the account's API offers us.
"""

import secrets
import sqlite3
from collections.abc import Mapping
from typing import Any

from bot.clock import Clock, system_clock
from console.platform import notices
from console.platform.ledger import Bubble, Ledger
from console.platform.notices import Report

_TOKEN_SECONDS = 7200
_OVERLAP_SECONDS = 300  # a stable token is renewed in its last five minutes; then both work
_FORCED_A_DAY = 20
_DAY_SECONDS = 86_400
_MEDIA_SECONDS = 3 * _DAY_SECONDS
_TEXT_BYTES = 2048
_MOST_USERS = 100
_MEDIA_MEGABYTES = {"image": 10, "voice": 2, "video": 10, "thumb": 1}
# After a message: 5 within 48 h. After a menu click, a follow or a scan: 3 within a minute.
_AFTER_MESSAGE = (48 * 3600, 5)
_AFTER_ACTION = (60, 3)
_OPENING_EVENTS = frozenset(("subscribe", "scan", "click"))

_WORDS = {
    -1: "system busy",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40006: "invalid media size",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40032: "invalid openid list size",
    40014: "invalid access_token",
    40125: "invalid appsecret",
    41001: "access_token missing",
    41005: "media data missing",
    40058: "invalid parameter",
    42001: "access_token expired",
    42045: "template_card.content missing or invalid",
    43004: "require subscribe",
    44004: "text content is empty",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower",
    45015: "response out of time limit or subscription is canceled",
    40037: "invalid template_id",
    43101: "user refuse to accept the msg",
    45047: "out of response count limit",
    47001: "data format error",
    47003: "argument invalid",
    48001: "api unauthorized",
    95000: "invalid open_kfid",
    95001: "reach max send message count limit",
    95002: "out of response time limit",
    95007: "invalid msg token",
    95013: "conversation end",
    95014: "servicer is not on duty",
    95016: "invalid service state transition",
    95018: "send msg session status invalid",
    48002: "API interface no privilege",
    60020: "not allow to access from your ip",
    81013: "user & party & tag all invalid",
    301002: "not allow operate another agent with this accesstoken",
}


class PlatformFault(Exception):
    """The API answers with this error code; codes 500 to 599 stand for an HTTP status."""

    def __init__(self, code: int) -> None:
        super().__init__(_WORDS.get(code, "error on demand"))
        self.code = code


class Twin:
    """One platform with some accounts (app id → secret)."""

    def __init__(self, *, ledger: Ledger, secrets_by_app: Mapping[str, str], clock: Clock = system_clock) -> None:
        self.ledger = ledger
        self._secrets = secrets_by_app
        self._clock = clock

    def token(self, app_id: str, secret: str, *, stable: bool, force: bool = False) -> tuple[str, int]:
        """Issue a token, or return the one that is still valid, with its seconds to live. Raises PlatformFault."""
        self.fail_on_demand(app_id, "token")
        if app_id not in self._secrets:
            raise PlatformFault(40013)
        if not secrets.compare_digest(secret.encode(), self._secrets[app_id].encode()):
            raise PlatformFault(40125)
        now = self.now()
        with self.ledger.writing() as connection:
            if force:
                _count_forced(connection, app_id, now)
            row = connection.execute(
                "SELECT value, expires_at FROM tokens WHERE app_id = ? AND expires_at > ?",
                (app_id, now + _OVERLAP_SECONDS),
            ).fetchone()
            if stable and not force and row:
                return row["value"], int(row["expires_at"] - now)
            # A forced or classic token ends the earlier ones at once; a regular renewal lets them run out.
            connection.execute(
                "DELETE FROM tokens WHERE app_id = ? AND (expires_at <= ? OR ?)", (app_id, now, force or not stable)
            )
            value = f"{secrets.token_hex(4)}_{secrets.token_urlsafe(48)}"
            connection.execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", (value, app_id, now, now + _TOKEN_SECONDS))
        return value, _TOKEN_SECONDS

    def app_of(self, token: str) -> str:
        """Return the account that a token belongs to. Raises PlatformFault."""
        with self.ledger.writing() as connection:
            row = connection.execute("SELECT app_id, expires_at FROM tokens WHERE value = ?", (token,)).fetchone()
        if row is None:
            raise PlatformFault(40001)
        if row["expires_at"] <= self.now():
            raise PlatformFault(42001)
        return str(row["app_id"])

    def end_tokens(self, app_id: str) -> None:
        """Make all tokens of an account invalid, as a change of its secret does."""
        with self.ledger.writing() as connection:
            connection.execute("DELETE FROM tokens WHERE app_id = ?", (app_id,))

    def hear(self, app_id: str, contact: str, event: str = "") -> None:
        """Note that a person wrote (no event) or did something: it opens a window for custom messages."""
        event = event.lower()
        self.meet(app_id, contact)
        with self.ledger.writing() as connection:
            if event in ("subscribe", "unsubscribe"):
                connection.execute(
                    "UPDATE people SET follows = ? WHERE app_id = ? AND contact = ?",
                    (event == "subscribe", app_id, contact),
                )
            if not event:
                _open_window(connection, "said", _AFTER_MESSAGE, self.now(), app_id, contact)
            elif event in _OPENING_EVENTS:
                _open_window(connection, "acted", _AFTER_ACTION, self.now(), app_id, contact)

    def send(self, token: str, order: Mapping[str, Any]) -> int:
        """Deliver one custom message to a person's phone and return its bubble's id. Raises PlatformFault."""
        app_id = self.app_of(token)
        self.fail_on_demand(app_id, "message/custom/send")
        contact, kind = order.get("touser"), order.get("msgtype")
        part = order.get(kind) if isinstance(kind, str) else None
        if not isinstance(contact, str) or not isinstance(part, Mapping):
            raise PlatformFault(47001)
        text = str(part.get("content") or part.get("media_id") or "")
        if len(text.encode()) > _TEXT_BYTES:
            raise PlatformFault(45002)
        if kind in _MEDIA_MEGABYTES and self.kept_media(app_id, text) is None:
            raise PlatformFault(40007)
        with self.ledger.writing() as connection:
            _use_quota(connection, app_id, contact, self.now())
        return self.ledger.add_bubble(app_id, contact, Bubble(side="push", kind=str(kind), text=text, at=self.now()))

    def send_template(self, token: str, order: Mapping[str, Any]) -> int:
        """Take one template message and return its number; its report follows. Raises PlatformFault."""
        return self._notice(token, order, "message/template/send", key=str(order.get("client_msg_id", "")))

    def send_subscribed(self, token: str, order: Mapping[str, Any]) -> int:
        """Take one subscription message, for which the person has agreed, and return its number."""
        return self._notice(token, order, "message/subscribe/bizsend", uses_consent=True)

    def agree(self, app_id: str, contact: str, template: str, *, times: int = 1) -> None:
        """Let a person agree to a template's next messages, one for each time."""
        self.meet(app_id, contact)
        with self.ledger.writing() as connection:
            notices.agree(connection, app_id, contact, template, times)

    def untold(self) -> list[tuple[str, Report]]:
        """Return the reports that are to be delivered, with their accounts; each comes once."""
        with self.ledger.writing() as connection:
            return notices.untold(connection)

    def _notice(
        self, token: str, order: Mapping[str, Any], interface: str, *, key: str = "", uses_consent: bool = False
    ) -> int:
        app_id = self.app_of(token)
        self.fail_on_demand(app_id, interface)
        contact, template, fields = order.get("touser"), order.get("template_id"), notices.fields_of(order.get("data"))
        if fields is None:
            raise PlatformFault(47003)
        if not isinstance(contact, str) or not isinstance(template, str) or not template:
            raise PlatformFault(40037 if isinstance(contact, str) else 47001)
        if not self.follows(app_id, contact):
            raise PlatformFault(43004)
        event = "subscribe_msg_sent_event" if uses_consent else "TEMPLATESENDJOBFINISH"
        with self.ledger.writing() as connection:
            known = notices.known(connection, app_id, contact, key, since=self.now() - notices.SAME_KEY_SECONDS)
            if known is not None:
                return known
            if uses_consent and not notices.use_consent(connection, app_id, contact, template):
                raise PlatformFault(43101)
            status = notices.status_on_demand(connection, app_id)
            report = Report(number=0, contact=contact, event=event, status=status)
            number = notices.keep(connection, app_id, report, key=key, at=self.now())
        if status == notices.DELIVERED:
            card = "\n".join(fields)
            self.ledger.add_bubble(app_id, contact, Bubble(side="push", kind="card", text=card, at=self.now()))
        return number

    def upload(self, token: str, kind: str, content: bytes) -> str:
        """Keep a file for three days and return its media id. Raises PlatformFault."""
        app_id = self.app_of(token)
        self.fail_on_demand(app_id, "media/upload")
        if kind not in _MEDIA_MEGABYTES:
            raise PlatformFault(40008)
        if len(content) > _MEDIA_MEGABYTES[kind] * 1024 * 1024:
            raise PlatformFault(40006)
        return self.keep_media(app_id, kind, content)

    def keep_media(self, app_id: str, kind: str, content: bytes) -> str:
        """Keep a file that a person sends, and return its media id."""
        media_id = secrets.token_urlsafe(48)
        self.ledger.add_media(app_id, media_id, kind, content, self.now())
        return media_id

    def kept_media(self, app_id: str, media_id: str) -> bytes | None:
        """Return a kept file's content, without the API's checks; None when it is gone."""
        found = self.ledger.media(app_id, media_id, since=self.now() - _MEDIA_SECONDS)
        return found[1] if found else None

    def download(self, token: str, media_id: str) -> tuple[str, bytes]:
        """Return kind and content of a file. Raises PlatformFault."""
        app_id = self.app_of(token)
        self.fail_on_demand(app_id, "media/get")
        found = self.ledger.media(app_id, media_id, since=self.now() - _MEDIA_SECONDS)
        if found is None:
            raise PlatformFault(40007)
        return found

    def fail_next(self, app_id: str, code: int, *, interface: str = "message/custom/send", times: int = 1) -> None:
        """Let the next calls of one interface fail with this code."""
        with self.ledger.writing() as connection:
            rows = [(app_id, interface, code)] * times
            connection.executemany("INSERT INTO faults (app_id, interface, code) VALUES (?, ?, ?)", rows)

    def faults(self, app_id: str) -> list[int]:
        """Return the codes that wait to be answered."""
        with self.ledger.writing() as connection:
            rows = connection.execute("SELECT code FROM faults WHERE app_id = ? ORDER BY id", (app_id,)).fetchall()
        return [row["code"] for row in rows]

    def bind(self, app_id: str, contact: str, unionid: str) -> None:
        """Know a person of an account by a unionid, as accounts do that are bound to an open platform."""
        with self.ledger.writing() as connection:
            connection.execute("REPLACE INTO unionids VALUES (?, ?, ?)", (app_id, contact, unionid))

    def unionid_of(self, app_id: str, contact: str) -> dict[str, str]:
        """Return the field that tells a person's unionid; nothing where there is none."""
        query = "SELECT unionid FROM unionids WHERE app_id = ? AND contact = ?"
        with self.ledger.writing() as connection:
            row = connection.execute(query, (app_id, contact)).fetchone()
        return {"unionid": row["unionid"]} if row else {}

    def user(self, token: str, contact: object) -> dict[str, Any]:
        """Tell of one person. Raises PlatformFault."""
        app_id = self.app_of(token)
        self.fail_on_demand(app_id, "user/info")
        return self._told(app_id, contact)

    def users(self, token: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Tell of up to 100 people; one who is not known spoils the whole answer. Raises PlatformFault."""
        app_id = self.app_of(token)
        self.fail_on_demand(app_id, "user/info/batchget")
        wanted = order.get("user_list")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= _MOST_USERS:
            raise PlatformFault(40032)
        lines = [self._told(app_id, one.get("openid") if isinstance(one, Mapping) else None) for one in wanted]
        return {"user_info_list": lines}

    def _told(self, app_id: str, contact: object) -> dict[str, Any]:
        with self.ledger.writing() as connection:
            row = _person(connection, app_id, contact) if isinstance(contact, str) else None
        if row is None:
            raise PlatformFault(40003)
        if not row["follows"]:
            return {"subscribe": 0, "openid": row["contact"], "tagid_list": []}
        known = {"subscribe": 1, "openid": row["contact"], "language": "zh_CN", "remark": "", "groupid": 0}
        return {**known, **self.unionid_of(app_id, row["contact"])}

    def follows(self, app_id: str, contact: str) -> bool:
        """Tell whether a person follows the account; who was never heard of does not."""
        with self.ledger.writing() as connection:
            row = _person(connection, app_id, contact)
        return row is not None and bool(row["follows"])

    def meet(self, app_id: str, contact: str) -> None:
        """Let a person, if new, have been a follower for long, without any window open."""
        with self.ledger.writing() as connection:
            connection.execute(
                "INSERT INTO people (app_id, contact, follows) VALUES (?, ?, 1) ON CONFLICT DO NOTHING",
                (app_id, contact),
            )

    def quota_left(self, app_id: str, contact: str) -> int:
        """Return how many custom messages this person would still get now."""
        with self.ledger.writing() as connection:
            row = _person(connection, app_id, contact)
        if row is None or not row["follows"]:
            return 0
        now = self.now()
        return sum(row[f"{way}_left"] for way in ("said", "acted") if row[f"{way}_until"] > now)

    def fail_on_demand(self, app_id: str, interface: str) -> None:
        """Raise the fault that waits for this interface, once."""
        with self.ledger.writing() as connection:
            row = connection.execute(
                "SELECT id, code FROM faults WHERE app_id = ? AND interface = ? ORDER BY id LIMIT 1",
                (app_id, interface),
            ).fetchone()
            if row:
                connection.execute("DELETE FROM faults WHERE id = ?", (row["id"],))
        if row:
            raise PlatformFault(row["code"])

    def now(self) -> float:
        """Return the twin's time, in seconds since 1970."""
        return self._clock().timestamp()


def _count_forced(connection: sqlite3.Connection, app_id: str, now: float) -> None:
    count = connection.execute(
        "SELECT count(*) FROM forced WHERE app_id = ? AND at > ?", (app_id, now - _DAY_SECONDS)
    ).fetchone()[0]
    if count >= _FORCED_A_DAY:
        raise PlatformFault(45009)
    connection.execute("INSERT INTO forced VALUES (?, ?)", (app_id, now))


def _person(connection: sqlite3.Connection, app_id: str, contact: str) -> sqlite3.Row | None:
    query = "SELECT * FROM people WHERE app_id = ? AND contact = ?"
    row: sqlite3.Row | None = connection.execute(query, (app_id, contact)).fetchone()
    return row


_WINDOW = {
    "said": "UPDATE people SET said_until = ?, said_left = ? WHERE app_id = ? AND contact = ?",
    "acted": "UPDATE people SET acted_until = ?, acted_left = ? WHERE app_id = ? AND contact = ?",
}


def _open_window(
    connection: sqlite3.Connection, way: str, window: tuple[int, int], now: float, app_id: str, contact: str
) -> None:
    seconds, count = window
    connection.execute(_WINDOW[way], (now + seconds, count, app_id, contact))


def _use_quota(connection: sqlite3.Connection, app_id: str, contact: str, now: float) -> None:
    row = _person(connection, app_id, contact)
    if row is None:
        raise PlatformFault(40003)
    if not row["follows"]:
        raise PlatformFault(43004)
    open_ways = [way for way in ("acted", "said") if row[f"{way}_until"] > now]
    if not open_ways:
        raise PlatformFault(45015)
    for way in open_ways:
        if row[f"{way}_left"] > 0:
            connection.execute(_WINDOW[way], (row[f"{way}_until"], row[f"{way}_left"] - 1, app_id, contact))
            return
    raise PlatformFault(45047)
