"""What the command line offers about cases: listing them, looking at one, moving it, giving it to somebody."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import click
from sqlalchemy import Connection

from bot.clock import Clock, in_china
from bot.errors import UserFault
from bot.store.store import Store
from care import audit, material_reviews, media, policies, promises, staff, timeline
from care.case_records import Case, all_cases, cases_of_policy
from care.material_reviews import Review
from care.media import Material
from care.steps import legal_moves
from care.workdays import WorkCalendar
from handlers.case_work import CaseWorker
from knowledge.flow import Flow
from knowledge.library import Library

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]

_PAGE = 200
_MASKED = frozenset({"phone", "card", "id_number"})
_ACTOR = "command"
_WORKING = ("manager", "supervisor")


def cases_group(
    *,
    open_store: Callable[[], Store],
    library: Callable[[], Library],
    clock: Clock,
    guard: Guard,
    windowless: Callable[[], frozenset[str]] = frozenset,
) -> click.Group:
    """Return the commands `cases …`. `guard` turns the faults of a command into an exit code and a line; `windowless`
    tells the accounts whose people can always be written to."""
    group = click.Group("cases", help="Applications under way and closed.")

    def worker(store: Store) -> CaseWorker:
        return CaseWorker(
            library=library(), keys=store.keys, calendar=WorkCalendar.load(), actor=_ACTOR, windowless=windowless()
        )

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
        """Show case NUMBER with its papers, its timeline and its legal moves. Reading it is audited."""
        with closing(open_store()) as store:
            with store.reading() as connection:
                case = worker(store).known(connection, number)
                flow = worker(store).flow_of(case)
                row = row_of(connection, store, library(), case)
                events = list(timeline.events_of(connection, store.keys, case.id))
                papers = material_reviews.reviewed_papers(connection, store.keys, case.id)
            _audited(store, [number], clock, fields=("answers", "timeline"))
        row["owner"] = case.owner
        row["papers"] = [_paper(paper, review) for paper, review in papers]
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
            case = store.write(lambda connection: worker(store).move(connection, number, step, now=clock(), note=note))
        click.echo(f"{case.number}: {case.step}")

    @group.command("assign")
    @click.argument("number")
    @click.argument("name", required=False)
    @guard
    def assign_command(number: str, name: str | None) -> None:
        """Give case NUMBER to the health manager NAME; without NAME to nobody."""

        def work(connection: Connection, store: Store) -> Case:
            member = staff.named(connection, name) if name else None
            if name and (member is None or not member.is_active or member.role not in _WORKING):
                raise UserFault(f"{name}: no health manager has this name; see `flask users list`")
            return worker(store).assign(connection, number, name, now=clock())

        with closing(open_store()) as store:
            case = store.write(lambda connection: work(connection, store))
        click.echo(f"{case.number}: {case.owner or '-'}")

    @group.command("cancel")
    @click.argument("number")
    @click.option("--note", default="", help="A note for the timeline; not sent, but in the copy of their data.")
    @guard
    def cancel_command(number: str, note: str) -> None:
        """Withdraw case NUMBER at the policyholder's wish; its use is spent or comes back by the handbook's rule."""
        with closing(open_store()) as store:
            case = store.write(lambda connection: worker(store).cancel(connection, number, now=clock(), note=note))
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


def _paper(paper: Material, review: Review | None) -> dict[str, Any]:
    """Return one paper, refused and deleted ones too, with how a person judged it."""
    told = {"number": paper.id, "material": paper.material or "unsorted", "state": paper.state}
    told |= {
        "type": paper.media_type,
        "bytes": paper.bytes,
        "received": in_china(paper.received_at).isoformat("T", "minutes"),
    }
    judged = {"verdict": review.verdict, "by": review.actor, "reason": review.reason} if review else None
    return told | {"judged": judged}


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
