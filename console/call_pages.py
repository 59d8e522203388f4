"""The calls that somebody is to make: whom about what, until when; made, nobody reached, or again later."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from bot.clock import CHINA, in_china
from bot.errors import ConfigurationFault
from care import audit, call_attempts, children, policies
from care.call_attempts import Attempt, Call
from care.case_records import case_with_id
from console.case_board_page import product_name, service_name
from console.case_pages import Page
from console.case_words import Due, due_words
from console.office import Office
from console.person_pages import PersonDesk
from console.rights import DESK, READERS, allowed, audited, current_user
from console.sight import products_seen
from console.who import who_of
from handlers.case_work import LONGEST_REASON, Refused
from handlers.reminder_kind import kind_title

_ON_PAGE = 30
_MOST = 1000  # looked through for a manager of some products only
_OUTCOMES = {"done": "已打通", "not_reached": "没打通", "later": "改时间再打"}
_TITLES = {"vaccination_certificate": "核对接种证照片", "unanswered": "会话没人回复", "danger": "有人可能有危险"}
_ABOUT = {"ask_clinic": "接种记录要请门诊核实，家长还没有回音"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One call on the page."""

    id: int
    title: str
    about: str
    who: str = field(repr=False)
    contact_id: int | None
    case_number: str | None
    due: Due
    done_at: datetime | None
    done_by: str
    attempts: tuple[tuple[str, Attempt], ...]
    phone: str = field(default="", repr=False)


def call_pages(office: Office) -> Blueprint:
    """Return the pages under `/calls`."""
    pages = Blueprint("calls", __name__)
    desk, store, clock = PersonDesk(office), office.store, office.clock

    def page(*, wrong: str = "", done: str = "", phone_of: int | None = None, code: int = 200) -> Page:
        is_open, at = request.args.get("state") != "done", _page()
        with store.reading() as connection:
            found, more = _calls(connection, office, is_open=is_open, page=at)
            lines = [_line(connection, office, desk, one, phone_of=phone_of) for one in found]
        audited(office, "calls listed", "calls", {"calls": [one.id for one in found]})
        text = render_template(
            "console/calls.html",
            lines=lines,
            is_open=is_open,
            page=at,
            more=more,
            wrong=wrong,
            done=done,
            longest=LONGEST_REASON,
            suggested=f"{in_china(clock() + timedelta(hours=2)):%Y-%m-%dT%H:%M}",
        )
        return text, code

    @pages.get("/calls")
    @allowed(*READERS)
    def calls() -> Page:
        return page(done=_OUTCOMES.get(request.args.get("done", ""), ""))

    @pages.post("/calls/<int:call_id>/phone")
    @allowed(*DESK)
    def phone(call_id: int) -> Page:
        who, keys, now = current_user().actor, store.keys, clock()
        seen_call(call_id)
        store.write(
            lambda connection: audit.reveal(
                connection, keys, actor=who, subject=f"call:{call_id}", fields=("phone",), now=now
            )
        )
        return page(phone_of=call_id)

    @pages.post("/calls/<int:call_id>")
    @allowed(*DESK)
    def called(call_id: int) -> Page | Response:
        outcome, note = request.form.get("outcome", ""), request.form.get("note", "").strip()
        if outcome not in _OUTCOMES:
            abort(400)
        seen_call(call_id)
        again_at = _moment(request.form.get("again_at", "")) if outcome == "later" else None
        if outcome == "later" and again_at is None:
            return page(wrong="请填再打的时间。", code=409)
        worker, now = desk.worker(), clock()
        try:
            store.write(
                lambda connection: worker.called(connection, call_id, outcome, now=now, again_at=again_at, note=note)  # type: ignore[arg-type]  # one of the three
            )
        except Refused as fault:
            return page(wrong=fault.say, code=409)
        return redirect(url_for("console.calls.calls", done=outcome))

    def seen_call(call_id: int) -> None:
        with store.reading() as connection:
            found = call_attempts.call(connection, store.keys, call_id)
            if found is None:
                abort(404)
            if not _is_seen(_product(connection, office, found)):
                abort(403)

    return pages


def _calls(connection: Connection, office: Office, *, is_open: bool, page: int) -> tuple[list[Call], bool]:
    """Return one page of the calls that the current user may see, and whether there are more."""
    first = (page - 1) * _ON_PAGE
    if products_seen() is None:
        found = call_attempts.calls(connection, office.store.keys, is_open=is_open, limit=_ON_PAGE + 1, offset=first)
        return found[:_ON_PAGE], len(found) > _ON_PAGE
    everything = call_attempts.calls(connection, office.store.keys, is_open=is_open, limit=_MOST)
    seen = [one for one in everything if _is_seen(_product(connection, office, one))]
    return seen[first : first + _ON_PAGE], len(seen) > first + _ON_PAGE


def _is_seen(product: str | None) -> bool:
    seen = products_seen()
    return seen is None or product is None or product in seen


def _product(connection: Connection, office: Office, call: Call) -> str | None:
    """Return the product that a call is about; None where it is about none."""
    about, _, id = call.subject.partition(":")
    policy_id: int | None = None
    if about == "case":
        case = case_with_id(connection, office.store.keys, int(id))
        return case.product if case else None
    if about == "policy":
        policy_id = int(id)
    elif about == "child":
        child = children.child_with_id(connection, office.store.keys, int(id))
        policy_id = child.policy_id if child else None
    policy = policies.by_id(connection, office.store.keys, policy_id) if policy_id is not None else None
    return policy.product if policy else None


def _line(connection: Connection, office: Office, desk: PersonDesk, call: Call, *, phone_of: int | None) -> Line:
    about, _, id = call.subject.partition(":")
    case = case_with_id(connection, office.store.keys, int(id)) if about == "case" else None
    product = _product(connection, office, call)
    what = service_name(office.library, case.product, case.service) if case else ""
    named = product_name(office.library, product) if product else ""
    return Line(
        id=call.id,
        title=_TITLES.get(call.kind) or _title(call.kind),
        about=" · ".join(
            part
            for part in (
                what,
                named,
                _ABOUT.get(str(call.detail.get("about", "")), ""),
                "多次没有联系上" if call.detail.get("unreached") else "",
            )
            if part
        ),
        who=who_of(connection, office.store.keys, contact_id=call.contact_id) if call.contact_id else "",
        contact_id=call.contact_id,
        case_number=case.number if case else None,
        due=due_words(call.due_at, is_paused=False, is_open=call.done_at is None, now=office.clock()),
        done_at=call.done_at,
        done_by=(call.done_by or "").removeprefix("user:"),
        attempts=tuple((_OUTCOMES[one.outcome], one) for one in call.attempts),
        phone=desk.worker().phone_of(connection, call) or "没有留电话" if phone_of == call.id else "",
    )


def _title(kind: str) -> str:
    try:
        return kind_title(kind).removesuffix("提醒")
    except ConfigurationFault:  # no kind of reminder
        return kind


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(CHINA)


def _page() -> int:
    text = request.args.get("page", "")
    return min(max(int(text), 1), 10_000) if text.isascii() and text.isdigit() and len(text) < 6 else 1
