"""A customer service account in the simulator: the customer's side of its chats, and a small view for a servicer."""

import base64
import binascii
import time
from collections.abc import Callable, Mapping
from typing import Any

from bot.clock import Clock, system_clock
from bot.kf.sessions import State
from console.platform.kf import KfTwin
from console.platform.kf_phone import KfPhone
from console.platform.ledger import Bubble
from console.platform.phone import Delivery
from console.platform.twin import PlatformFault
from console.platform.wecom_phone import WeComPhoneAccount
from console.simulator.chat import TRIES, Answer, Exchange, Post, Refused, picture_type, shown
from console.simulator.world import KF_FAULTS, PLACES, SERVICER, SERVICER_NAME, SimulatedAccount

_STATES = {
    State.NEW: ("bot", "助手在接待"),
    State.BOT: ("bot", "助手在接待"),
    State.QUEUE: ("queue", "在排队，等客服接入"),
    State.SERVICER: ("servicer", f"{SERVICER_NAME}在接待"),
    State.ENDED: ("ended", "已结束；客户再写，由助手接待"),
}
_NOBODY = ("closed", "还没有打开会话")
_DUTIES = {"direct": "客服在岗，会话直接分给客服", "queue": "客服在岗，会话先排队", "off": "客服下岗了"}
_DEPARTMENT = 1  # that answers where sessions are to queue
_REFUSED = {95018: "会话不在这位客服手上", 95016: "现在不能这样转接", 95014: "客服不在岗"}
_SAID = {"image": "[图片]", "voice": "[语音]", "location": "[位置]"}
_PICTURE_BYTES = 3 * 1024 * 1024
_TEXT_CHARACTERS = 2000
_SENDING = "kf/send_msg"


