"""An application in WeCom, for members of the corporation: its sealed callbacks, its passive replies, its messages.

Members are WeCom's own users: employees who are policyholders, and health managers, who get cards about their work.
"""

from collections.abc import Mapping
from typing import Protocol

from bot.accounts import WecomAccount
from bot.cards import Card
from bot.channel import Envelope, Wrapped
from bot.channels.envelope import make_safe
from bot.channels.inbounds import inbound_of
from bot.channels.qyapi import QyApi
from bot.channels.wecom_callbacks import RECEIVED, Opened, SealedCallbacks
from bot.channels.wecom_messages import WeComMessages
from bot.clock import Clock, system_clock
from bot.errors import RefusedInput
from bot.files import DOCUMENT_BYTES, PDF, PICTURE_BYTES, PICTURES, OutgoingFile
from bot.store.pace import MemberPace
from bot.store.store import Store
from bot.store.tokens import DatabaseTokens

_SYSTEM = "sys"  # WeCom itself: changes of the address book, ends of batch jobs


class Messages(Protocol):
    """The API calls that the channel itself needs."""

    def send_text(self, member: str, text: str) -> None:
        """Send one text. Raises RetryLater, GiveUp or ConfigurationFault."""

    def send_card(self, member: str, card: Card) -> None:
        """Send one card. Raises the same."""

    def send_file(self, member: str, file: OutgoingFile) -> None:
        """Send one picture or document. Raises the same."""

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a member sent. Raises the same."""


class WeComChannel:
    """One application; see bot.channel.Channel for what it promises. Safe for use by many threads."""

    max_bytes = 2048  # WeCom cuts a longer text off without a word
    carries: Mapping[str, int] = {**dict.fromkeys(PICTURES, PICTURE_BYTES), PDF: DOCUMENT_BYTES}

    def __init__(
        self,
        *,
        account: str,
        agent_id: int,
        callbacks: SealedCallbacks,
        messages: Messages,
        clock: Clock = system_clock,
    ) -> None:
        self.account = account
        self._agent_id = str(agent_id)
        self._callbacks = callbacks
        self._messages = messages
        self._clock = clock

    def challenge(self, query: Mapping[str, str]) -> str:
        """Answer the address check with the word inside it. Raises RefusedInput."""
        return self._callbacks.challenge(query)

    def parse(self, query: Mapping[str, str], body: bytes) -> Envelope:
        """Verify, decrypt and parse one callback. Raises RefusedInput, and nothing else, for every bad input."""
        opened = self._callbacks.open(query, body)
        fields = opened.fields
        # Events about the corporation as a whole may name no application.
        if fields.get("AgentID", self._agent_id) != self._agent_id:
            raise RefusedInput("the message is for another application")
        if _is_from_nobody(fields):
            return Envelope(inbound=None)
        inbound = inbound_of(self.account, {name: value for name, value in fields.items() if name != "AgentID"})
        wrapping = {"opened": opened, "member": inbound.contact, "corporation": fields.get("ToUserName", "")}
        return Envelope(inbound=inbound, wrapping=wrapping)

    def wrap(self, envelope: Envelope, text: str | None) -> Wrapped:
        """Wrap the text in the format, and under the key, in which the message came."""
        text = make_safe(text or "")
        if not text:
            return RECEIVED
        now = self._clock()
        opened: Opened = envelope.wrapping["opened"]
        return self._callbacks.seal(
            opened,
            now,
            ToUserName=envelope.wrapping["member"],
            FromUserName=envelope.wrapping["corporation"],
            CreateTime=int(now.timestamp()),
            MsgType="text",
            Content=text,
        )

    def send(self, contact: str, text: str, *, key: str) -> None:
        """Send one text. WeCom takes no key; within half a minute it drops a repeat of the same text by itself."""
        self._messages.send_text(contact, make_safe(text))

    def send_card(self, contact: str, card: Card, *, key: str) -> None:
        """Send one card; within half an hour WeCom drops a repeat of the same card by itself."""
        self._messages.send_card(contact, card)

    def send_file(self, contact: str, file: OutgoingFile, *, key: str) -> None:
        """Send one picture or document."""
        self._messages.send_file(contact, file)

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a member sent; WeCom keeps it for three days."""
        return self._messages.fetch_media(media_id)


def _is_from_nobody(fields: Mapping[str, str]) -> bool:
    """Whether an event is about the corporation (address book, batch jobs, customer service), not from a member."""
    names_event = bool(fields.get("Event") or fields.get("InfoType"))
    return names_event and fields.get("FromUserName", "") in ("", _SYSTEM)


def connect(account: WecomAccount, *, store: Store, clock: Clock = system_clock) -> WeComChannel:
    """Return the channel of a configured account; its token and its pace are shared through the database."""
    api = QyApi(
        account=account.id,
        corp_id=account.corp_id,
        secret=account.secret,
        base_url=account.api_base_url,
        token_store=DatabaseTokens(store),
        clock=clock,
    )
    callbacks = SealedCallbacks(
        token=account.token,
        corp_id=account.corp_id,
        keys=(account.encoding_aes_key, account.previous_encoding_aes_key),
        clock=clock,
    )
    pace = MemberPace(store, clock=clock)
    messages = WeComMessages(account=account.id, agent_id=account.agent_id, api=api, pace=pace)
    return WeComChannel(
        account=account.id, agent_id=account.agent_id, callbacks=callbacks, messages=messages, clock=clock
    )
