"""What happens when a simulated person does something: a callback to the real webhook, and bubbles in the chat."""

import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import requests

from bot.channels.transport import without_proxies
from bot.clock import Clock, system_clock
from bot.errors import RefusedInput
from console.platform.ledger import Bubble, Ledger
from console.platform.notices import DELIVERED, Report
from console.platform.phone import Delivery, Phone, PhoneAccount
from console.platform.twin import Twin
from console.platform.wecom_phone import WeComPhone, WeComPhoneAccount
from console.simulator.world import PLACES, SimulatedAccount

PATIENCE_SECONDS = 5.0  # then the platform hangs up and tries again
TRIES = 3
_RETRIED_WITHIN_SECONDS = 240
_PICTURE_BYTES = 3 * 1024 * 1024
_TEXT_CHARACTERS = 2000
_PICTURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"))

# What WeChat itself shows when an account does not answer properly.
OUT_OF_SERVICE = "该公众号提供的服务出现故障，请稍后再试"

Post = Callable[[str, Delivery], "Answer"]


class Refused(Exception):
    """The page asked for something that cannot be done; the text is for its reader."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the webhook answered to one delivery; no status means that it was not reached in time."""

    status: int | None
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """How one action went, for the page."""

    replies: tuple[str | None, ...]
    milliseconds: int
    fault: str = ""


class Chat:
    """All chats of the simulated people with one account."""

    def __init__(self, *, account: SimulatedAccount, twin: Twin, post: Post, clock: Clock = system_clock) -> None:
        self._account = account
        self._app_id = account.phone.app_id
        self._twin = twin
        self._post = post
        self._clock = clock
        self._phone = _phone_of(account.phone, clock)

    def act(self, contact: str, order: Mapping[str, object]) -> Exchange:
        """Do what the page asks for: say, voice, picture, place, menu, follow, unfollow. Raises Refused."""
        actions: dict[str, Callable[[str, Mapping[str, object]], Exchange]] = {
            "say": self._say,
            "voice": self._voice,
            "picture": self._picture,
            "place": self._place,
            "menu": self._menu,
            "follow": self._follow,
            "unfollow": self._unfollow,
        }
        action = actions.get(str(order.get("do")))
        if action is None:
            raise Refused("没有这个操作")
        if order.get("do") != "follow" and not self._twin.follows(self._app_id, contact):
            raise Refused(self._words("还没有关注这个公众号", "不在这个应用的可见范围里"))
        return action(contact, order)

    def repeat(self, contact: str) -> Exchange:
        """Deliver the last callback three times more, as the platform does when it hears nothing. Raises Refused."""
        last = self._twin.ledger.last_delivery(self._app_id, contact)
        if last is None:
            raise Refused("还没有发过消息")
        delivery, at = last
        if self._clock().timestamp() - at > _RETRIED_WITHIN_SECONDS:
            raise Refused("平台只在几秒之内重试，请先再发一条")
        began = time.perf_counter()
        answers = [self._post(self._account.phone.id, delivery) for _ in range(TRIES)]
        replies = tuple(self._read(answer) for answer in answers)
        same = "三次答复完全相同" if len(set(replies)) == 1 else "三次答复不一样"
        self._add(contact, "note", "retry", f"同一条消息又投递了 {TRIES} 次：{same}")
        return Exchange(replies=replies, milliseconds=_since(began))

    def report(self, told: Report) -> None:
        """Tell the account how a notice ended, as the platform does a moment after it took it."""
        self._post(self._account.phone.id, self._phone.event(told.contact, told.event, **told.fields()))
        if told.status != DELIVERED:
            self._add(told.contact, "note", "fault", f"一条模板消息没有送达（{told.status}）")

    def _say(self, contact: str, order: Mapping[str, object]) -> Exchange:
        text = _text(order)
        if not text:
            raise Refused("请先写几个字")
        self._heard(contact, "text", text)
        return self._exchange(contact, self._phone.text(contact, text))

    def _voice(self, contact: str, order: Mapping[str, object]) -> Exchange:
        text = _text(order) if isinstance(self._phone, Phone) else ""  # WeCom recognises no speech
        self._heard(contact, "voice", text)
        media_id = self._twin.keep_media(self._app_id, "voice", b"#!AMR\n")
        recognised = {"Recognition": text} if text else {}
        message = self._phone.message(contact, "voice", MediaId=media_id, Format="amr", **recognised)
        return self._exchange(contact, message)

    def _picture(self, contact: str, order: Mapping[str, object]) -> Exchange:
        try:
            content = base64.b64decode(str(order.get("content", "")), validate=True)
        except (binascii.Error, ValueError):
            raise Refused("这不是图片") from None
        if not content or len(content) > _PICTURE_BYTES or picture_type(content) is None:
            raise Refused("请选 3 MB 以内的 JPG、PNG 或 GIF 图片")
        media_id = self._twin.keep_media(self._app_id, "image", content)
        self._heard(contact, "image", media_id)
        message = self._phone.message(contact, "image", MediaId=media_id, PicUrl=f"https://mmbiz.example/{media_id}")
        return self._exchange(contact, message)

    def _place(self, contact: str, order: Mapping[str, object]) -> Exchange:
        place = next((place for place in PLACES if place.label == order.get("label")), PLACES[0])
        self._heard(contact, "location", place.label)
        message = self._phone.message(
            contact,
            "location",
            Location_X=place.latitude,
            Location_Y=place.longitude,
            Scale="15",
            Label=place.label,
        )
        return self._exchange(contact, message)

    def _menu(self, contact: str, order: Mapping[str, object]) -> Exchange:
        item = next((item for item in self._account.menu if item.key == order.get("key")), None)
        if item is None:
            raise Refused("菜单里没有这一项")
        self._twin.hear(self._app_id, contact, "CLICK")
        self._add(contact, "note", "menu", f"点了菜单「{item.label}」")
        return self._exchange(contact, self._phone.event(contact, "CLICK", item.key))

    def _follow(self, contact: str, _order: Mapping[str, object]) -> Exchange:
        self._twin.hear(self._app_id, contact, "subscribe")
        self._add(contact, "note", "follow", self._words("关注了公众号", "加入了应用的可见范围"))
        return self._exchange(contact, self._phone.event(contact, "subscribe"))

    def _unfollow(self, contact: str, _order: Mapping[str, object]) -> Exchange:
        self._twin.hear(self._app_id, contact, "unsubscribe")
        self._add(contact, "note", "unfollow", self._words("取消了关注", "离开了应用的可见范围"))
        return self._exchange(contact, self._phone.event(contact, "unsubscribe"))

    def _words(self, of_follower: str, of_member: str) -> str:
        return of_follower if isinstance(self._phone, Phone) else of_member

    def _heard(self, contact: str, kind: str, text: str) -> None:
        self._twin.hear(self._app_id, contact)
        self._add(contact, "person", kind, text)

    def _exchange(self, contact: str, delivery: Delivery) -> Exchange:
        """Deliver as the platform does, up to three times, and show what comes back."""
        self._twin.ledger.keep_delivery(self._app_id, contact, delivery, self._clock().timestamp())
        began = time.perf_counter()
        for _ in range(TRIES):
            answer = self._post(self._account.phone.id, delivery)
            if answer.status is not None:
                break
        try:
            reply = self._opened(answer)
        except RefusedInput:
            self._add(contact, "note", "fault", OUT_OF_SERVICE)
            return Exchange(replies=(), milliseconds=_since(began), fault=f"HTTP {answer.status or '超时'}")
        if reply:
            self._add(contact, "reply", "text", reply)
        return Exchange(replies=(reply,), milliseconds=_since(began))

    def _read(self, answer: Answer) -> str | None:
        try:
            return self._opened(answer)
        except RefusedInput:
            return OUT_OF_SERVICE

    def _opened(self, answer: Answer) -> str | None:
        if answer.status != 200:
            raise RefusedInput("the webhook did not answer with 200")
        return self._phone.read(answer.body)

    def _add(self, contact: str, side: str, kind: str, text: str) -> None:
        bubble = Bubble(side=side, kind=kind, text=text, at=self._clock().timestamp())
        self._twin.ledger.add_bubble(self._app_id, contact, bubble)