class KfChat:
    """All chats of the simulated people with one customer service account."""

    def __init__(self, *, account: SimulatedAccount, twin: KfTwin, post: Post, clock: Clock = system_clock) -> None:
        if not isinstance(account.phone, WeComPhoneAccount):
            raise TypeError("customer service is WeCom's")
        self._account = account
        self._point = account.open_kfid
        self._twin = twin
        self._post = post
        self._clock = clock
        self._phone = KfPhone(account.phone, clock=clock)
        if not twin.servicers_of(self._point):
            twin.employ(self._point, SERVICER)

    def told(self, contact: str, *, after: int) -> dict[str, Any]:
        """Return what the page shows of a chat besides what was understood."""
        known = self._twin.state_of(self._point, contact)
        state, servicer, places = known if known else (State.ENDED, "", 0)
        bubbles = self._twin.ledger.bubbles(self._point, contact, after=after)
        return {
            "bubbles": shown(self._twin.ledger, bubbles),
            "follows": known is not None,
            "quota": places,
            "faults": self._twin.twin.faults(self._account.phone.app_id),
            "session": self._session(state if known else None, servicer),
        }

    def _session(self, state: State | None, servicer: str) -> dict[str, Any]:
        """Return what the servicer sees: this customer's session, and all who wait or are talked with."""
        kind, words = _NOBODY if state is None else _STATES[state]
        return {
            "kind": kind,
            "state": words,
            "servicer": servicer,
            "is_taken": state is State.SERVICER,
            "duty": self._duty_now(),
            "people": [
                {"person": customer, "is_taken": state is State.SERVICER, "said": self._last_said(customer)}
                for customer, state, _servicer in self._twin.with_people(self._point)
            ],
        }

    def _duty_now(self) -> str:
        if (SERVICER, True) not in self._twin.servicers_of(self._point):
            return "off"
        return "direct" if self._twin.department_of(self._point) is None else "queue"

    def _last_said(self, customer: str) -> str:
        said = [one for one in self._twin.ledger.bubbles(self._point, customer) if one.side == "person"]
        return _SAID.get(said[-1].kind, said[-1].text) if said else ""

    def act(self, contact: str, order: Mapping[str, object]) -> Exchange:
        """Do what the page asks for, as the customer or as the servicer. Raises Refused."""
        actions: dict[str, Callable[[str, Mapping[str, object]], str]] = {
            "follow": self._enter,
            "unfollow": self._enter,
            "say": self._say,
            "tap": self._tap,
            "voice": self._voice,
            "picture": self._picture,
            "place": self._place,
            "duty": self._duty,
            "take": self._take,
            "answer": self._answer,
            "end": self._end,
        }
        action = actions.get(str(order.get("do")))
        if action is None:
            raise Refused("没有这个操作")
        try:
            return self._announced(contact, action(contact, order))
        except PlatformFault as fault:
            raise Refused(_REFUSED.get(fault.code, str(fault))) from None

    def repeat(self, contact: str) -> Exchange:
        """Deliver the last callback three times more: what it announces is fetched no second time. Raises Refused."""
        last = self._twin.ledger.last_delivery(self._point, contact)
        if last is None:
            raise Refused("还没有发过消息")
        began = time.perf_counter()
        answers = [self._deliver(last[0]) for _ in range(TRIES)]
        self._add(contact, "note", "retry", f"同一个通知又投递了 {TRIES} 次，不会答第二遍")
        return Exchange(replies=tuple(None for _ in answers), milliseconds=_since(began))

    def fail(self, contact: str, code: int) -> None:
        """Let the next message to customers fail with this code."""
        self._twin.twin.fail_next(self._account.phone.app_id, code, interface=_SENDING)
        self._add(contact, "note", "fault", f"下一次主动发送将返回 {code}（{KF_FAULTS[code]}）")

    def _enter(self, contact: str, _order: Mapping[str, object]) -> str:
        self._add(contact, "note", "follow", "打开了客服会话")
        return self._twin.enter(self._point, contact)

    def _say(self, contact: str, order: Mapping[str, object]) -> str:
        text = _text(order)
        if not text:
            raise Refused("请先写几个字")
        self._add(contact, "person", "text", text)
        return self._twin.say(self._point, contact, text)

    def _tap(self, contact: str, order: Mapping[str, object]) -> str:
        text = _text(order)
        self._add(contact, "person", "text", text)
        return self._twin.say(self._point, contact, text, menu_id=str(order.get("id", ""))[:128])

    def _voice(self, contact: str, order: Mapping[str, object]) -> str:
        # Customer service sends no recognised text with a voice message.
        self._add(contact, "person", "voice", _text(order))
        return self._file(contact, "voice", b"#!AMR\n")

    def _picture(self, contact: str, order: Mapping[str, object]) -> str:
        try:
            content = base64.b64decode(str(order.get("content", "")), validate=True)
        except (binascii.Error, ValueError):
            raise Refused("这不是图片") from None
        if not content or len(content) > _PICTURE_BYTES or picture_type(content) is None:
            raise Refused("请选 3 MB 以内的 JPG、PNG 或 GIF 图片")
        return self._file(contact, "image", content, shown=True)

    def _file(self, contact: str, kind: str, content: bytes, *, shown: bool = False) -> str:
        media_id = self._twin.twin.keep_media(self._account.phone.app_id, kind, content)
        if shown:
            self._add(contact, "person", kind, media_id)
        return self._twin.write(self._point, contact, kind, {"media_id": media_id})

    def _place(self, contact: str, order: Mapping[str, object]) -> str:
        place = next((place for place in PLACES if place.label == order.get("label")), PLACES[0])
        self._add(contact, "person", "location", place.label)
        part = {"latitude": float(place.latitude), "longitude": float(place.longitude), "name": place.label}
        return self._twin.write(self._point, contact, "location", {**part, "address": place.label})

    def _duty(self, contact: str, order: Mapping[str, object]) -> str:
        how = str(order.get("how"))
        if how not in _DUTIES:
            raise Refused("没有这种接待方式")
        self._add(contact, "note", "duty", _DUTIES[how])
        self._twin.employ_department(self._point, _DEPARTMENT if how == "queue" else None)
        return self._twin.employ(self._point, SERVICER, on_duty=how != "off")

    def _take(self, contact: str, _order: Mapping[str, object]) -> str:
        token = self._twin.pick_up(self._point, contact, SERVICER)
        self._add(contact, "note", "take", "客服接入了会话")
        return token

    def _answer(self, contact: str, order: Mapping[str, object]) -> str:
        text = _text(order)
        if not text:
            raise Refused("请先写几个字")
        return self._twin.answer(self._point, contact, SERVICER, text)

    def _end(self, contact: str, _order: Mapping[str, object]) -> str:
        token = self._twin.end(self._point, contact, SERVICER)
        self._add(contact, "note", "end", "客服结束了会话")
        return token

    def _announced(self, contact: str, token: str) -> Exchange:
        """Deliver the callback as the platform does, up to three times."""
        delivery = self._phone.announce(self._point, token)
        self._twin.ledger.keep_delivery(self._point, contact, delivery, self._clock().timestamp())
        began = time.perf_counter()
        answer = Answer(status=None)
        for _ in range(TRIES):
            answer = self._deliver(delivery)
            if answer.status == 200:
                break
        fault = "" if answer.status == 200 else f"HTTP {answer.status or '超时'}"
        return Exchange(replies=(None,), milliseconds=_since(began), fault=fault)

    def _deliver(self, delivery: Delivery) -> Answer:
        return self._post(self._account.phone.id, delivery)

    def _add(self, contact: str, side: str, kind: str, text: str) -> None:
        bubble = Bubble(side=side, kind=kind, text=text, at=self._clock().timestamp())
        self._twin.ledger.add_bubble(self._point, contact, bubble)


def _text(order: Mapping[str, object]) -> str:
    text = order.get("text")
    return text.strip()[:_TEXT_CHARACTERS] if isinstance(text, str) else ""


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
