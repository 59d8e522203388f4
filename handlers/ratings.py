"""How satisfied somebody was with a person: asked when a hand-over ends, taken when it is the next thing said."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from bot.messages import Committing, Conversation, Kind, Outcome, Reply, Turn, Understanding
from bot.slots.said import plain
from care import hand_overs
from handlers.wording import say

_RATING, _WARNED = "rating", "warned"
_SCORE = re.compile(r"(?:我?(?:打|给|评))?\s*([1-5一二三四五])\s*(?:分|颗?星)?[。.!！~\s]*")
_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}


def question() -> str:
    """Return the question about satisfaction."""
    return say("rating_ask", least="1", most="5")


def asked(state: Mapping[str, Any], hand_over_id: int) -> dict[str, Any]:
    """Return the state in which the next thing said may be the answer."""
    return {**over(state), _RATING: hand_over_id}


def over(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a conversation's state without what is of a hand-over."""
    return {name: value for name, value in state.items() if name not in (_RATING, _WARNED)}


def was_warned(conversation: Conversation) -> bool:
    """Whether the 120 line was said since the person who has the conversation took it."""
    return conversation.state.get(_WARNED) == conversation.epoch


def warned(conversation: Conversation) -> dict[str, Any]:
    """Return the state in which the 120 line was said."""
    return {**conversation.state, _WARNED: conversation.epoch}


def answered(turn: Turn) -> Outcome | None:
    """Return the thanks for a rating that is the first thing said after it was asked for; None for all else."""
    hand_over_id = turn.conversation.state.get(_RATING)
    if hand_over_id is None or turn.inbound.kind not in (Kind.TEXT, Kind.VOICE):
        return None
    score = score_in(turn.inbound.text)
    if score is None:
        return None

    def store(connection: Connection, committing: Committing) -> None:
        hand_overs.rate(connection, int(hand_over_id), score, now=committing.now)

    return Outcome(
        replies=(Reply(text=say("rating_thanks" if score > 2 else "rating_sorry")),),
        state=over(turn.conversation.state),
        effects=(store,),
        understanding=Understanding(decision="smalltalk", attribute="rating", reasons=("rating",)),
    )


def score_in(text: str) -> int | None:
    """Return the rating that a message is: 5, 5分, 五星, 打4分."""
    found = _SCORE.fullmatch(plain(text).strip())
    if found is None:
        return None
    return _DIGITS.get(found[1]) or int(found[1])


def without_question(turn: Turn, outcome: Outcome) -> Outcome:
    """Return an outcome after which no rating is awaited any more, once the person has said something else."""
    if _RATING not in turn.conversation.state or turn.inbound.kind is Kind.EVENT:
        return outcome
    return replace(outcome, state=over(turn.conversation.state if outcome.state is None else outcome.state))
