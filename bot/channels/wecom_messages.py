"""Messages of a WeCom application to members of the corporation: text, markdown, card, file; within WeCom's pace."""

from typing import Any, Protocol

from bot.cards import Card
from bot.channels.qyapi import QyApi
from bot.errors import GiveUp, RetryLater
from bot.files import OutgoingFile

# Longer ones are shown cut, or refused: WeCom's page "文本通知模版卡片".
_TITLE, _TEXT, _ROWS, _ROW_NAME, _ROW_VALUE, _BUTTON = 26, 112, 6, 5, 26, 13
_MARKDOWN_BYTES = 2048
# WeCom drops a message that repeats another one to the same member within so many seconds. A lost answer is tried again
# within seconds; somebody who says the same thing twice means it, so for texts the interval is short.
_SAME_TEXT_SECONDS, _SAME_CARD_SECONDS = 30, 1800


class Pace(Protocol):
    """Who counts what was sent to a member: WeCom silently drops what is over 30 a minute or 1,000 an hour."""

    def wait_seconds(self, account: str, contact: str) -> float:
        """Return how long the next message to this member has to wait; 0 when it need not."""


class WeComMessages:
    """Sends to members. Every failure is a RetryLater, GiveUp or ConfigurationFault."""

    def __init__(self, *, account: str, agent_id: int, api: QyApi, pace: Pace) -> None:
        self._account = account
        self._agent_id = agent_id
        self._api = api
        self._pace = pace

    def send_text(self, member: str, text: str) -> None:
        """Send one text of at most 2,048 bytes."""
        self._send(member, "text", {"content": text}, same_seconds=_SAME_TEXT_SECONDS)

    def send_card(self, member: str, card: Card) -> None:
        """Send one card. One that WeCom would show only in part goes as Markdown, whole; what is too long even for
        that is cut."""
        marked = _marked(card)
        if _fits(card) or len(marked.encode()) > _MARKDOWN_BYTES:
            self._send(member, "template_card", _notice(card), same_seconds=_SAME_CARD_SECONDS)
        else:
            self._send(member, "markdown", {"content": marked}, same_seconds=_SAME_CARD_SECONDS)

    def send_file(self, member: str, file: OutgoingFile) -> None:
        """Upload a file (more than 5 bytes, a picture up to 10 MB, else up to 20 MB) and send it."""
        kind = "image" if file.is_picture else "file"
        self._check_pace(member)
        media_id = self._api.upload(kind, file.name, file.content)
        self._post(member, kind, {"media_id": media_id}, same_seconds=_SAME_TEXT_SECONDS)

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a member sent."""
        return self._api.fetch_media(media_id)

    def _send(self, member: str, kind: str, part: dict[str, Any], *, same_seconds: int) -> None:
        self._check_pace(member)
        self._post(member, kind, part, same_seconds=same_seconds)

    def _check_pace(self, member: str) -> None:
        wait_seconds = self._pace.wait_seconds(self._account, member)
        if wait_seconds > 0:
            raise RetryLater("this member has had as much as WeCom delivers", wait_seconds=wait_seconds)

    def _post(self, member: str, kind: str, part: dict[str, Any], *, same_seconds: int) -> None:
        order = {
            "touser": member,
            "msgtype": kind,
            "agentid": self._agent_id,
            kind: part,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": same_seconds,
        }
        answer = self._api.post("message/send", order)
        # WeCom takes a message with some receivers that it cannot reach, and names them.
        if answer.get("invaliduser") or answer.get("unlicenseduser"):
            raise GiveUp("WeCom cannot reach this member")


def _notice(card: Card) -> dict[str, Any]:
    """Return the card as WeCom's "text notice"."""
    return {
        "card_type": "text_notice",
        "main_title": {"title": _cut(card.title, _TITLE)},
        "sub_title_text": _cut(card.text, _TEXT),
        "horizontal_content_list": [
            {"keyname": name[:_ROW_NAME], "value": _cut(value, _ROW_VALUE)} for name, value in card.rows[:_ROWS]
        ],
        "jump_list": [{"type": 1, "title": card.button[:_BUTTON], "url": card.url}],
        "card_action": {"type": 1, "url": card.url},
    }


def _fits(card: Card) -> bool:
    rows = all(len(name) <= _ROW_NAME and len(value) <= _ROW_VALUE for name, value in card.rows)
    return rows and len(card.rows) <= _ROWS and len(card.title) <= _TITLE and len(card.text) <= _TEXT


def _marked(card: Card) -> str:
    """Return the card in WeCom's subset of Markdown. The WeCom app shows it; WeChat's plug-in does not, but who gets
    cards works in the app."""
    rows = [f"> {name}：{value}" for name, value in card.rows]
    return "\n".join((f"**{card.title}**", card.text, *rows, f"[{card.button}]({card.url})"))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
