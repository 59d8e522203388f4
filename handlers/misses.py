"""What the assistant missed: recorded questions without an answer, or with one that did not help, in groups."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from rapidfuzz import fuzz, process
from sqlalchemy import Connection, and_, func, or_, select, tuple_

from bot.keys import KeyRing
from bot.store import asked
from bot.store.asked import Question
from bot.store.schema import questions
from care.hand_over_tables import hand_overs
from intents.courtesy import strip_courtesies
from intents.normal import compact
from intents.overlay import skeleton
from knowledge.library import Library

KINDS = ("no_content", "ambiguous", "out_of_scope", "wrong")
_LEAST_ALIKE = 62
_MOST = 2000
_LOW = 2  # of five stars
_UNHELPED = {"asked_again": "客户又问了一遍", "to_person": "客户转了人工"}
_FOREIGN = "no handbook question"
_NUMBERS = re.compile(r"[0-9０-９][0-9０-９ -]{4,}[0-9０-９XxＸ]")


@dataclass(frozen=True, kw_only=True)
class Miss:
    """One question that was missed. `why` is what tells so; long numbers in `text` are masked."""

    question: Question = field(repr=False)
    kind: str
    why: str

    @property
    def text(self) -> str:
        return masked(self.question.text)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Misses about one product that sound alike, the newest first."""

    product: str | None
    misses: tuple[Miss, ...]

    @property
    def first(self) -> Miss:
        return self.misses[0]

    @property
    def kinds(self) -> list[tuple[str, int]]:
        return Counter(miss.kind for miss in self.misses).most_common()


def misses(
    connection: Connection, keys: KeyRing, library: Library, *, since: datetime, accounts: Sequence[str] | None
) -> list[Miss]:
    """Return what was missed since then, newest first; of these accounts, if given."""
    rated = _rated_low(connection, since)
    silent = [entry for entry in library.entries.values() if entry.fact.status == "unsaid"]
    places = [(entry.product.id, entry.service.id, entry.fact.key) for entry in silent]
    by_decision = questions.c.decision.in_(("abstain", "clarify"))
    is_answer = questions.c.decision == "answer"
    place = tuple_(questions.c.product, questions.c.service, questions.c.attribute)
    unhelped = [questions.c.next_move.in_(tuple(_UNHELPED)), questions.c.id.in_(rated)]
    found = asked.asked(
        connection,
        keys,
        questions.c.asked_at >= since,
        or_(by_decision, and_(is_answer, or_(*unhelped, place.in_(places)))),
        accounts=accounts,
        limit=_MOST,
    )
    silent_ids = {entry.id for entry in silent}
    return [miss for question in found if (miss := _miss(question, rated, silent_ids)) is not None]


def grouped(found: Sequence[Miss]) -> list[Group]:
    """Return misses in groups of a product that sound alike, the largest group first."""
    leaders: dict[str | None, list[str]] = {}
    members: dict[tuple[str | None, int], list[Miss]] = {}
    for miss in found:
        product, words = miss.question.product, skeleton(compact(strip_courtesies(miss.question.text)[:200]))
        known = leaders.setdefault(product, [])
        nearest = process.extractOne(words, known, scorer=fuzz.ratio, score_cutoff=_LEAST_ALIKE)
        if nearest is None:
            known.append(words)
        members.setdefault((product, len(known) - 1 if nearest is None else nearest[2]), []).append(miss)
    groups = [Group(product=product, misses=tuple(one)) for (product, _), one in members.items()]
    return sorted(groups, key=lambda group: -len(group.misses))


def masked(text: str) -> str:
    """Return words without long numbers: what is worked on here is how people ask, not who."""
    return _NUMBERS.sub(lambda found: "＊" * min(len(found[0]), 6), text)


def _miss(question: Question, rated: frozenset[int], silent: set[str]) -> Miss | None:
    miss = Miss(question=question, kind="no_content", why="手册里没找到合适的内容")
    if question.decision == "clarify":
        is_solved = question.next_move == "chose"
        return None if is_solved else replace(miss, kind="ambiguous", why="问了客户是哪一个，客户没有选")
    if question.decision == "abstain":
        if question.attribute == "no_choice":
            return None
        if question.attribute == "unserved":
            return replace(miss, kind="out_of_scope", why="问的是这个账号不服务的产品")
        is_foreign = any(reason.startswith(_FOREIGN) for reason in question.reasons)
        return replace(miss, kind="out_of_scope", why="判断为不是手册里的问题") if is_foreign else miss
    if question.id in rated:
        return replace(miss, kind="wrong", why="客户给了低分")
    if question.next_move in _UNHELPED:
        return replace(miss, kind="wrong", why=_UNHELPED[question.next_move])
    return replace(miss, why="手册没有写") if silent & set(question.facts) else None


def _rated_low(connection: Connection, since: datetime) -> frozenset[int]:
    """Return the answers after which somebody asked for a person and was not content in the end."""
    last = (
        select(func.max(questions.c.id))
        .where(questions.c.conversation_id == hand_overs.c.conversation_id)
        .where(questions.c.decision == "answer", questions.c.asked_at <= hand_overs.c.asked_at)
        .scalar_subquery()
    )
    found = select(last).where(hand_overs.c.rating <= _LOW, hand_overs.c.rated_at >= since)
    return frozenset(id for (id,) in connection.execute(found) if id is not None)
