"""The customer service's interfaces as far as we call them; all failures are RetryLater, GiveUp, ConfigurationFault.

Source: WeCom's pages on WeChat customer service (接收消息和事件, 发送消息, 分配客服会话, 接待人员管理,
获取客户基础信息).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.errors import RetryLater
from bot.kf.menus import menu_of
from bot.kf.people import servicer_of
from bot.kf.sessions import State
from bot.unionids import read

_PAGE = 500  # the platform gives at most 1,000 at once


class Calls(Protocol):
    """WeCom's API with the token of this account (bot.channels.qyapi.QyApi)."""

    def post(self, interface: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Call an interface with a JSON order."""

    def get(self, interface: str, **query: str) -> dict[str, Any]:
        """Call an interface that takes its order in the address."""

    def upload(self, kind: str, name: str, content: bytes) -> str:
        """Store a file for three days and return its media id."""

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a person sent."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One answer of `kf/sync_msg`: the lines as they came, the next cursor, and whether there is more."""

    lines: Sequence[object]
    cursor: str
    has_more: bool


@dataclass(frozen=True, kw_only=True)
class Servicer:
    """A person who answers in WeCom."""

    userid: str
    is_on_duty: bool


class KfApi:
    """Calls the customer service's interfaces for one account."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def sync(self, open_kfid: str, *, cursor: str, token: str) -> Page:
        """Return what came after the cursor; without one what is kept, from the oldest: three days."""
        order: dict[str, Any] = {"open_kfid": open_kfid, "limit": _PAGE, "voice_format": 0}
        if cursor:
            order["cursor"] = cursor
        if token:
            order["token"] = token
        answer = self._calls.post("kf/sync_msg", order)
        lines, following = answer.get("msg_list"), answer.get("next_cursor")
        # What there is none of may be absent, or null.
        lines, following = [] if lines is None else lines, "" if following is None else following
        if not isinstance(lines, list) or not isinstance(following, str):
            raise RetryLater("WeCom's list of messages cannot be read")
        # An answer that names no next cursor moves nothing.
        return Page(lines=lines, cursor=following or cursor, has_more=answer.get("has_more") in (1, True))

    def send(self, *, customer: str, open_kfid: str, message_id: str, text: str, code: str = "") -> None:
        """Send one text, as a menu where it has numbered choices; with a code on the event that gave it."""
        menu = menu_of(text, message_id)
        part = {"msgtype": "msgmenu", "msgmenu": menu} if menu else {"msgtype": "text", "text": {"content": text}}
        if code:
            self._calls.post("kf/send_msg_on_event", {"code": code, "msgid": message_id, **part})
        else:
            who = {"touser": customer, "open_kfid": open_kfid, "msgid": message_id}
            self._calls.post("kf/send_msg", {**who, **part})

    def send_media(self, *, customer: str, open_kfid: str, message_id: str, kind: str, media_id: str) -> None:
        """Send a file that was uploaded: `image` or `file`."""
        who = {"touser": customer, "open_kfid": open_kfid, "msgid": message_id}
        self._calls.post("kf/send_msg", {**who, "msgtype": kind, kind: {"media_id": media_id}})

    def upload(self, kind: str, name: str, content: bytes) -> str:
        """Store a file for three days and return its media id."""
        return self._calls.upload(kind, name, content)

    def state(self, *, customer: str, open_kfid: str) -> tuple[State, str]:
        """Return the state of a customer's session, and the servicer who has it."""
        order = {"open_kfid": open_kfid, "external_userid": customer}
        answer = self._calls.post("kf/service_state/get", order)
        try:
            return State(int(answer["service_state"])), servicer_of(answer.get("servicer_userid"))
        except (KeyError, ValueError, TypeError):
            raise RetryLater("WeCom's answer about the session cannot be read") from None

    def move(self, *, customer: str, open_kfid: str, to: State, servicer: str = "") -> None:
        """Move a session to the queue, a servicer, or its end."""
        order: dict[str, Any] = {"open_kfid": open_kfid, "external_userid": customer, "service_state": int(to)}
        if servicer:
            order["servicer_userid"] = servicer
        self._calls.post("kf/service_state/trans", order)

    def servicers(self, open_kfid: str) -> list[Servicer]:
        """Return the people who answer for a service point."""
        answer = self._calls.get("kf/servicer/list", open_kfid=open_kfid)
        found = answer.get("servicer_list", [])
        lines = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return [
            Servicer(userid=str(one["userid"])[:64], is_on_duty=one.get("status") == 0)
            for one in lines
            if isinstance(one.get("userid"), str)  # a department has a department_id instead
        ]

    def unionids(self, customers: Sequence[str]) -> dict[str, str]:
        """Return the unionids of up to 100 customers: "" for one who has none, nothing for one who has not been there
        for 48 hours."""
        answer = self._calls.post("kf/customer/batchget", {"external_userid_list": list(customers)})
        if not isinstance(answer.get("customer_list"), list):
            raise RetryLater("WeCom's answer about customers cannot be read")
        return read(answer["customer_list"], name="external_userid")

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a person sent, of at most 25 MB; the platform keeps it for three days."""
        return self._calls.fetch_media(media_id)
