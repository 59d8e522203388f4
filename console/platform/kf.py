"""WeChat customer service's rules: sessions and their states, places, codes, the list of messages behind a cursor.

It is long because the platform's rules belong together: what one interface does shows in what the next one allows.
"""

import json
import random
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.kf.sessions import State
from console.platform.ledger import Bubble, Ledger
from console.platform.twin import PlatformFault, Twin

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kf_sessions (
    open_kfid TEXT, customer TEXT, state INTEGER NOT NULL, servicer TEXT NOT NULL DEFAULT '',
    wrote_at REAL NOT NULL DEFAULT 0, places INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (open_kfid, customer)
);
CREATE TABLE IF NOT EXISTS kf_entered (open_kfid TEXT, customer TEXT, at REAL, PRIMARY KEY (open_kfid, customer));
CREATE TABLE IF NOT EXISTS kf_sent (open_kfid TEXT, message_id TEXT, PRIMARY KEY (open_kfid, message_id));
CREATE TABLE IF NOT EXISTS kf_codes (
    code TEXT PRIMARY KEY, open_kfid TEXT NOT NULL, customer TEXT NOT NULL, until REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS kf_calls (token TEXT PRIMARY KEY, open_kfid TEXT NOT NULL, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS kf_servicers (
    open_kfid TEXT, userid TEXT, on_duty INTEGER NOT NULL, PRIMARY KEY (open_kfid, userid)
);
CREATE TABLE IF NOT EXISTS kf_departments (open_kfid TEXT PRIMARY KEY, department INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS kf_failing (open_kfid TEXT, customer TEXT, fail_type INTEGER NOT NULL);
"""
_WINDOW_SECONDS, _PLACES = 48 * 3600, 5
_KEPT_SECONDS = 3 * 86_400
_CALL_SECONDS = 600
_WELCOME_SECONDS = _END_SECONDS = 20
_MOVED_SECONDS = 48 * 3600
_TEXT_BYTES = 2048
_FILES = ("image", "voice", "video", "file")
_MOST_LISTED = 1000
_MOST_CUSTOMERS = 100
_ID_CHARACTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-")
# What the API may change; only a servicer's session can be ended by it.
_FROM = {
    State.NEW: (State.QUEUE, State.SERVICER),
    State.BOT: (State.QUEUE, State.SERVICER),
    State.QUEUE: (State.SERVICER,),
    State.SERVICER: (State.SERVICER, State.ENDED),
    State.ENDED: (),
}
_CUSTOMER, _SYSTEM, _SERVICER = 3, 4, 5
# What the customer's phone shows when the assistant moves a session.
_MOVED = {State.QUEUE: ("queue", "正在排队，等客服接入"), State.SERVICER: ("take", "客服接入了会话")}


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """How often (0 to 1) calls fail before or after their effect, and pages are given again. For soaks."""

    chance: random.Random
    failing: float = 0.0
    repeating: float = 0.0


class KfTwin:
    """Customer service accounts on the platform that `twin` is: it has the tokens, the faults on demand, the files."""

    def __init__(self, *, twin: Twin, points: Mapping[str, str], names: Mapping[str, str] | None = None) -> None:
        """`points`: open_kfid → the app of its secret; `names`: what the points are called."""
        self.twin = twin
        self.ledger: Ledger = twin.ledger
        self._points = points
        self._names = names or {}
        self.disturbance: Disturbance | None = None
        with self.ledger.writing() as connection:
            connection.executescript(_SCHEMA)

    # What customers do. Each returns the token of the callback that announces it.

    def enter(self, open_kfid: str, customer: str) -> str:
        """Open the chat: an event, with a code for a welcome unless they wrote within two days."""
        with self.ledger.writing() as connection:
            row = _session(connection, open_kfid, customer)
            connection.execute("REPLACE INTO kf_entered VALUES (?, ?, ?)", (open_kfid, customer, self.twin.now()))
            event = {"event_type": "enter_session", "scene": "simulated", "scene_param": ""}
            if row is None or row["wrote_at"] < self.twin.now() - _WINDOW_SECONDS:
                _keep_session(connection, open_kfid, customer, row)
                event["welcome_code"] = self._code(connection, open_kfid, customer, _WELCOME_SECONDS)
            return self._event(connection, open_kfid, customer, event)

    def say(self, open_kfid: str, customer: str, text: str, *, menu_id: str = "", key: str = "") -> str:
        """Write a text, or tap a line of a menu."""
        part = {"content": text, **({"menu_id": menu_id} if menu_id else {})}
        return self.write(open_kfid, customer, "text", part, key=key)

    def write(self, open_kfid: str, customer: str, kind: str, part: Mapping[str, Any], *, key: str = "") -> str:
        """Send a message of any kind: it opens the window, and a session where the last one has ended."""
        with self.ledger.writing() as connection:
            row = _session(connection, open_kfid, customer)
            _keep_session(connection, open_kfid, customer, row)
            connection.execute(
                "UPDATE kf_sessions SET wrote_at = ?, places = ?, state = CASE state WHEN 4 THEN 0 ELSE state END "
                "WHERE open_kfid = ? AND customer = ?",
                (self.twin.now(), _PLACES, open_kfid, customer),
            )
            line = {"external_userid": customer, "origin": _CUSTOMER, "msgtype": kind, kind: dict(part)}
            return self._list(connection, open_kfid, line, key=key)

    def recall(self, open_kfid: str, customer: str, message_id: str) -> str:
        """Take a message back."""
        event = {"event_type": "user_recall_msg", "recall_msgid": message_id}
        with self.ledger.writing() as connection:
            return self._event(connection, open_kfid, customer, event)

    # What servicers do in their own app.

    def employ(self, open_kfid: str, userid: str, *, on_duty: bool = True) -> str:
        """Let somebody answer for a point, and go on or off duty."""
        with self.ledger.writing() as connection:
            connection.execute("REPLACE INTO kf_servicers VALUES (?, ?, ?)", (open_kfid, userid, on_duty))
            event = {"event_type": "servicer_status_change", "servicer_userid": userid, "status": 1 if on_duty else 2}
            return self._event(connection, open_kfid, "", event)

    def employ_department(self, open_kfid: str, department: int | None) -> str:
        """Let a whole department answer for a point, by its number: then nobody is told who of it is on duty."""
        with self.ledger.writing() as connection:
            connection.execute("DELETE FROM kf_departments WHERE open_kfid = ?", (open_kfid,))
            if department is not None:
                connection.execute("INSERT INTO kf_departments VALUES (?, ?)", (open_kfid, department))
            return self._event(connection, open_kfid, "", {"event_type": "servicer_status_change", "status": 1})

    def pick_up(self, open_kfid: str, customer: str, userid: str) -> str:
        """Take a session, from the queue or from wherever it is. Raises PlatformFault."""
        with self.ledger.writing() as connection:
            row = _session(connection, open_kfid, customer)
            if row is None:
                raise PlatformFault(95016)
            before = State(row["state"])
            change = {State.SERVICER: 2, State.ENDED: 4}.get(before, 1)
            _set_state(connection, open_kfid, customer, State.SERVICER, userid)
            event = {
                "event_type": "session_status_change",
                "change_type": change,
                "old_servicer_userid": row["servicer"],
                "new_servicer_userid": userid,
                "msg_code": self._code(connection, open_kfid, customer, _MOVED_SECONDS),
            }
            return self._event(connection, open_kfid, customer, event)

    def answer(self, open_kfid: str, customer: str, userid: str, text: str) -> str:
        """Write as a servicer. Raises PlatformFault unless the session is theirs."""
        with self.ledger.writing() as connection:
            self._must_have(connection, open_kfid, customer, userid)
            line = {
                "external_userid": customer,
                "origin": _SERVICER,
                "servicer_userid": userid,
                "msgtype": "text",
                "text": {"content": text},
            }
            token = self._list(connection, open_kfid, line)
        self._show(open_kfid, customer, "servicer", "text", text)
        return token

    def end(self, open_kfid: str, customer: str, userid: str) -> str:
        """End a session as its servicer. Raises PlatformFault."""
        with self.ledger.writing() as connection:
            self._must_have(connection, open_kfid, customer, userid)
            _set_state(connection, open_kfid, customer, State.ENDED, "")
            event = {
                "event_type": "session_status_change",
                "change_type": 3,
                "old_servicer_userid": userid,
                "msg_code": self._code(connection, open_kfid, customer, _END_SECONDS),
            }
            return self._event(connection, open_kfid, customer, event)

    def fail_later(self, open_kfid: str, customer: str, fail_type: int = 4) -> None:
        """Take the next message to a customer, and tell by an event that it did not arrive."""
        with self.ledger.writing() as connection:
            connection.execute("INSERT INTO kf_failing VALUES (?, ?, ?)", (open_kfid, customer, fail_type))

    def state_of(self, open_kfid: str, customer: str) -> tuple[State, str, int] | None:
        """Return state, servicer and places left of a session; None for somebody who was never there."""
        with self.ledger.writing() as connection:
            row = _session(connection, open_kfid, customer)
        return None if row is None else (State(row["state"]), row["servicer"], row["places"])

    def servicers_of(self, open_kfid: str) -> list[tuple[str, bool]]:
        """Return who answers for a point, and whether they are on duty."""
        with self.ledger.writing() as connection:
            rows = connection.execute("SELECT * FROM kf_servicers WHERE open_kfid = ? ORDER BY userid", (open_kfid,))
            return [(row["userid"], bool(row["on_duty"])) for row in rows]

    def department_of(self, open_kfid: str) -> int | None:
        """Return the department that answers for a point; None where people are named one by one."""
        with self.ledger.writing() as connection:
            query = "SELECT department FROM kf_departments WHERE open_kfid = ?"
            row = connection.execute(query, (open_kfid,)).fetchone()
        return None if row is None else int(row["department"])

    def with_people(self, open_kfid: str) -> list[tuple[str, State, str]]:
        """Return customer, state and servicer of who is in the queue or with a servicer, the longest silent first."""
        query = "SELECT * FROM kf_sessions WHERE open_kfid = ? AND state IN (?, ?) ORDER BY wrote_at, customer"
        with self.ledger.writing() as connection:
            rows = connection.execute(query, (open_kfid, int(State.QUEUE), int(State.SERVICER))).fetchall()
        return [(row["customer"], State(row["state"]), row["servicer"]) for row in rows]

    # The API. Every call raises PlatformFault with the platform's code.

    def sync(self, token: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """List what came after a cursor."""
        open_kfid = self._point(token, order, "kf/sync_msg")
        limit = min(int(order.get("limit") or _MOST_LISTED), _MOST_LISTED)
        cursor = str(order.get("cursor") or "0")
        if not cursor.isdigit():
            raise PlatformFault(40058)
        called = str(order.get("token") or "")
        after = self._repeating(int(cursor))
        with self.ledger.writing() as connection:
            known = "SELECT 1 FROM kf_calls WHERE token = ? AND open_kfid = ? AND until > ?"
            if called and connection.execute(known, (called, open_kfid, self.twin.now())).fetchone() is None:
                raise PlatformFault(95007)
        since = self.twin.now() - _KEPT_SECONDS
        found = self.ledger.lines(open_kfid, after=after, since=since, limit=limit + 1)
        page = found[:limit]
        answer = {
            "next_cursor": str(max(int(cursor), page[-1][0])) if page else cursor,
            "has_more": int(len(found) > limit),
            "msg_list": [json.loads(line) for _, line in page],
        }
        return self._lost(answer)

    def send(self, token: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Send to a customer within the five, in states that allow it."""
        open_kfid = self._point(token, order, "kf/send_msg")
        customer, message_id = str(order.get("touser", "")), _message_id(order)
        kind, text = _content(order)
        if kind in _FILES and self.twin.kept_media(self._points[open_kfid], text) is None:
            raise PlatformFault(40007)
        with self.ledger.writing() as connection:
            row = _session(connection, open_kfid, customer)
            if row is None:
                raise PlatformFault(40096)
            is_new = not _is_sent(connection, open_kfid, message_id)
            if is_new:
                _check(row, self.twin.now())
                connection.execute("INSERT INTO kf_sent VALUES (?, ?)", (open_kfid, message_id))
                connection.execute(
                    "UPDATE kf_sessions SET places = places - 1 WHERE open_kfid = ? AND customer = ?",
                    (open_kfid, customer),
                )
                arrives = self._arrives(connection, open_kfid, customer, message_id)
        if is_new and arrives:
            self._show(open_kfid, customer, "push", kind, text)
        return self._lost({"msgid": message_id})

    def send_on_event(self, token: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Send the one message that a code allows."""
        app = self.twin.app_of(token)
        self.twin.fail_on_demand(app, "kf/send_msg_on_event")
        self._failing()
        message_id, (kind, text) = _message_id(order), _content(order)
        with self.ledger.writing() as connection:
            row = connection.execute("SELECT * FROM kf_codes WHERE code = ?", (str(order.get("code")),)).fetchone()
            if row is None or self._points.get(row["open_kfid"]) != app or row["until"] <= self.twin.now():
                raise PlatformFault(40029)
            connection.execute("DELETE FROM kf_codes WHERE code = ?", (row["code"],))
            connection.execute("INSERT INTO kf_sent VALUES (?, ?)", (row["open_kfid"], message_id))
        self._show(row["open_kfid"], row["customer"], "push", kind, text)
        return self._lost({"msgid": message_id})

    def state(self, token: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Tell the state of a session."""
        open_kfid = self._point(token, order, "kf/service_state/get")
        with self.ledger.writing() as connection:
            row = _session(connection, open_kfid, str(order.get("external_userid", "")))
        state, servicer = (row["state"], row["servicer"]) if row else (State.ENDED, "")
        return {"service_state": int(state), **({"servicer_userid": servicer} if servicer else {})}

    def move(self, token: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Move a session to another state; no event tells of it."""
        open_kfid = self._point(token, order, "kf/service_state/trans")
        customer, userid = str(order.get("external_userid", "")), str(order.get("servicer_userid") or "")
        try:
            to = State(int(order.get("service_state", -1)))
        except ValueError:
            raise PlatformFault(40058) from None
        with self.ledger.writing() as connection:
            row = _session(connection, open_kfid, customer)
            if row is None or to not in _FROM[State(row["state"])]:
                raise PlatformFault(95016)
            if to is State.SERVICER and (userid, True) not in _servicers(connection, open_kfid):
                raise PlatformFault(95014)
            _set_state(connection, open_kfid, customer, to, userid if to is State.SERVICER else "")
            seconds = _END_SECONDS if to is State.ENDED else _MOVED_SECONDS
            code = self._code(connection, open_kfid, customer, seconds)
        if to in _MOVED:
            self._show(open_kfid, customer, "note", *_MOVED[to])
        return self._lost({"msg_code": code})

    def servicers(self, token: str, open_kfid: str) -> dict[str, Any]:
        """List who answers for a point: status 0 is on duty; a department has none."""
        self._point(token, {"open_kfid": open_kfid}, "kf/servicer/list")
        department = self.department_of(open_kfid)
        if department is not None:
            return {"servicer_list": [{"department_id": department}]}
        found = self.servicers_of(open_kfid)
        return {"servicer_list": [{"userid": userid, "status": 0 if on else 1} for userid, on in found]}

    def accounts(self, token: str) -> dict[str, Any]:
        """List the points of this secret."""
        app = self.twin.app_of(token)
        mine = [open_kfid for open_kfid, of in self._points.items() if of == app]
        return {"account_list": [{"open_kfid": one, "name": self._names.get(one, one), "avatar": ""} for one in mine]}

    def customers(self, token: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Tell of up to 100 customers who were there within 48 hours: their unionids, where they are set."""
        app = self.twin.app_of(token)
        self.twin.fail_on_demand(app, "kf/customer/batchget")
        self._failing()
        wanted = order.get("external_userid_list")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= _MOST_CUSTOMERS:
            raise PlatformFault(40058)
        known = self._there_lately(app)
        told = [one for one in wanted if one in known]
        return {
            "customer_list": [
                {"external_userid": one, "nickname": "", "avatar": "", "gender": 0, **self.twin.unionid_of(app, one)}
                for one in told
            ],
            "invalid_external_userid": [one for one in wanted if one not in known],
        }

    # Inside.

    def _there_lately(self, app: str) -> set[str]:
        since, mine = self.twin.now() - _WINDOW_SECONDS, {one for one, of in self._points.items() if of == app}
        with self.ledger.writing() as connection:
            wrote = connection.execute("SELECT open_kfid, customer FROM kf_sessions WHERE wrote_at >= ?", (since,))
            entered = connection.execute("SELECT open_kfid, customer FROM kf_entered WHERE at >= ?", (since,))
            return {row["customer"] for row in (*wrote, *entered) if row["open_kfid"] in mine}

    def _point(self, token: str, order: Mapping[str, Any], interface: str) -> str:
        app = self.twin.app_of(token)
        self.twin.fail_on_demand(app, interface)
        self._failing()
        open_kfid = str(order.get("open_kfid", ""))
        if self._points.get(open_kfid) != app:
            raise PlatformFault(95000)
        return open_kfid

    def _failing(self) -> None:
        trouble = self.disturbance
        if trouble is not None and trouble.chance.random() < trouble.failing / 2:
            raise PlatformFault(trouble.chance.choice((-1, 503)))

    def _lost(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Do what was asked for, and lose the answer on its way, now and then."""
        trouble = self.disturbance
        if trouble is not None and trouble.chance.random() < trouble.failing / 2:
            raise PlatformFault(502)
        return answer

    def _repeating(self, cursor: int) -> int:
        trouble = self.disturbance
        if trouble is not None and trouble.chance.random() < trouble.repeating:
            return max(0, cursor - trouble.chance.randrange(1, 30))
        return cursor

    def _arrives(self, connection: sqlite3.Connection, open_kfid: str, customer: str, message_id: str) -> bool:
        which = "FROM kf_failing WHERE rowid = (SELECT min(rowid) FROM kf_failing WHERE open_kfid = ? AND customer = ?)"
        row = connection.execute(f"SELECT fail_type {which}", (open_kfid, customer)).fetchone()
        if row is None:
            return True
        connection.execute(f"DELETE {which}", (open_kfid, customer))
        event = {"event_type": "msg_send_fail", "fail_msgid": message_id, "fail_type": row["fail_type"]}
        self._event(connection, open_kfid, customer, event)
        return False

    def _must_have(self, connection: sqlite3.Connection, open_kfid: str, customer: str, userid: str) -> None:
        row = _session(connection, open_kfid, customer)
        if row is None or row["state"] != State.SERVICER or row["servicer"] != userid:
            raise PlatformFault(95018)

    def _event(self, connection: sqlite3.Connection, open_kfid: str, customer: str, event: Mapping[str, Any]) -> str:
        who = {"open_kfid": open_kfid, **({"external_userid": customer} if customer else {})}
        line = {"origin": _SYSTEM, "msgtype": "event", "event": {**event, **who}}
        return self._list(connection, open_kfid, line)

    def _list(self, connection: sqlite3.Connection, open_kfid: str, line: Mapping[str, Any], *, key: str = "") -> str:
        now = self.twin.now()
        whole = {"msgid": key or secrets.token_urlsafe(24), "open_kfid": open_kfid, "send_time": int(now), **line}
        self.ledger.add_line(connection, open_kfid, json.dumps(whole, ensure_ascii=False).encode(), now)
        token = secrets.token_urlsafe(24)
        connection.execute("DELETE FROM kf_calls WHERE until <= ?", (now,))
        connection.execute("INSERT INTO kf_calls VALUES (?, ?, ?)", (token, open_kfid, now + _CALL_SECONDS))
        return token

    def _code(self, connection: sqlite3.Connection, open_kfid: str, customer: str, seconds: float) -> str:
        code = secrets.token_urlsafe(24)
        until = self.twin.now() + seconds
        connection.execute("INSERT INTO kf_codes VALUES (?, ?, ?, ?)", (code, open_kfid, customer, until))
        return code

    def _show(self, open_kfid: str, customer: str, side: str, kind: str, text: str) -> None:
        bubble = Bubble(side=side, kind=kind, text=text, at=self.twin.now())
        self.ledger.add_bubble(open_kfid, customer, bubble)


def _session(connection: sqlite3.Connection, open_kfid: str, customer: str) -> sqlite3.Row | None:
    query = "SELECT * FROM kf_sessions WHERE open_kfid = ? AND customer = ?"
    row: sqlite3.Row | None = connection.execute(query, (open_kfid, customer)).fetchone()
    return row


def _keep_session(connection: sqlite3.Connection, open_kfid: str, customer: str, row: sqlite3.Row | None) -> None:
    if row is None:
        insert = "INSERT INTO kf_sessions (open_kfid, customer, state) VALUES (?, ?, 0)"
        connection.execute(insert, (open_kfid, customer))


def _set_state(connection: sqlite3.Connection, open_kfid: str, customer: str, state: State, servicer: str) -> None:
    connection.execute(
        "UPDATE kf_sessions SET state = ?, servicer = ? WHERE open_kfid = ? AND customer = ?",
        (int(state), servicer, open_kfid, customer),
    )


def _servicers(connection: sqlite3.Connection, open_kfid: str) -> list[tuple[str, bool]]:
    rows = connection.execute("SELECT * FROM kf_servicers WHERE open_kfid = ?", (open_kfid,))
    return [(row["userid"], bool(row["on_duty"])) for row in rows]


def _is_sent(connection: sqlite3.Connection, open_kfid: str, message_id: str) -> bool:
    query = "SELECT 1 FROM kf_sent WHERE open_kfid = ? AND message_id = ?"
    return connection.execute(query, (open_kfid, message_id)).fetchone() is not None


def _check(row: sqlite3.Row, now: float) -> None:
    if row["state"] == State.ENDED:
        raise PlatformFault(95013)
    if row["state"] not in (State.NEW, State.BOT):
        raise PlatformFault(95018)
    if row["wrote_at"] <= now - _WINDOW_SECONDS:
        raise PlatformFault(95002)
    if row["places"] <= 0:
        raise PlatformFault(95001)


def _message_id(order: Mapping[str, Any]) -> str:
    given = str(order.get("msgid") or secrets.token_urlsafe(12))
    if len(given) > 32 or not set(given) <= _ID_CHARACTERS:
        raise PlatformFault(40058)
    return given


def _content(order: Mapping[str, Any]) -> tuple[str, str]:
    """Return kind and text of a message; a menu's text is its JSON."""
    kind = order.get("msgtype")
    part = order.get(kind) if isinstance(kind, str) else None
    if not isinstance(part, Mapping):
        raise PlatformFault(47001)
    if kind == "msgmenu":
        _check_menu(part)
        return "menu", json.dumps(part, ensure_ascii=False)
    text = str(part.get("content") or part.get("media_id") or "")
    if not text or len(text.encode()) > _TEXT_BYTES:
        raise PlatformFault(45002 if text else 44004)
    return str(kind), text


def _check_menu(menu: Mapping[str, Any]) -> None:
    lines = menu.get("list")
    if (
        not isinstance(lines, list)
        or not 1 <= len(lines) <= 10
        or len(str(menu.get("head_content", "")).encode()) > 1024
    ):
        raise PlatformFault(40058)
    for line in lines:
        click = line.get("click", {}) if isinstance(line, Mapping) else {}
        if not 0 < len(str(click.get("content", "")).encode()) <= 128 or len(str(click.get("id", "")).encode()) > 128:
            raise PlatformFault(40058)
