"""The whole way of a customer's message through WeChat customer service and back, for one account.

The twin keeps the message and seals the callback, the webhook opens it, the pump fetches by `sync_msg`, the turn runs,
the outbox sends by `send_msg`, and what the customer reads is what the twin received.
"""

import json
import queue
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask
from sqlalchemy import select

from bot.channels.wecom_kf import WecomKfChannel
from bot.fetching import Begun
from bot.messages import Inbound, Kind, Outcome, Owner, Turn
from bot.outbox import Outbox
from bot.retry import RetryPolicy
from bot.store.schema import contacts, person_keys
from bot.store.store import Store
from bot.turns import Turns
from bot.webhook import webhooks
from console.platform.ledger import Bubble
from tests.bot.kf.place import POINT, DirectCalls, kf_account, kf_phone, kf_twin
from tests.clocks import FixedClock
from tests.service_desk import KEYS, Heard, ServiceDesk

_SECONDS = 30.0
_NUMBERED = re.compile(r"^\s*([0-9]+)[.、．)）]\s*", re.MULTILINE)


def carries(message: Inbound) -> bool:
    """Whether this platform knows such a message: no recognised speech, and other events."""
    return message.kind is not Kind.EVENT and (message.kind is not Kind.VOICE or not message.text)


def customer_of(name: str) -> str:
    """Return the id by which the platform knows a person of a transcript."""
    return f"wm-{name.encode().hex()}"


class KfLine:
    """One account with its own pump thread. Close it at the end."""

    def __init__(
        self, store: Store, folder: Path, *, account: str, handler: Callable[[Turn], Outcome], clock: FixedClock
    ) -> None:
        self._account = account
        self._twin = kf_twin(folder, clock)
        self._phone = kf_phone(clock)
        settings = kf_account(id=account, hand_over="console")
        channel = WecomKfChannel(settings, store=store, calls=DirectCalls(self._twin), clock=clock)
        channels = {account: channel}
        self._turns = Turns(
            store=store,
            handler=handler,
            max_bytes=lambda _: channel.max_bytes,
            clock=clock,
            budget_seconds=60,
            may_speak=lambda conversation: conversation.id == 0 or channel.may_speak(conversation.id),
        )
        self._outbox = Outbox(
            store=store, channels=channels, clock=clock, policy=RetryPolicy(), chance=random.Random(7)
        )
        app = Flask("customer-service")
        watcher = SimpleNamespace(input_refused=lambda account: None, store_unavailable=lambda: None)
        app.register_blueprint(webhooks(channels=channels, turns=self._turns, watcher=watcher))
        self._webhook = app.test_client()
        self._begun: queue.Queue[Begun] = queue.Queue()
        self._pump = channel.pumps[POINT]
        self._pump.start(begin=self._begin, wake_outbox=lambda: None)

    def close(self) -> None:
        self._pump.stop(within_seconds=5)
        self._turns.stop()

    def says(self, message: Inbound) -> str:
        """Let a customer send a message, and return what their phone shows of the answers to it."""
        name, customer = str(message.kind), customer_of(message.contact)
        part = {"content": message.text} if message.kind is Kind.TEXT else {"media_id": message.media_id}
        seen = max((bubble.id for bubble in self._twin.ledger.bubbles(POINT, customer)), default=0)
        delivery = self._phone.announce(POINT, self._twin.write(POINT, customer, name, part))
        answer = self._webhook.post(f"/webhooks/{self._account}", query_string=dict(delivery.query), data=delivery.body)
        assert (answer.status_code, answer.data) == (200, b"success")
        begun = self._begun.get(timeout=_SECONDS)
        assert begun.wait(_SECONDS)
        self._outbox.deliver_due()
        return "\n".join(_words(bubble) for bubble in self._twin.ledger.bubbles(POINT, customer, after=seen))

    def _begin(self, message: Inbound) -> Begun:
        begun = self._turns.begin(message)
        self._begun.put(begun)
        return begun


class KfDesk(ServiceDesk):
    """A desk whose messages and replies take that way, all of one account."""

    _folder: Path
    _line: KfLine | None = None

    def __init__(self, empty: Path, folder: Path, **how: Any) -> None:
        super().__init__(empty, folder, **how)
        self._folder = folder

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        super().close()

    def know(self, told: Any, *, bound_to: tuple[str, str] | None = None) -> Any:
        return super().know(told, bound_to=bound_to and (bound_to[0], customer_of(bound_to[1])))

    def owner(self, *, account: str, contact: str) -> Owner:
        return super().owner(account=account, contact=customer_of(contact))

    def take(self, message: Inbound) -> Heard:
        if self._line is None:
            how = {"account": message.account, "handler": self.respond, "clock": self.clock}
            self._line = KfLine(self.store, self._folder, **how)
        self._outcomes.clear()
        self._error = None
        shown = self._line.says(message)
        if self._error is not None:
            raise self._error
        outcome = self._outcomes[-1]
        if self._is_gone(message):
            assert shown == ""  # there is nobody any more whom the API could be told to write to
        else:
            must_be_shown(outcome, shown)
        return Heard(reply=shown, outcome=outcome)

    def _is_gone(self, message: Inbound) -> bool:
        index = KEYS.blind_index(message.account, customer_of(message.contact))
        key = select(person_keys).join(contacts, contacts.c.id == person_keys.c.contact_id)
        with self.store.reading() as connection:
            return connection.execute(key.where(contacts.c.blind_index == index)).first() is None

    def _is_notice(self, row: Any) -> bool:
        return bool(row.kind != "reply")  # no reply is passive here


class KfAssistant:
    """An assistant whose messages and replies take that way; the machine keeps the state between them."""

    def __init__(self, assistant: Any, store: Store, folder: Path, *, clock: FixedClock, state: Mapping[str, Any]):
        self._assistant, self._store, self._folder, self._clock = assistant, store, folder, clock
        self._begins_with = state
        self._outcomes: list[Outcome] = []
        self._line: KfLine | None = None

    def close(self) -> None:
        if self._line is not None:
            self._line.close()

    def respond(self, turn: Turn) -> Outcome:
        self._clock.now = turn.now
        if self._line is None:
            how = {"account": turn.inbound.account, "handler": self._respond, "clock": self._clock}
            self._line = KfLine(self._store, self._folder, **how)
        self._outcomes.clear()
        shown = self._line.says(turn.inbound)
        outcome = self._outcomes[-1]
        must_be_shown(outcome, shown)
        return outcome

    def _respond(self, turn: Turn) -> Outcome:
        state = turn.conversation.state or self._begins_with
        outcome: Outcome = self._assistant.respond(replace(turn, conversation=replace(turn.conversation, state=state)))
        self._outcomes.append(outcome)
        return outcome


def must_be_shown(outcome: Outcome, shown: str) -> None:
    """Fail unless every reply is shown, whole and in order."""
    said = "\n".join(reply.text for reply in outcome.replies)
    assert _bare(said) in _bare(shown), f"decided {said!r}, shown {shown!r}"


def _words(bubble: Bubble) -> str:
    if bubble.kind != "menu":
        return bubble.text
    menu = json.loads(bubble.text)
    lines = [f"{at}. {line['click']['content']}" for at, line in enumerate(menu["list"], start=1)]
    return "\n".join([menu["head_content"], *lines, menu.get("tail_content", "")])


def _bare(text: str) -> str:
    # A menu writes its numbers its own way, and has no empty lines.
    return re.sub(r"\s", "", _NUMBERED.sub(r"\1", text))
