"""A conversation as people read it: what was said by whom, what the bot understood, how each delivery went.

It is read newest first, a page at a time; the pieces of a page are put in the order in which they happened.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.keys import Cipher, KeyRing, Unreadable
from bot.messages import Inbound, Kind, Owner
from bot.store import encoding
from bot.store.outbox import MEDIA
from bot.store.people import cipher_of
from bot.store.schema import conversations, inbound, outbox, questions
from care import media, notes, staff
from care.hand_over_tables import hand_over_steps, hand_overs
from care.media import Material
from care.tables import cases
from console.exchange_words import BOT_KINDS, DELETED, STATES, STEP_WORDS, doer, shown_words
from console.reasons import Explained

PAGE = 50
_NO_ROW = 2**62  # greater than any row's number
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLACE = re.compile(r"[0-9]{1,19}\.[0-9]{1,19}\.[0-9]{1,17}")


@dataclass(frozen=True, kw_only=True)
class Understood:
    """What the bot made of a message: its decision; place in the handbooks, entries, reasons, clauses in words."""

    decision: str
    place: str
    facts: tuple[str, ...]
    reasons: tuple[str, ...]
    clauses: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Said:
    """One piece of the exchange. `side`: person | bot | human | note | step. `state`: of a delivery, in words, with its
    kind; `failure` tells why it did not go out."""

    key: str
    side: str
    at: datetime
    text: str
    author: str = ""
    state: str = ""
    state_kind: str = ""
    failure: str = ""
    understood: Understood | None = None
    material: Material | None = None
    paper: str = ""  # where the material can be seen
    case: str = ""  # the case it belongs to


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A page of a conversation. `older`: what to ask for the page before it, or None."""

    said: tuple[Said, ...]
    older: str | None


def exchange_of(
    connection: Connection,
    keys: KeyRing,
    *,
    conversation_id: int,
    contact_id: int,
    explained: Explained,
    before: str = "",
) -> Exchange:
    """Return the newest PAGE pieces, or those before the place that an earlier page named."""
    reader = _Reader(connection, keys, conversation_id, contact_id, explained)
    return reader.page(*_place(before))


