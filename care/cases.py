"""Applications under way: opened once, moved along the handbook's own steps only, withdrawn by the customer.

Each function writes by the connection it is given, and its caller owns the transaction. Nothing is sent from here:
what the policyholder should read is returned. It is long because every change of a case shares one way to claim its
version, which stays private here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, select, update

from bot.errors import UserFault
from bot.forms import holds
from bot.keys import KeyRing
from bot.store.people import insert_unless_there
from care import promises, tables, timeline, uses
from care.case_numbers import fresh_number
from care.case_records import Case, case_of, case_with_id, case_with_key, sealed_answers
from care.deadlines import latest
from care.policy_years import CONTRACT
from care.rules import CaseStep, Flow
from care.steps import CANCELLED, is_past, legal_moves, step_of
from care.workdays import WorkCalendar

_cases = tables.cases
_NUMBERS_DRAWN = 5

UseAfter = Literal["spent", "released"]


class ChangedMeanwhile(UserFault):
    """Somebody else changed the case after it was read; look at it again before moving it."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """What a person submitted. `policy_year` is the first day of the policy year it falls in.

    `labels`: slot → what the person was shown for the answer. `request_key` names the turn that submits.
    """

    contact_id: int
    conversation_id: int
    policy_id: int
    insured_id: int | None
    product: str
    policy_year: date
    answers: Mapping[str, Any] = field(repr=False)
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    request_key: str


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Where a case stands now, and what the policyholder should read about it."""

    case: Case
    step: CaseStep
    tell: str


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """A cancelled case; `use`: what became of its use, None where nothing was counted."""

    case: Case
    use: UseAfter | None


def open_case(
    connection: Connection,
    keys: KeyRing,
    flow: Flow,
    application: Application,
    *,
    actor: str,
    now: datetime,
    calendar: WorkCalendar,
    draw: Callable[[datetime], str] = fresh_number,
) -> Case:
    """Open a case at the flow's first step, hold its uses, start its promises.

    The same request key opens nothing new and returns the case it opened. Raises NoUseLeft, and has written nothing
    then, so that the caller's transaction can go on.
    """
    opened = case_with_key(connection, keys, application.request_key)
    if opened is not None:
        return opened
    with connection.begin_nested():
        id = _insert(connection, flow, application, now=now, draw=draw)
        if id is None:
            return _opened_meanwhile(connection, keys, application)
        sealed = sealed_answers(keys, id, application.answers, application.labels)
        connection.execute(update(_cases).where(_cases.c.id == id).values(answers=sealed))
        _hold(connection, flow, application, case_id=id, now=now)
        first = flow.steps[0]
        timeline.record(connection, keys, id, "opened", actor=actor, now=now, step=first.id, tell=first.tell)
        _arrive(connection, flow, first, case_id=id, answers=application.answers, now=now, calendar=calendar)
    case = case_with_id(connection, keys, id)
    assert case is not None  # noqa: S101 - written above
    return case


def move(
    connection: Connection,
    keys: KeyRing,
    flow: Flow,
    number: str,
    to: str,
    *,
    actor: str,
    now: datetime,
    calendar: WorkCalendar,
    note: str = "",
    seen_version: int | None = None,
) -> Moved:
    """Move a case to the step `to`, with all that follows from it for promises and uses.

    `seen_version`: the version that the mover was shown. Raises UserFault (unknown number, closed, illegal move: names
    the legal ones), ChangedMeanwhile.
    """
    case = _open_one(connection, keys, flow, number, seen_version)
    legal = legal_moves(flow, case.step, case.answers)
    if to not in legal:
        raise UserFault(f"case {number} is at {case.step} and cannot go to {to}; it can go to {', '.join(legal)}")
    step = step_of(flow, to)
    moved = _change(connection, case, now=now, step=to, is_open=step.ends is None)
    timeline.record(connection, keys, case.id, "moved", actor=actor, now=now, step=to, note=note, tell=step.tell)
    _arrive(connection, flow, step, case_id=case.id, answers=case.answers, now=now, calendar=calendar)
    return Moved(case=moved, step=step, tell=step.tell)