def _phone_of(account: PhoneAccount | WeComPhoneAccount, clock: Clock) -> Phone | WeComPhone:
    return Phone(account, clock=clock) if isinstance(account, PhoneAccount) else WeComPhone(account, clock=clock)


def by_http(base_url: str) -> Post:
    """Return a way to post deliveries to the webhooks of a server, as impatient as the platform."""
    session = requests.Session()
    without_proxies(session, base_url)

    def post(account: str, delivery: Delivery) -> Answer:
        url = f"{base_url}/webhooks/{account}"
        try:
            answer = session.post(
                url, params=dict(delivery.query), data=delivery.body, timeout=PATIENCE_SECONDS, allow_redirects=False
            )
        except requests.RequestException:
            return Answer(status=None)
        return Answer(status=answer.status_code, body=answer.content)

    return post


def picture_type(content: bytes) -> str | None:
    """Return the media type of a picture by its first bytes; None for anything else."""
    return next((kind for start, kind in _PICTURES if content.startswith(start)), None)


def shown(ledger: Ledger, bubbles: Sequence[Bubble]) -> list[dict[str, Any]]:
    """Return the bubbles for the page; a document's with its name."""
    return [
        {**asdict(bubble), **({"name": ledger.media_name(bubble.text)} if bubble.kind == "file" else {})}
        for bubble in bubbles
    ]


def _text(order: Mapping[str, object]) -> str:
    text = order.get("text")
    return text.strip()[:_TEXT_CHARACTERS] if isinstance(text, str) else ""


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