class _Reader:
    def __init__(
        self, connection: Connection, keys: KeyRing, conversation_id: int, contact_id: int, explained: Explained
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._id = conversation_id
        self._contact_id = contact_id
        self._explained = explained
        try:
            self._cipher: Cipher | None = cipher_of(connection, keys, contact_id)
        except Unreadable:
            self._cipher = None
        self._names = staff.names_by_id(connection)

    def page(self, before_in: int | None = None, before_out: int | None = None, until: int | None = None) -> Exchange:
        """`until`: when the page after this one begins, in microseconds since 1970."""
        came = self._latest(inbound, before_in)
        left = self._latest(outbox, before_out)
        both = sorted(
            [(row.received_at, 0, row) for row in came] + [(row.created_at, 1, row) for row in left],
            key=lambda one: (one[0], one[1], one[2].id),
        )
        shown = both[-PAGE:]
        kept_in = [row for _, kind, row in shown if kind == 0]
        kept_out = [row for _, kind, row in shown if kind == 1]
        has_older = len(shown) < len(both)
        since = shown[0][0] if has_older else None
        older = since and f"{_first(kept_in, before_in)}.{_first(kept_out, before_out)}.{_microseconds(since)}"
        end = None if until is None else _EPOCH + until * _MICROSECOND
        said = [*self._came(kept_in), *self._left(kept_out), *self._beside(since, end)]
        return Exchange(said=tuple(sorted(said, key=lambda one: one.at)), older=older)

    def _latest(self, table: Any, before: int | None) -> list[Row[Any]]:
        query = select(table).where(table.c.conversation_id == self._id).order_by(table.c.id.desc()).limit(PAGE + 1)
        if before is not None:
            query = query.where(table.c.id < before)
        return list(self._connection.execute(query))

    def _came(self, rows: list[Row[Any]]) -> Iterator[Said]:
        understood = self._understood(rows)
        papers = {one.received_at: one for one in self._papers() if one.material != media.SENT}
        numbers = self._case_numbers(papers.values())
        for row in rows:
            place = f"{row.account}|{row.message_key}"
            message = self._message(row, place)
            reply = self._reply(row, place)
            what = understood.get(row.id, lambda _reply: None)(reply)
            text = DELETED if message is None else shown_words(message)
            paper = papers.get(row.received_at) if row.kind != Kind.TEXT else None
            if text:
                yield Said(
                    key=f"in-{row.id}",
                    side="step" if row.kind == Kind.EVENT else "person",
                    at=row.received_at,
                    text=text,
                    material=paper,
                    paper=self._paper(paper, numbers) if paper else "",
                    case=numbers.get(paper.case_id or 0, "") if paper else "",
                    understood=None if reply.get("passive") else what,
                )
            if reply.get("passive"):
                after = row.received_at + timedelta(microseconds=1)
                yield Said(
                    key=f"re-{row.id}",
                    side="bot",
                    at=after,
                    text=str(reply["passive"]),
                    author="机器人",
                    state="已随消息回复",
                    state_kind="sent",
                    understood=what,
                )

    def _papers(self) -> list[Material]:
        return media.of_contact(self._connection, self._contact_id)

    def _case_numbers(self, papers: Iterable[Material]) -> dict[int, str]:
        ids = {one.case_id for one in papers if one.case_id is not None}
        found = select(cases.c.id, cases.c.number).where(cases.c.id.in_(ids))
        return {row.id: row.number for row in self._connection.execute(found)} if ids else {}

    def _paper(self, paper: Material, numbers: Mapping[int, str]) -> str:
        number = numbers.get(paper.case_id or 0)
        if number is None:
            return f"/console/people/{self._contact_id}/papers/{paper.id}"
        return f"/console/cases/{number}/papers/{paper.id}/file"

    def _message(self, row: Row[Any], place: str) -> Inbound | None:
        plain = self._open(row.body, f"inbound|body|{place}")
        return None if plain is None else encoding.inbound_from(plain)

    def _reply(self, row: Row[Any], place: str) -> dict[str, Any]:
        plain = None if row.reply is None else self._open(row.reply, f"inbound|reply|{place}")
        return {} if plain is None else dict(json.loads(plain))

    def _understood(self, rows: list[Row[Any]]) -> dict[int, Any]:
        ids = [row.id for row in rows]
        found = self._connection.execute(select(questions).where(questions.c.id.in_(ids))).all() if ids else []

        in_words = self._explained

        def maker(row: Row[Any]) -> Any:
            plain = self._open(row.detail, f"questions|detail|{row.id}")
            reasons = in_words.reasons(json.loads(plain)["reasons"], row) if plain is not None else ()

            def make(reply: dict[str, Any]) -> Understood:
                clauses = [tuple(one) for part in reply.get("replies", ()) for one in part["citations"]]
                return Understood(
                    decision=row.decision,
                    place=in_words.place(row.product, row.service),
                    facts=tuple(map(in_words.topic, row.facts)),
                    reasons=reasons,
                    clauses=tuple(dict.fromkeys(in_words.clause(*one) for one in clauses)),
                )

            return make

        return {row.id: maker(row) for row in found}

    def _left(self, rows: list[Row[Any]]) -> Iterator[Said]:
        files = {one.file: one for one in self._papers()} if any(row.kind == MEDIA for row in rows) else {}
        holders = self._holders() if any(row.owner == Owner.HUMAN for row in rows) else []
        for row in rows:
            plain = self._open(row.body, f"outbox|body|{row.idempotency_key}")
            is_human = row.owner == Owner.HUMAN and row.kind in ("human", MEDIA)
            attachment = None if plain is None else encoding.attachment_from(plain)
            paper = files.get(attachment.file) if attachment else None
            words, kind = STATES[row.state]
            if row.state == "pending" and row.attempts:
                words = f"{words}（已试 {row.attempts} 次）"
            yield Said(
                key=f"out-{row.id}",
                side="human" if is_human else "bot",
                at=row.created_at,
                text=DELETED if plain is None else encoding.text_from(plain),
                author=_holder(holders, row.created_at) if is_human else BOT_KINDS.get(row.kind, "机器人"),
                state=words,
                state_kind=kind,
                material=paper,
                paper=self._paper(paper, {}) if paper else "",
                failure=self._explained.failure(row.error) if row.state in ("dead", "pending") and row.error else "",
            )

    def _holders(self) -> list[tuple[datetime, str]]:
        found = (
            select(hand_over_steps.c.at, hand_over_steps.c.staff_id, hand_over_steps.c.actor)
            .join(hand_overs, hand_overs.c.id == hand_over_steps.c.hand_over_id)
            .where(hand_overs.c.conversation_id == self._id, hand_over_steps.c.kind.in_(("taken", "handed")))
            .order_by(hand_over_steps.c.id)
        )
        rows = self._connection.execute(found)
        return [(row.at, self._names.get(row.staff_id, "") if row.staff_id else doer(row.actor)) for row in rows]

    def _beside(self, since: datetime | None, until: datetime | None) -> Iterator[Said]:
        """Notes and changes of hands, as far as they happened within the page."""
        for note in notes.notes_of(self._connection, self._keys, self._id):
            if _is_within(note.at, since, until):
                author = note.actor.removeprefix("user:")
                yield Said(key=f"note-{note.id}", side="note", at=note.at, text=note.text, author=author)
        found = (
            select(hand_over_steps)
            .join(hand_overs, hand_overs.c.id == hand_over_steps.c.hand_over_id)
            .where(hand_overs.c.conversation_id == self._id)
        )
        for step in self._connection.execute(found):
            if step.kind in STEP_WORDS and _is_within(step.at, since, until):
                yield Said(key=f"step-{step.id}", side="step", at=step.at, text=self._step(step))

    def _step(self, step: Row[Any]) -> str:
        who = doer(step.actor)
        words = STEP_WORDS[step.kind]
        if step.kind == "handed":
            return f"{who}把会话转交给{self._names.get(step.staff_id, '同事')}"
        return f"{who}{words}" if who else words

    def _open(self, sealed: bytes, place: str) -> bytes | None:
        try:
            return None if self._cipher is None else self._cipher.open(sealed, place=place)
        except Unreadable:
            return None


def header_of(connection: Connection, conversation_id: int) -> Row[Any] | None:
    """Return a conversation's own row, or None."""
    return connection.execute(select(conversations).where(conversations.c.id == conversation_id)).first()


def _holder(holders: Iterable[tuple[datetime, str]], at: datetime) -> str:
    name = ""
    for since, who in holders:
        if since <= at:
            name = who
    return name


def _first(rows: list[Row[Any]], before: int | None) -> int:
    return min((int(row.id) for row in rows), default=_NO_ROW if before is None else before)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _place(text: str) -> tuple[int, ...]:
    """Return what an older page is asked for by: rows before these numbers, the rest before that time."""
    return tuple(min(int(part), _NO_ROW) for part in text.split(".")) if _PLACE.fullmatch(text) else ()


def _is_within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)