def cancel(
    connection: Connection,
    keys: KeyRing,
    flow: Flow,
    number: str,
    *,
    actor: str,
    now: datetime,
    calendar: WorkCalendar,
    note: str = "",
    seen_version: int | None = None,
) -> Withdrawn:
    """Withdraw a case for the customer, from any step; its use is spent or comes back by the handbook's rule.

    Raises UserFault (unknown number, closed already), ChangedMeanwhile.
    """
    case = _open_one(connection, keys, flow, number, seen_version)
    after = consequence(connection, flow, case, now=now, calendar=calendar)
    cancelled = _change(connection, case, now=now, step=CANCELLED, is_open=False)
    settle = uses.spend if after == "spent" else uses.release
    settle(connection, case.id, now=now)
    timeline.record(connection, keys, case.id, "cancelled", actor=actor, now=now, step=CANCELLED, note=note)
    promises.dropped(connection, case.id, now=now)
    return Withdrawn(case=cancelled, use=after)


def consequence(
    connection: Connection, flow: Flow, case: Case, *, now: datetime, calendar: WorkCalendar
) -> UseAfter | None:
    """Return what withdrawing the case now would make of its use; None where it holds and has spent none.

    What is spent stays spent. A use that is held is spent by the handbook's rule: from its step on where it names one,
    and not while there is still time to cancel without consequence.
    """
    table = tables.uses
    states = set(connection.scalars(select(table.c.state).where(table.c.case_id == case.id)))
    if "spent" in states:
        return "spent"
    if "held" not in states:
        return None
    rule = flow.cancelling
    if rule.use == "released" or _is_in_time(flow, case, now=now, calendar=calendar):
        return "released"
    if rule.since is None or is_past(flow, case.step, rule.since):
        return "spent"
    return "spent" if rule.since in timeline.steps_reached(connection, case.id) else "released"


def assign(connection: Connection, keys: KeyRing, number: str, owner: str | None, *, actor: str, now: datetime) -> Case:
    """Give a case to a health manager, or to nobody. Raises UserFault, ChangedMeanwhile."""
    case = _known(connection, keys, number)
    if case.owner == owner:
        return case
    assigned = _change(connection, case, now=now, owner=owner)
    timeline.record(connection, keys, case.id, "assigned", actor=actor, now=now, note=owner or "")
    return assigned


def add_note(connection: Connection, keys: KeyRing, number: str, note: str, *, actor: str, now: datetime) -> Case:
    """Write a note into the timeline. Raises UserFault for an unknown number."""
    case = _known(connection, keys, number)
    timeline.record(connection, keys, case.id, "note", actor=actor, now=now, note=note)
    return case


def correct(
    connection: Connection,
    keys: KeyRing,
    flow: Flow,
    number: str,
    slot: str,
    value: Any,
    *,
    actor: str,
    now: datetime,
    note: str,
    seen_version: int | None = None,
) -> Case:
    """Change one answer of an open case, on the policyholder's word; `note` tells it in the timeline.

    Raises UserFault (unknown number, closed), ChangedMeanwhile.
    """
    case = _open_one(connection, keys, flow, number, seen_version)
    answers = {**case.answers, slot: value}
    labels = {name: label for name, label in case.labels.items() if name != slot}
    changed = _change(connection, case, now=now)
    corrected = {**case.corrected, slot: now}
    sealed = sealed_answers(keys, case.id, answers, labels, corrected)
    connection.execute(update(_cases).where(_cases.c.id == case.id).values(answers=sealed))
    timeline.record(connection, keys, case.id, "note", actor=actor, now=now, note=note)
    return replace(changed, answers=answers, labels=labels, corrected=corrected)


