"""What the command line offers about cases: listing them, looking at one, moving it, until the console does."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import click
from sqlalchemy import Connection

from bot.clock import Clock, in_china
from bot.errors import UserFault
from bot.store.store import Store
from care import audit, media, policies, promises, timeline
from care.case_records import Case, all_cases, cases_of_policy
from care.steps import legal_moves
from care.workdays import WorkCalendar
from handlers.case_moves import CaseMover
from knowledge.flow import Flow
from knowledge.library import Library

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]

_PAGE = 200
_MASKED = frozenset({"phone", "card", "id_number"})
_ACTOR = "command"


def cases_group(
    *, open_store: Callable[[], Store], library: Callable[[], Library], clock: Clock, guard: Guard
) -> click.Group:
    """Return the commands `cases …`. `guard` turns the faults of a command into an exit code and a line."""
    group = click.Group("cases", help="Applications under way and closed.")

    def mover(store: Store) -> CaseMover:
        return CaseMover(library=library(), keys=store.keys, calendar=WorkCalendar.load(), actor=_ACTOR)

    @group.command("list")
    @click.option("--policy", "policy_no", help="Only the cases on this policy.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON line a case.")
    @guard
    def list_command(policy_no: str | None, as_json: bool) -> None:
        """List cases: number, service, whom it is for, step, answers, materials, deadlines. Phones and cards masked.

        Reading them as JSON is audited; without it only number, product, service and step are shown.
        """
        with closing(open_store()) as store, store.reading() as connection:
            for page in _pages(connection, store, policy_no):
                rows = [row_of(connection, store, library(), case) for case in page]
                if as_json:
                    _audited(store, [case.number for case in page], clock, fields=("answers",))
                for row in rows:
                    click.echo(json.dumps(row, ensure_ascii=False) if as_json else _line(row))

    @group.command("show")
    @click.argument("number")
    @guard
    def show_command(number: str) -> None:
        """Show case NUMBER with its timeline and its legal moves. Reading it is audited."""
        with closing(open_store()) as store:
            with store.reading() as connection:
                case = mover(store).known(connection, number)
                flow = mover(store).flow_of(case)
                row = row_of(connection, store, library(), case)
                events = list(timeline.events_of(connection, store.keys, case.id))
            _audited(store, [number], clock, fields=("answers", "timeline"))
        row["moves"] = legal_moves(flow, case.step, case.answers) if case.is_open else []
        row["timeline"] = [
            {"at": in_china(one.at).isoformat(timespec="minutes"), "by": one.actor, "kind": one.kind, "step": one.step,
             "note": one.note} for one in events
        ]  # fmt: skip
        click.echo(json.dumps(row, ensure_ascii=False, indent=2))

    @group.command("move")
    @click.argument("number")
    @click.argument("step")
    @click.option("--note", default="", help="A note for the timeline; not sent, but in the copy of their data.")
    @guard
    def move_command(number: str, step: str, note: str) -> None:
        """Move case NUMBER to STEP and tell the policyholder; an illegal move names the legal ones."""
        with closing(open_store()) as store:
            case = store.write(lambda connection: mover(store).move(connection, number, step, now=clock(), note=note))
        click.echo(f"{case.number}: {case.step}")

    @group.command("cancel")
    @click.argument("number")
    @click.option("--note", default="", help="A note for the timeline; not sent, but in the copy of their data.")
    @guard
    def cancel_command(number: str, note: str) -> None:
        """Withdraw case NUMBER at the policyholder's wish; its use is spent or comes back by the handbook's rule."""
        with closing(open_store()) as store:
            case = store.write(lambda connection: mover(store).cancel(connection, number, now=clock(), note=note))
        click.echo(f"{case.number}: {case.step}")

    return group


def row_of(connection: Connection, store: Store, library: Library, case: Case) -> dict[str, Any]:
    """Return a case in the contract's shape (design.md, section 2)."""
    policy = policies.by_id(connection, store.keys, case.policy_id)
    insured = next((one for one in policy.insured if one.id == case.insured_id), None) if policy else None
    handbook = library.handbooks.get(case.product)
    flow = handbook.flows.get(case.service) if handbook else None
    holder = policy.holder_name if policy else ""
    return {
        "number": case.number,
        "product": case.product,
        "service": case.service,
        "policy_no": policy.number if policy else "",
        "insured": insured.name if insured else holder,
        "step": case.step,
        "answers": shown_answers(case, flow),
        "materials": _materials(connection, case),
        "deadlines": [
            {
                "promise": one.promise,
                "start": in_china(one.started_at).date().isoformat(),
                "due": in_china(one.due_at).date().isoformat(),
                "state": one.state,
                "provisional": one.is_provisional,
            }
            for one in promises.deadlines_of(connection, case.id)
        ],
    }


def shown_answers(case: Case, flow: Flow | None) -> dict[str, Any]:
    """Return a case's answers: choices in Chinese, dates YYYY-MM-DD, phones and cards by their last four."""
    kinds = {question.slot: question.kind for question in flow.questions} if flow else {}
    return {slot: _shown(slot, value, kinds, case.labels) for slot, value in case.answers.items()}


def _shown(slot: str, value: Any, kinds: Mapping[str, str], labels: Mapping[str, str]) -> Any:
    kind = "phone" if slot == "phone" else kinds.get(slot, "")
    if kind in _MASKED:
        return f"尾号{str(value)[-4:]}"
    if slot in labels:
        return labels[slot]
    if kind == "files":
        return f"{len(value)}份"
    if value in ("yes", "no"):
        return "是" if value == "yes" else "否"
    return value


def _materials(connection: Connection, case: Case) -> list[dict[str, Any]]:
    return [
        {"material": one.material or "unsorted", "state": one.state, "type": one.media_type}
        for one in media.of_case(connection, case.id)
    ]


def _pages(connection: Connection, store: Store, policy_no: str | None) -> Iterator[list[Case]]:
    if policy_no is None:
        last = None
        while page := list(all_cases(connection, store.keys, limit=_PAGE, after_id=last)):
            yield page
            last = page[-1].id
        return
    policy = policies.by_number(connection, store.keys, policy_no)
    if policy is None or policy.id is None:
        raise UserFault(f"--policy {policy_no}: there is no such policy; import it, or check the number")
    before = None
    while page := list(cases_of_policy(connection, store.keys, policy.id, limit=_PAGE, before_id=before)):
        yield page
        before = page[-1].id


def _line(row: Mapping[str, Any]) -> str:
    return "\t".join(str(row[name]) for name in ("number", "product", "service", "step"))


def _audited(store: Store, numbers: Sequence[str], clock: Clock, *, fields: tuple[str, ...]) -> None:
    """Record the reading before anything of it is shown."""

    def work(connection: Connection) -> None:
        for number in numbers:
            audit.reveal(connection, store.keys, actor=_ACTOR, subject=f"case:{number}", fields=fields, now=clock())

    store.write(work)
