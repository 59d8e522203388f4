"""What happened in a span of time, counted for the company: conversations, hand-overs, deadlines, reminders, topics.

Counts only, made by the database; nothing of a person's words. Every count follows an index on its time, so that it
costs what the span holds and not what the table holds. Statements only; `Span` says for when and which product. It is
long because all that the page of figures counts stands here, beside each other's definitions.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    and_,
    case,
    cast,
    distinct,
    exists,
    extract,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)

from bot.store.schema import inbound, questions
from care.child_tables import children
from care.hand_over_tables import hand_overs
from care.tables import case_deadlines, cases, policies, reminders

ACTED_WITHIN = timedelta(days=3)
_CHINA_SECONDS = 8 * 3600
_DAY_SECONDS = 24 * 3600
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_TOPICS = 12


@dataclass(frozen=True, kw_only=True)
class Span:
    """From `since` until just before `until`; of one product, or (None) of all."""

    since: datetime
    until: datetime
    product: str | None = None

    def covers(self, at: Any) -> Any:
        """Return the condition that a column's time lies inside."""
        return and_(at >= self.since, at < self.until)

    def narrows(self, product: Any) -> tuple[Any, ...]:
        """Return the condition on the product, where one was asked for."""
        return () if self.product is None else (product == self.product,)


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day (China's): how many people asked, how much, and what of it was answered from the handbooks at once."""

    on: date
    conversations: int
    questions: int
    answered: int
    unanswered: int


@dataclass(frozen=True, kw_only=True)
class Wait:
    """How long something took: of how many, the median and what nine in ten stay within (nearest rank)."""

    count: int
    median: timedelta | None
    ninety: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The promises of one service that fell due: kept, missed, and not kept yet though due."""

    product: str
    service: str
    met: int
    missed: int


@dataclass(frozen=True, kw_only=True)
class Reminded:
    """The reminders of one kind that went out; `acted`: the person said something within three days."""

    kind: str
    sent: int
    acted: int
    called: int
    not_sent: int


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A thing that people ask about."""

    product: str
    service: str
    attribute: str | None
    count: int


def days(connection: Connection, span: Span) -> list[Day]:
    """Return each day on which somebody asked something."""
    on = _china_day(connection, questions.c.asked_at).label("on_day")
    counted = (
        select(
            on,
            func.count(distinct(questions.c.conversation_id)).label("conversations"),
            func.count().label("questions"),
            _count_if(questions.c.decision == "answer").label("answered"),
            _count_if(questions.c.decision.in_(("clarify", "abstain"))).label("unanswered"),
        )
        .where(span.covers(questions.c.asked_at), *span.narrows(questions.c.product))
        .group_by(on)
        .order_by(on)
    )
    return [
        Day(
            on=date.fromordinal(_EPOCH_DAY + int(row.on_day)),
            conversations=row.conversations,
            questions=row.questions,
            answered=row.answered,
            unanswered=row.unanswered,
        )
        for row in connection.execute(counted)
    ]


def people(connection: Connection, span: Span) -> int:
    """Return in how many conversations something was asked."""
    counted = select(func.count(distinct(questions.c.conversation_id))).where(
        span.covers(questions.c.asked_at), *span.narrows(questions.c.product)
    )
    return connection.scalar(counted) or 0


def decisions(connection: Connection, span: Span) -> list[tuple[str, int]]:
    """Return how many messages were understood as what, the most frequent first."""
    return _counted(connection, questions.c.decision, span.covers(questions.c.asked_at), span, questions.c.product)


def topics(connection: Connection, span: Span, *, limit: int = _TOPICS) -> list[Topic]:
    """Return what was asked most, of what was answered or asked back about."""
    of = (questions.c.product, questions.c.service, questions.c.attribute)
    number = func.count().label("number")
    counted = (
        select(*of, number)
        .where(span.covers(questions.c.asked_at), *span.narrows(questions.c.product))
        # Concatenated, so that SQLite does not take the index on decisions, which has no topics in it.
        .where(questions.c.decision.concat("").in_(("answer", "clarify")))
        .where(questions.c.product.is_not(None), questions.c.service.is_not(None))
        .group_by(*of)
        .order_by(number.desc(), *of)
        .limit(limit)
    )
    return [
        Topic(product=row.product, service=row.service, attribute=row.attribute, count=row.number)
        for row in connection.execute(counted)
    ]


def hand_over_reasons(connection: Connection, span: Span) -> list[tuple[str | None, int]]:
    """Return for what reasons people waited for a person, the most frequent first."""
    return _counted(connection, hand_overs.c.reason, span.covers(hand_overs.c.asked_at), span, hand_overs.c.product)


def untaken(connection: Connection, span: Span) -> int:
    """Return how many of those who asked for a person in the span are still waiting."""
    counted = select(func.count()).where(
        span.covers(hand_overs.c.asked_at),
        hand_overs.c.taken_at.is_(None),
        hand_overs.c.ended_at.is_(None),
        *span.narrows(hand_overs.c.product),
    )
    return connection.scalar(counted) or 0


def wait_to_be_taken(connection: Connection, span: Span) -> Wait:
    """Return how long people who asked in the span waited until somebody took them."""
    return _wait(connection, span, hand_overs.c.asked_at, hand_overs.c.taken_at, hand_overs.c.asked_at)


def wait_for_an_answer(connection: Connection, span: Span) -> Wait:
    """Return how long people who asked in the span waited for a person's first words."""
    return _wait(connection, span, hand_overs.c.asked_at, hand_overs.c.first_reply_at, hand_overs.c.asked_at)


def handling(connection: Connection, span: Span) -> Wait:
    """Return how long people had conversations that ended in the span."""
    return _wait(connection, span, hand_overs.c.taken_at, hand_overs.c.ended_at, hand_overs.c.ended_at)


def ratings(connection: Connection, span: Span) -> dict[int | None, int]:
    """Return how often people who were asked gave which rating (None: none), of hand-overs that ended in the span."""
    rated = (
        select(hand_overs.c.rating, func.count().label("number"))
        .where(span.covers(hand_overs.c.ended_at), hand_overs.c.rating_asked_at.is_not(None))
        .where(*span.narrows(hand_overs.c.product))
        .group_by(hand_overs.c.rating)
    )
    return {row.rating: row.number for row in connection.execute(rated)}


def promises_kept(connection: Connection, span: Span) -> list[Kept]:
    """Return by service how many promises that fell due in the span were kept; one that still runs is missed."""
    is_missed = or_(case_deadlines.c.state == "missed", case_deadlines.c.state == "running")
    counted = (
        select(
            cases.c.product,
            cases.c.service,
            _count_if(case_deadlines.c.state == "met").label("met"),
            _count_if(is_missed).label("missed"),
        )
        .join(cases, cases.c.id == case_deadlines.c.case_id)
        .where(span.covers(case_deadlines.c.due_at), case_deadlines.c.state.in_(("met", "missed", "running")))
        .where(*span.narrows(cases.c.product))
        .group_by(cases.c.product, cases.c.service)
        .order_by(cases.c.product, cases.c.service)
    )
    return [Kept(**row._mapping) for row in connection.execute(counted)]


def reminded(connection: Connection, span: Span) -> list[Reminded]:
    """Return by kind what became of the reminders that ended in the span. A handed one counts as sent."""
    went_out = reminders.c.state.in_(("sent", "handed"))
    counted = select(
        reminders.c.kind,
        _count_if(went_out).label("sent"),
        _count_if(and_(went_out, _was_acted_on(connection))).label("acted"),
        _count_if(reminders.c.state == "called").label("called"),
        _count_if(reminders.c.state.in_(("expired", "dropped", "opted_out"))).label("not_sent"),
    ).where(span.covers(reminders.c.settled_at))
    if span.product is not None:
        counted = _of_product(counted, span.product)
    return [Reminded(**row._mapping) for row in connection.execute(counted.group_by(reminders.c.kind).order_by("kind"))]


def _was_acted_on(connection: Connection) -> Any:
    """A person who says something soon after a reminder has seen it: more the service cannot know for every kind."""
    until = _later(connection, reminders.c.settled_at, ACTED_WITHIN)
    return exists().where(
        inbound.c.conversation_id == reminders.c.conversation_id,
        inbound.c.received_at > reminders.c.settled_at,
        inbound.c.received_at <= until,
    )


def _of_product(counted: Any, product: str) -> Any:
    """Keep the reminders about a case, a policy or a child ("case:7") of a product."""
    number = {kind: _number_in_subject(kind) for kind in ("case", "policy", "child")}
    covered = policies.alias("covered")
    return (
        counted.outerjoin(cases, cases.c.id == number["case"])
        .outerjoin(policies, policies.c.id == number["policy"])
        .outerjoin(children, children.c.id == number["child"])
        .outerjoin(covered, covered.c.id == children.c.policy_id)
        .where(func.coalesce(cases.c.product, policies.c.product, covered.c.product) == product)
    )


def _number_in_subject(kind: str) -> Any:
    digits = func.substr(reminders.c.subject, len(kind) + 2)
    return case((reminders.c.subject.like(f"{kind}:%"), cast(digits, Integer)))


def _wait(connection: Connection, span: Span, start: Any, end: Any, at: Any) -> Wait:
    is_of_it = (span.covers(at), start.is_not(None), end.is_not(None), *span.narrows(hand_overs.c.product))
    count = connection.scalar(select(func.count()).select_from(hand_overs).where(*is_of_it)) or 0
    ranked = select(start.label("start"), end.label("end")).where(*is_of_it).order_by(end - start)

    def at_rank(tenths: int) -> timedelta | None:
        if count == 0:
            return None
        row = connection.execute(ranked.offset((count * tenths + 9) // 10 - 1).limit(1)).one()
        taken: timedelta = row.end - row.start
        return taken

    return Wait(count=count, median=at_rank(5), ninety=at_rank(9))


def _counted(connection: Connection, of: Any, covered: Any, span: Span, product: Any) -> list[tuple[Any, int]]:
    number = func.count().label("number")
    counted = select(of.label("what"), number).where(covered, *span.narrows(product)).group_by(of)
    return [(row.what, row.number) for row in connection.execute(counted.order_by(number.desc(), of))]


def _count_if(condition: Any) -> Any:
    return func.count(case((condition, literal_column("1"))))


def _china_day(connection: Connection, at: Any) -> Any:
    """Return the number of China's day since 1970."""
    if connection.dialect.name == "sqlite":
        seconds = type_coerce(at, BigInteger) // literal_column("1000000")
        return (seconds + literal_column(str(_CHINA_SECONDS))) // literal_column(str(_DAY_SECONDS))
    seconds = extract("epoch", at) + literal_column(str(_CHINA_SECONDS))
    return cast(func.floor(seconds / literal_column(str(_DAY_SECONDS))), Integer)


def _later(connection: Connection, at: Any, span: timedelta) -> Any:
    if connection.dialect.name == "sqlite":
        return type_coerce(at, BigInteger) + literal_column(str(span // timedelta(microseconds=1)))
    return at + literal_column(f"interval '{int(span.total_seconds())} seconds'")
