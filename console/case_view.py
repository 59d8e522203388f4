"""One case as a page shows it: everything read in one go, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from bot.store.people import conversation_of
from bot.store.schema import outbox
from care import policies, promises, timeline
from care.case_records import Case
from care.material_reviews import Review, reviewed_papers
from care.media import Material
from care.policy import Policy
from care.steps import legal_moves
from console.case_board_page import product_name, service_name, step_name
from console.case_words import (
    EVENTS,
    FETCHED,
    PAPER_STATES,
    TOLD,
    Answer,
    Due,
    answers_of,
    deadline_words,
    due_words,
    size_words,
    tail,
)
from console.office import Office
from handlers.case_words import acceptable_papers, wanted_papers
from handlers.case_work import review_key
from knowledge.flow import CaseStep, Flow

NO_NAME = "还没归类的材料"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One paper in the list. `tone` and `state` tell how it was judged; `told`: what became of asking for it again."""

    id: int
    name: str
    material: str | None
    media_type: str
    size: str
    received_at: datetime
    state: str
    tone: str
    reason: str
    told: str
    has_file: bool
    is_judgeable: bool


@dataclass(frozen=True, kw_only=True)
class Promised:
    """One promise of the handbook with how it stands."""

    say: str
    started_at: datetime
    due_at: datetime
    due: Due
    is_provisional: bool


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One entry of the timeline. `told`: what the person was told, `told_state`: whether it arrived."""

    at: datetime
    actor: str
    what: str
    note: str = field(repr=False)
    tell: str = field(repr=False)
    told_state: str


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """A case with all that the page shows."""

    case: Case
    service: str
    product: str
    step: str
    waits_for_customer: bool
    insured: str = field(repr=False)
    holder: str = field(repr=False)
    policy_number: str
    conversation_id: int | None
    due: Due
    answers: Sequence[Answer]
    is_revealed: bool
    promised: Sequence[Promised]
    is_running: bool
    is_paused: bool
    papers: Sequence[Paper]
    missing: Sequence[str]
    moves: Sequence[CaseStep]
    kinds: Mapping[str, str]
    events: Sequence[Happened]


def view_of(connection: Connection, office: Office, case: Case, *, is_revealed: bool = False) -> CaseView:
    """Return a case with all that its page shows."""
    keys, library, now = office.store.keys, office.library, office.clock()
    handbook = library.handbooks.get(case.product)
    flow = handbook.flows.get(case.service) if handbook else None
    policy = policies.by_id(connection, keys, case.policy_id)
    deadlines = list(promises.deadlines_of(connection, case.id))
    going_on = [one for one in deadlines if one.ended_at is None and one.state in ("running", "missed")]
    judged = reviewed_papers(connection, keys, case.id)
    told = _told(connection, case, judged)
    step = flow.step(case.step) if flow else None
    sent = {paper.material for paper, _ in judged if paper.state in ("wanted", "kept")}
    wanted = wanted_papers(flow, case.answers, case.answers) if flow and case.is_open else []
    is_paused = any(one.state == "paused" and one.ended_at is None for one in deadlines)
    return CaseView(
        case=case,
        service=service_name(library, case.product, case.service),
        product=product_name(library, case.product),
        step=step_name(library, case.product, case.service, case.step),
        waits_for_customer=step is not None and step.waits_for == "customer",
        insured=_insured(policy, case),
        holder=policy.holder_name if policy else "",
        policy_number=tail(policy.number if policy else ""),
        conversation_id=conversation_of(connection, case.contact_id),
        due=due_words(
            min((one.due_at for one in going_on), default=None), is_paused=is_paused, is_open=case.is_open, now=now
        ),
        answers=answers_of(case, flow, is_revealed=is_revealed),
        is_revealed=is_revealed,
        promised=_promised(flow, deadlines, now),
        is_running=any(one.state == "running" for one in deadlines),
        is_paused=is_paused,
        papers=[_paper(paper, review, flow, told) for paper, review in judged],
        missing=[paper.name for paper in wanted if paper.id not in sent],
        moves=_moves(flow, case),
        kinds={paper.id: paper.name for paper in acceptable_papers(flow, case)} if flow else {},
        events=_events(connection, office, case, flow, told),
    )


def _insured(policy: Policy | None, case: Case) -> str:
    if policy is None:
        return ""
    return next((one.name for one in policy.insured if one.id == case.insured_id), policy.holder_name)


def _moves(flow: Flow | None, case: Case) -> list[CaseStep]:
    if flow is None or not case.is_open:
        return []
    steps = (flow.step(id) for id in legal_moves(flow, case.step, case.answers))
    return [step for step in steps if step is not None]


def _promised(flow: Flow | None, deadlines: Sequence[promises.Deadline], now: datetime) -> list[Promised]:
    says = {one.id: one.say for one in flow.promises} if flow else {}
    return [
        Promised(
            say=says.get(one.promise, one.promise),
            started_at=one.started_at,
            due_at=one.due_at,
            due=deadline_words(one.state, one.due_at, now=now),
            is_provisional=one.is_provisional,
        )
        for one in deadlines
    ]


def _paper(paper: Material, review: Review | None, flow: Flow | None, told: Mapping[str, str]) -> Paper:
    name = next((one.name for one in flow.materials if one.id == paper.material), None) if flow else None
    state, tone = PAPER_STATES.get(paper.state, paper.state), ""
    if paper.state == "kept":
        state, tone = ("已通过", "good") if review and review.verdict == "accepted" else (state, "warn")
    elif paper.state == "refused":
        tone = "bad"
        state = state if review else "没有收下"
    asked_again = told.get(review_key(paper.id, review.id), "") if review and review.verdict == "refused" else ""
    is_refusal = review is not None and review.verdict == "refused"
    return Paper(
        id=paper.id,
        name=name or NO_NAME,
        material=paper.material,
        media_type={"application/pdf": "PDF"}.get(paper.media_type or "", "图片" if paper.media_type else ""),
        size=size_words(paper.bytes),
        received_at=paper.received_at,
        state=state,
        tone=tone,
        reason=review.reason if review and is_refusal else FETCHED.get(paper.reason or "", ""),
        told=TOLD.get(asked_again, ""),
        has_file=paper.file is not None and paper.state in ("kept", "refused"),
        is_judgeable=paper.file is not None and paper.state in ("kept", "refused"),
    )


def _told(connection: Connection, case: Case, judged: Sequence[tuple[Material, Review | None]]) -> dict[str, str]:
    """Return what became of the messages about a case: their key → state; also by time, for the timeline."""
    keys = [f"case-{case.id}-{version}" for version in range(1, case.version + 1)]
    keys += [review_key(paper.id, review.id) for paper, review in judged if review is not None]
    query = select(outbox.c.idempotency_key, outbox.c.state, outbox.c.created_at, outbox.c.kind)
    rows = connection.execute(query.where(outbox.c.idempotency_key.in_(keys))).all()
    return {row.idempotency_key: row.state for row in rows} | {row.created_at.isoformat(): row.state for row in rows}


def _events(
    connection: Connection, office: Office, case: Case, flow: Flow | None, told: Mapping[str, str]
) -> list[Happened]:
    found = []
    for one in timeline.events_of(connection, office.store.keys, case.id):
        what = EVENTS.get(one.kind, one.kind)
        if one.kind == "moved" and one.step:
            what = f"{what}“{step_name(office.library, case.product, case.service, one.step)}”"
        # A message is written in the transaction of its event, at the same time.
        state = told.get(one.at.isoformat(), "") if one.kind in ("moved", "cancelled", "refused") else ""
        found.append(
            Happened(
                at=one.at,
                actor=_who(one.actor),
                what=what,
                note=_note(one, flow),
                tell=one.tell,
                told_state=TOLD.get(state, ""),
            )
        )
    return found[::-1]


def _note(event: timeline.Event, flow: Flow | None) -> str:
    if event.kind in ("material", "sorted"):
        named = next((one.name for one in flow.materials if one.id == event.note), None) if flow else None
        return named or ("还没归类" if event.note == "unsorted" else event.note)
    if event.kind == "assigned":
        return f"给 {event.note}" if event.note else "放回，等人接"
    return event.note


def _who(actor: str) -> str:
    kind, _, name = actor.partition(":")
    return name if kind == "user" else {"contact": "客户", "command": "命令行", "assistant": "助手"}.get(kind, actor)
