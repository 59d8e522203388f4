"""Hand-overs to people who answer in the platform's own app: noted like those of our console, and rated at their end.

`taken` and `ended` run in the transaction in which the platform's word is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, select

from bot.channel import Channel
from bot.fetching import fetching
from bot.keys import KeyRing, Unreadable
from bot.kf import sessions
from bot.kf.sessions import State
from bot.kf.tables import kf_sessions
from bot.store import conversations, outbox
from care import hand_overs
from handlers import ratings

_REASON = "native"
_IN_PLATFORM = (State.QUEUE, State.SERVICER)
_RATING_WITHIN = timedelta(seconds=20)  # the platform's time for a message after the end


def attend(channels: Mapping[str, Channel], keys: KeyRing) -> None:
    """Have sessions of all channels that have them noted."""
    for channel in fetching(channels).values():
        channel.listen(
            taken=lambda connection, id, servicer, now: taken(connection, id, servicer, now=now),
            ended=lambda connection, id, can_tell, now: ended(connection, keys, id, can_tell=can_tell, now=now),
        )


def is_in_platform(conversation_id: ColumnElement[int] | int) -> ColumnElement[bool]:
    """Whether a conversation stands in the platform's queue or with one of its servicers: nothing can be said there
    but in the platform's own app."""
    of_it = kf_sessions.c.conversation_id == conversation_id
    return select(kf_sessions.c.conversation_id).where(of_it, kf_sessions.c.state.in_(_IN_PLATFORM)).exists()


@dataclass(frozen=True, kw_only=True)
class InPlatform:
    """Who looks after a conversation in the platform's own app: its queue (`is_queued`), or a servicer by their id
    there, "" where it is not told."""

    is_queued: bool
    servicer: str


def in_platform(connection: Connection, conversation_id: int) -> InPlatform | None:
    """Return who looks after a conversation in the platform's own app; None for one that can be written in here."""
    session = sessions.of(connection, conversation_id)
    if session is None or session.state not in _IN_PLATFORM:
        return None
    return InPlatform(is_queued=session.state is State.QUEUE, servicer=session.servicer)


def taken(connection: Connection, conversation_id: int, servicer: str, *, now: datetime) -> None:
    """Note who took a conversation in the platform's app."""
    hand_over = hand_overs.open_of(connection, conversation_id) or hand_overs.begin(
        connection, conversation_id, asked_at=None, reason=_REASON, now=now
    )
    hand_overs.note_step(connection, hand_over.id, "taken", actor=_actor(servicer), now=now)


def ended(connection: Connection, keys: KeyRing, conversation_id: int, *, can_tell: bool, now: datetime) -> None:
    """End the hand-over, and ask how it was while the platform takes one more message."""
    hand_over = hand_overs.open_of(connection, conversation_id)
    try:
        held = conversations.hold(connection, keys, conversation_id)
    except Unreadable:
        return
    if held is None or hand_over is None:
        return
    hand_overs.end(connection, hand_over, how="closed", actor=_actor(""), now=now, asks_rating=can_tell)
    if not can_tell:
        return
    state = ratings.asked(held.conversation.state, hand_over.id)
    conversations.change(connection, keys, held.conversation, now=now, state=state)
    outbox.add(
        connection, keys, conversation_id=conversation_id, kind="resume", text=ratings.question(),
        key=f"rating-{hand_over.id}", now=now, expires_at=now + _RATING_WITHIN,
    )  # fmt: skip


def _actor(servicer: str) -> str:
    return f"wecom:{servicer}"[:80] if servicer else "wecom"
