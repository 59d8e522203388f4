"""Danger in the words of who is filling in a form: what was asked for is an answer, and may warn all the same."""

from dataclasses import replace

from bot.forms import Question
from bot.messages import Outcome
from bot.slots import choices
from bot.slots.said import plain
from handlers.wording import say
from intents.danger import SELF_HARM
from intents.match import Match

_LONGEST_ILLNESS = 16  # characters; a longer answer tells what happens


def is_answer(alarm: Match, text: str, asked: Question | None) -> bool:
    """Whether an alarming message answers the open question: it is one of the choices offered word for word (白血病,
    车祸), or the mere name of an illness where free words are asked for."""
    if asked is None:
        return False
    if choices.is_name(plain(text).strip(), asked.choices):
        return True
    return asked.kind == "text" and len(text) <= _LONGEST_ILLNESS and alarm.intent != SELF_HARM


def warned(outcome: Outcome, alarm: Match, asked: Question | None) -> Outcome:
    """Return what is said to an answer, with 120 before it where free words name a danger by themselves."""
    if asked is None or asked.choices or not alarm.is_sure or not outcome.replies:
        return outcome
    first, *others = outcome.replies
    first = replace(first, text=f"{say('emergency_first')}\n\n{first.text}")
    return replace(outcome, replies=(first, *others), page=True)
