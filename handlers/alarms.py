"""Danger in the words of who is filling in a form: what was asked for is an answer, and may warn all the same."""

import re
from dataclasses import replace
from datetime import date

from bot.forms import Question
from bot.messages import Outcome
from bot.slots import choices, hospitals
from bot.slots.reading import Found, Scope, Several
from bot.slots.said import Said, plain
from handlers.outcomes import preceded
from handlers.wording import say
from intents.danger import SELF_HARM
from intents.match import Match

_LONGEST_ANSWER = 16  # characters; a longer answer tells what happens
_NAME = 200  # characters that a question allows: for more it asks how somebody is
_HAPPENING = re.compile(
    r"现在|刚|突然|正在|马上|不行了|救|怎么办|咋办|(?<!哮)喘|叫不|不醒|不动|昏|晕|抽|吐|流血|痛(?!风|经)|疼|[!！?？]"
)  # a name tells nothing of this
# How the name of an illness ends: 手腕骨折 is like recorded words of who hurt themselves.
_ILLNESS = re.compile(r"(?:[炎癌瘤病症疮]|骨折|梗死?|出血|血栓|损伤|裂伤|积液|结石|狭窄|破裂|脱位|障碍|综合征)$")
_WORK_UP = re.compile(r"待[查诊排][ ,，。.]*$")  # how doctors write down what is not known yet: 头痛待查
_ANY_DAY = Scope(today=date.min)  # a hospital is known by its name, whatever the day


def is_answer(alarm: Match, text: str, asked: Question | None) -> bool:
    """Whether an alarming message answers the open question: it is one of the choices offered (白血病, 被电动车撞了),
    the mere name of an illness or a drug where words are asked for, a hospital's name that is only like an alarm, or
    what is only like an alarm where a doctor is to be told how somebody is."""
    if asked is None:
        return False
    if _is_offered(text, asked) or _is_told(alarm, asked):
        return True
    if len(text) > _LONGEST_ANSWER or (alarm.intent == SELF_HARM and not _only_names_illness(alarm, text)):
        return False
    if asked.kind == "hospital":
        return not alarm.is_sure and bool(hospitals.find(Said.of(text), _ANY_DAY))
    if asked.kind in ("text", "drug"):
        return bool(_WORK_UP.search(plain(text))) or not _HAPPENING.search(text)
    return _picks(text, asked)


def _only_names_illness(alarm: Match, text: str) -> bool:
    return not alarm.is_sure and bool(_ILLNESS.search(plain(text).strip(" ,，。.")))


def _is_told(alarm: Match, asked: Question) -> bool:
    return asked.kind == "text" and asked.longest > _NAME and not alarm.is_sure and alarm.intent != SELF_HARM


def _picks(text: str, asked: Question) -> bool:
    return bool(asked.choices) and isinstance(choices.read(Said.of(text), asked.choices), Found | Several)


def _is_offered(text: str, asked: Question) -> bool:
    return choices.is_name(plain(text).strip(), asked.choices)


def warned(outcome: Outcome, alarm: Match, asked: Question | None, text: str) -> Outcome:
    """Return what is said to an answer, with 120 before it where its own words name a danger by themselves."""
    if asked is None or _is_offered(text, asked) or not outcome.replies:
        return outcome
    if not alarm.is_sure and not _is_told(alarm, asked):
        return outcome
    return replace(preceded(outcome, say("emergency_first")), page=True)