def _insert(
    connection: Connection, flow: Flow, application: Application, *, now: datetime, draw: Callable[[datetime], str]
) -> int | None:
    values = {name: getattr(application, name) for name in ("contact_id", "conversation_id", "policy_id")}
    values |= {"insured_id": application.insured_id, "product": application.product, "answers": b""}
    values |= {"service": flow.service, "flow_version": flow.version, "step": flow.steps[0].id, "is_open": True}
    values |= {"version": 1, "opened_at": now, "changed_at": now, "request_key": application.request_key}
    for _ in range(_NUMBERS_DRAWN):
        row = insert_unless_there(connection.dialect, _cases).values(**values, number=draw(now))
        id: int | None = connection.execute(row.returning(_cases.c.id)).scalar()
        if id is not None:
            return id
        # Either the number is taken, and another is drawn, or the same turn opened the case at the same moment.
        if connection.scalar(select(_cases.c.id).where(_cases.c.request_key == application.request_key)):
            return None
    raise RuntimeError("no free case number")


def _opened_meanwhile(connection: Connection, keys: KeyRing, application: Application) -> Case:
    opened = case_with_key(connection, keys, application.request_key)
    assert opened is not None  # noqa: S101 - its key was just found taken
    return opened


def _hold(connection: Connection, flow: Flow, application: Application, *, case_id: int, now: datetime) -> None:
    person = uses.person_of(connection, application.insured_id)
    for rule in flow.eligibility.uses:
        if holds(rule.when, application.answers):
            uses.hold(
                connection,
                rule,
                case_id=case_id,
                policy_id=application.policy_id,
                insured_id=application.insured_id,
                person=person,
                service=flow.service,
                period=application.policy_year.isoformat() if rule.per == "policy_year" else CONTRACT,
                now=now,
            )


def _arrive(
    connection: Connection,
    flow: Flow,
    step: CaseStep,
    *,
    case_id: int,
    answers: Mapping[str, Any],
    now: datetime,
    calendar: WorkCalendar,
) -> None:
    promises.reached(connection, flow, step, case_id=case_id, answers=answers, now=now, calendar=calendar)
    if step.use == "spend" or (step.use is None and step.ends == "done"):
        uses.spend(connection, case_id, now=now)
    elif step.use == "release" or step.ends == "refused":
        uses.release(connection, case_id, now=now)


def _is_in_time(flow: Flow, case: Case, *, now: datetime, calendar: WorkCalendar) -> bool:
    lead_time = flow.cancelling.lead_time
    planned = case.answers.get(lead_time.slot) if lead_time else None
    if lead_time is None or planned is None:
        return False
    return now <= latest(date.fromisoformat(str(planned)), lead_time, calendar).at


def _known(connection: Connection, keys: KeyRing, number: str) -> Case:
    case = case_of(connection, keys, number)
    if case is None:
        raise UserFault(f"there is no case {number}")
    return case


def _open_one(connection: Connection, keys: KeyRing, flow: Flow, number: str, seen_version: int | None) -> Case:
    case = _known(connection, keys, number)
    if seen_version not in (None, case.version):
        raise _changed(case)
    if case.service != flow.service:
        raise ValueError(f"case {number} is of {case.service}, not of {flow.service}")
    if not case.is_open:
        raise UserFault(f"case {number} is closed ({case.step}); it has no moves any more")
    return case


def _change(connection: Connection, case: Case, *, now: datetime, **values: Any) -> Case:
    changed = connection.execute(
        update(_cases)
        .where(_cases.c.id == case.id, _cases.c.version == case.version)
        .values(version=case.version + 1, changed_at=now, **values)
    )
    if changed.rowcount != 1:
        raise _changed(case)
    return replace(case, version=case.version + 1, changed_at=now, **values)


def _changed(case: Case) -> ChangedMeanwhile:
    return ChangedMeanwhile(f"case {case.number} was changed meanwhile; look at it again")
