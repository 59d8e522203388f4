"""WeCom's rules as far as an application meets them: a token for each secret, members, limits, silent drops, codes."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.clock import Clock, system_clock
from console.platform.ledger import Bubble, Ledger
from console.platform.twin import PlatformFault, Twin

_TOKEN_SECONDS = 7200
_MINUTE, _HOUR = (60, 30), (3600, 1000)  # what a member gets from one application; the rest is dropped without a word
_LONGEST_CHECK_SECONDS = 4 * 3600
_TEXT_BYTES = 2048
_FILE_KINDS = {"image": 10, "voice": 2, "video": 10, "file": 20}  # megabytes
_TEXTS = ("text", "markdown")
_KINDS = (*_TEXTS, "textcard", "template_card", *_FILE_KINDS)


@dataclass(frozen=True, kw_only=True)
class App:
    """One secret of a corporation: an application, or the customer service (no agent id)."""

    corp_id: str
    secret: str
    agent_id: int = 0

    @property
    def id(self) -> str:
        """What the twin files everything of this application under."""
        return f"{self.corp_id}/{self.agent_id or 'kf'}"


class Corporation(Twin):
    """WeCom with some applications; errors on demand, media and people are kept as for Official Accounts.

    Whoever was ever seen is a member; who is no member (any more) gets nothing.
    """

    def __init__(self, *, ledger: Ledger, apps: Sequence[App], clock: Clock = system_clock) -> None:
        super().__init__(ledger=ledger, secrets_by_app={app.id: app.secret for app in apps}, clock=clock)
        self._apps = {app.id: app for app in apps}

    def token_of(self, corp_id: str, secret: str) -> tuple[str, int]:
        """Return the token of a secret, which stays the same until it ends, and its seconds. Raises PlatformFault."""
        of_corp = [app for app in self._apps.values() if app.corp_id == corp_id]
        if not of_corp:
            raise PlatformFault(40013)
        app = next((app for app in of_corp if secrets.compare_digest(app.secret.encode(), secret.encode())), None)
        if app is None:
            raise PlatformFault(40001)
        self.fail_on_demand(app.id, "token")
        now = self.now()
        with self.ledger.writing() as connection:
            row = connection.execute(
                "SELECT value, expires_at FROM tokens WHERE app_id = ? AND expires_at > ?", (app.id, now)
            ).fetchone()
            if row:
                return row["value"], int(row["expires_at"] - now)
            value = secrets.token_urlsafe(96)
            connection.execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", (value, app.id, now, now + _TOKEN_SECONDS))
        return value, _TOKEN_SECONDS

    def app_of(self, token: str) -> str:
        """Return what a token belongs to. Raises PlatformFault."""
        if not token:
            raise PlatformFault(41001)
        try:
            return super().app_of(token)
        except PlatformFault as fault:
            raise PlatformFault(40014 if fault.code == 40001 else fault.code) from None

    def send_to_members(self, token: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Deliver one message of an application and return the answer's fields. Raises PlatformFault."""
        app = self._apps[self.app_of(token)]
        self.fail_on_demand(app.id, "message/send")
        kind = order.get("msgtype")
        part = order.get(kind) if isinstance(kind, str) else None
        if order.get("agentid") != app.agent_id or not app.agent_id:
            raise PlatformFault(301002)
        if kind not in _KINDS or not isinstance(part, Mapping):
            raise PlatformFault(40008)
        asked = [name for name in str(order.get("touser") or "").split("|") if name]
        known = [name for name in asked if self.follows(app.id, name)]
        if not known:
            raise PlatformFault(81013)
        text = _shown(kind, part)
        if kind in _FILE_KINDS and self.kept_media(app.id, text) is None:
            raise PlatformFault(40007)
        for member in known:
            if self._is_delivered(app.id, member, order, part):
                self.ledger.add_bubble(app.id, member, Bubble(side="push", kind=kind, text=text, at=self.now()))
        return {"invaliduser": "|".join(name for name in asked if name not in known), "msgid": secrets.token_hex(16)}

    def upload_file(self, token: str, kind: str, content: bytes, *, name: str) -> str:
        """Keep a file for three days and return its media id. Raises PlatformFault."""
        app_id = self.app_of(token)
        self.fail_on_demand(app_id, "media/upload")
        if kind not in _FILE_KINDS:
            raise PlatformFault(40004)
        if not 5 < len(content) <= _FILE_KINDS[kind] * 1024 * 1024:
            raise PlatformFault(40006)
        media_id = self.keep_media(app_id, kind, content)
        self.ledger.name_media(media_id, name)
        return media_id

    def quota_left(self, app_id: str, contact: str) -> int:
        """Return how many messages this member would still get in this minute."""
        if not self.follows(app_id, contact):
            return 0
        window, most = _MINUTE
        return max(0, most - self._pushed(app_id, contact, window))

    def _is_delivered(self, app_id: str, member: str, order: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
        now, digest = self.now(), hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()
        if any(self._pushed(app_id, member, window) >= most for window, most in (_MINUTE, _HOUR)):
            return False
        if order.get("enable_duplicate_check") == 1:
            asked = order.get("duplicate_check_interval", 1800)
            window = min(asked if isinstance(asked, int) else 1800, _LONGEST_CHECK_SECONDS)
            if self._pushed(app_id, member, window, digest):
                return False
        with self.ledger.writing() as connection:
            connection.execute("INSERT INTO pushes VALUES (?, ?, ?, ?)", (app_id, member, now, digest))
        return True

    def _pushed(self, app_id: str, member: str, window: int, digest: str = "") -> int:
        query = "SELECT count(*) FROM pushes WHERE app_id = ? AND contact = ? AND at > ? AND (? = '' OR digest = ?)"
        with self.ledger.writing() as connection:
            row = connection.execute(query, (app_id, member, self.now() - window, digest, digest)).fetchone()
        return int(row[0])


def _shown(kind: str, part: Mapping[str, Any]) -> str:
    """Return what the phone shows: the text as far as WeCom takes it, a card as JSON, a file's id."""
    if kind in _TEXTS:
        content = str(part.get("content") or "")
        if not content:
            raise PlatformFault(44004)
        return content.encode()[:_TEXT_BYTES].decode("utf-8", "ignore")
    if kind in _FILE_KINDS:
        return str(part.get("media_id") or "")
    if kind == "template_card" and not _is_card(part):
        raise PlatformFault(42045)
    return json.dumps(dict(part), ensure_ascii=False)


def _is_card(part: Mapping[str, Any]) -> bool:
    title = part.get("main_title")
    has_words = bool(part.get("sub_title_text")) or (isinstance(title, Mapping) and bool(title.get("title")))
    action = part.get("card_action")
    leads_somewhere = isinstance(action, Mapping) and action.get("type") == 1 and bool(action.get("url"))
    rows = part.get("horizontal_content_list") or []
    return part.get("card_type") == "text_notice" and has_words and leads_somewhere and len(rows) <= 6
