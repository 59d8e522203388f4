"""Parts an answer about doses: what answers for those asked about, and other vaccines' doses told beside it. Pure."""

import re
from collections.abc import Sequence
from datetime import date

from care.child import Child
from care.vaccination.told import ToldDose, hear

_BREAK = re.compile(r"[,，。;；!！\n]|还有|另外|此外")
_TOGETHER = re.compile(r"一起|一块|一道|同时|同一?天|[那当]天|都是")


def parted(reply: str, asked: Sequence[ToldDose], child: Child, today: date) -> tuple[str, list[ToldDose]]:
    """Return the words of a reply that answer for the asked doses, and the doses of other vaccines in the rest.

    A day told with another vaccine alone is no answer, save where it was one visit (5月1号和百白破一起打的).
    """
    if _TOGETHER.search(reply):
        return reply, _others(reply, asked, child, today)
    own: list[str] = []
    rest: list[str] = []
    is_own = True
    for clause in _BREAK.split(reply):
        named = hear(clause, birth=child.birth, today=today).doses
        if named:
            is_own = any(is_same(one, other) for one in named for other in asked)
        if is_own:
            own.append(clause)
        if not is_own or any(not _is_any(one, asked) for one in named):
            rest.append(clause)
    return "，".join(own).strip("，"), _others("，".join(rest), asked, child, today)


def is_same(one: ToldDose, other: ToldDose) -> bool:
    """Whether two told doses can be of one vaccine."""
    return one.name == other.name or bool(set(one.products) & set(other.products))


def _is_any(one: ToldDose, asked: Sequence[ToldDose]) -> bool:
    return any(is_same(one, other) for other in asked)


def _others(text: str, asked: Sequence[ToldDose], child: Child, today: date) -> list[ToldDose]:
    told = hear(text, birth=child.birth, today=today)
    followed = [one for one in told.doses if one.products and not _is_any(one, asked)]
    return [one for one in followed if one.on or told.has_verb]
