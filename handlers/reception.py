"""Around the desk: what is due because people take part. A rating is heard, asking for a person is noted and told when
one will be there, danger pages; while a person has the conversation nothing is said but the fixed 120 line, once.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.clock import in_china
from bot.errors import ConfigurationFault
from bot.keys import KeyRing
from bot.messages import Committing, Effect, Inbound, Kind, Outcome, Owner, Reply, Turn, Understanding
from bot.settings import Service
from care import hand_overs, media
from care.service_hours import ServiceHours, hours_in
from care.workdays import WorkCalendar
from handlers import ratings
from handlers.outcomes import followed
from handlers.wording import say
from intents.match import Context
from intents.router import Router

Handler = Callable[[Turn], Outcome]

_WEEKDAYS = "一二三四五六日"
_ASKS, _EMERGENCY = "handoff", "emergency"
_FILES = frozenset({Kind.IMAGE, Kind.FILE, Kind.VOICE})


class Reception:
    """Stands before the desk; `respond` and `while_human` are what the machine calls."""

    def __init__(self, *, desk: Handler, router: Router, hours: ServiceHours, keys: KeyRing) -> None:
        """`keys` seal where files are to be fetched that people send while somebody has the conversation."""
        self._keys = keys
        self._desk = desk
        self._router = router
        self._hours = hours

    def respond(self, turn: Turn) -> Outcome:
        """Return the desk's outcome with what is due because people take part."""
        rated = ratings.answered(turn)
        if rated is not None:
            return rated
        outcome = ratings.without_question(turn, self._desk(turn))
        asks = outcome.hand_over is not None or outcome.page
        if not asks or turn.conversation.owner is Owner.HUMAN:
            return outcome
        # Where danger was seen the person was told that somebody follows up: so the conversation waits for one.
        outcome = replace(outcome, hand_over=outcome.hand_over or _EMERGENCY)
        outcome = replace(outcome, effects=(*outcome.effects, _asked(turn, outcome)))
        is_plain = outcome.understanding is None or outcome.understanding.decision == _ASKS
        later = self._when_somebody_comes(turn.now)
        return followed(outcome, later) if later and is_plain and not outcome.page else outcome

    def while_human(self, turn: Turn) -> Outcome:
        """Say nothing to any message, save the 120 line: once while a person has the conversation, who is paged
        each time. What the person sends them besides words is fetched for them."""
        inbound, conversation = turn.inbound, turn.conversation
        shown = _fetched(self._keys, inbound)
        text = inbound.event_key if inbound.kind is Kind.EVENT else inbound.text
        if not text.strip():
            return Outcome(effects=shown)
        alarm = self._router.alarm(text, Context.from_state(conversation.state, products=()))
        if alarm is None:
            return Outcome(effects=shown)
        warned = ratings.was_warned(conversation)
        sentence = Reply(text=say(alarm.intent or "emergency"))
        return Outcome(
            replies=() if warned else (sentence,),
            state=None if warned else ratings.warned(conversation),
            page=True,
            effects=(*shown, _paged),
            understanding=Understanding(decision="emergency", attribute=alarm.intent, reasons=alarm.reasons),
        )

    def _when_somebody_comes(self, now: datetime) -> str:
        opens = self._hours.next_open(now)
        if self._hours.is_open(now) or opens is None:
            return ""
        return say("after_hours", when=when_words(opens, now))


def hours_of(service: Service) -> ServiceHours:
    """Return when people answer. Raises ConfigurationFault for hours that end before they begin."""
    try:
        working, off = hours_in(service.hours), hours_in(service.hours_on_days_off)
    except ValueError as error:
        raise ConfigurationFault(f"service: hours: {error}; write them as 09:00-18:00") from error
    if working is None:
        raise ConfigurationFault("service: hours: empty; somebody must answer on working days")
    return ServiceHours(calendar=WorkCalendar.load(), working_days=working, days_off=off)


def when_words(then: datetime, now: datetime) -> str:
    """Return a time as people say it: 今天9:00, 明天9:00, 11月24日（周二）9:00."""
    local = in_china(then)
    clock = f"{local.hour}:{local.minute:02}"
    days = (local.date() - in_china(now).date()).days
    if days in (0, 1):
        return f"{'今天' if days == 0 else '明天'}{clock}"
    return f"{local.month}月{local.day}日（周{_WEEKDAYS[local.weekday()]}）{clock}"


def _asked(turn: Turn, outcome: Outcome) -> Effect:
    """Note in the turn's commit that a person is wanted, and raise the red flag where there is danger."""
    understood = outcome.understanding
    product = understood.product if understood else None
    product = product or _told(turn.conversation.state.get("product"))

    def ask(connection: Connection, committing: Committing) -> None:
        hand_over = hand_overs.begin(
            connection, committing.conversation_id, asked_at=committing.now, reason=outcome.hand_over,
            product=product, now=committing.now,
        )  # fmt: skip
        if outcome.page:
            hand_overs.page(connection, hand_over, now=committing.now)

    return ask


def _fetched(keys: KeyRing, inbound: Inbound) -> tuple[Effect, ...]:
    """Fetch a file for who has the conversation: it was sent to them, as words are. It is kept a week unless it becomes
    part of an application."""
    if inbound.kind not in _FILES or not inbound.media_id:
        return ()
    material = media.VOICE if inbound.kind is Kind.VOICE else None

    def want(connection: Connection, committing: Committing) -> None:
        media.want(
            connection, keys, contact_id=committing.contact_id, media_id=inbound.media_id, now=committing.now,
            material=material,
        )  # fmt: skip

    return (want,)


def _paged(connection: Connection, committing: Committing) -> None:
    hand_over = hand_overs.open_of(connection, committing.conversation_id)
    if hand_over is not None:
        hand_overs.page(connection, hand_over, now=committing.now)


def _told(value: Any) -> str | None:
    return str(value) if value else None
