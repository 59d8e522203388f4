"""The page of one case, and what is done there: moving it, its clock, who has it, notes, withdrawing.

Every act is a form's POST that ends with the page again; what was not possible is said on the page.
"""

from collections.abc import Callable

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from bot.errors import UserFault
from care import audit, staff
from care.case_records import Case, case_of
from care.cases import ChangedMeanwhile
from care.workdays import WorkCalendar
from console.case_view import view_of
from console.office import Office
from console.rights import DESK, READERS, allowed, audited, current_user
from console.sight import may_see, seen
from handlers.case_work import LONGEST_REASON, CaseWorker, Refused

Page = str | tuple[str, int] | Response

_DONE = {
    "moved": "已办到下一步，已告知客户。",
    "cancelled": "已按客户的意思撤回，并告知客户。",
    "paused": "时限已暂停。",
    "resumed": "时限接着走。",
    "assigned": "已分派。",
    "noted": "已记下。",
    "accepted": "材料已通过。",
    "refused": "材料已退回，原因已发给客户。",
    "refused-untold": "材料已退回；客户已删除信息，没有人可以告知。",
    "sorted": "已归类。",
}
_CHANGED = "这件工单刚被别人改动过，没有执行。请看一下现在的情况再操作。"
_ILLEGAL = "现在的步骤不能这样走，没有执行。"


class Work:
    """What the pages of a case need to act: each act in a transaction, by the current user, with what it meets said."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._calendar = WorkCalendar.load()

    def worker(self) -> CaseWorker:
        """Return the current user as one who works on cases."""
        return CaseWorker(
            library=self.office.library,
            keys=self.office.store.keys,
            calendar=self._calendar,
            actor=current_user().actor,
            windowless=self.office.windowless,
        )

    def case(self, connection: Connection, number: str) -> Case:
        """Return a case that the current user may see, or end the page."""
        return seen(case_of(connection, self.office.store.keys, number))

    def page(self, number: str, *, wrong: str = "", done: str = "", is_revealed: bool = False, code: int = 200) -> Page:
        """Return the page of a case; reading it is audited."""
        with self.office.store.reading() as connection:
            case = self.case(connection, number)
            shown = view_of(connection, self.office, case, is_revealed=is_revealed)
            colleagues = [
                one.name
                for one in staff.everybody(connection)
                if one.is_active and one.role in DESK and (self.office.is_demo or not one.is_demo)
            ]
        self._audit_reading(number, is_revealed)
        text = render_template(
            "console/case.html",
            one=shown,
            colleagues=colleagues,
            wrong=wrong,
            done=_DONE.get(done, ""),
            longest=LONGEST_REASON,
        )
        return text, code

    def act(self, number: str, done: str, work: Callable[[CaseWorker, Connection], object]) -> Page:
        """Do something to a case that the current user may see, and show it again."""
        worker, is_seen = self.worker(), may_see

        with self.office.store.reading() as connection:
            self.case(connection, number)

        try:
            result = self.office.store.write(lambda connection: work(worker, connection))
        except Refused as fault:
            return self.page(number, wrong=fault.say, code=409)
        except ChangedMeanwhile:
            return self.page(number, wrong=_CHANGED, code=409)
        except UserFault:
            return self.page(number, wrong=_ILLEGAL, code=409)
        self.office.wake()
        with self.office.store.reading() as connection:
            case = case_of(connection, self.office.store.keys, number)
        if case is not None and not is_seen(case):
            return redirect(url_for("console.board.board"))  # given away: it is not theirs any more
        return redirect(url_for("console.cases.case", number=number, done=result if isinstance(result, str) else done))

    def _audit_reading(self, number: str, is_revealed: bool) -> None:
        if not is_revealed:
            audited(self.office, "case read", f"case:{number}")
            return
        who, now, keys = current_user().actor, self.office.clock(), self.office.store.keys
        self.office.store.write(
            lambda connection: audit.reveal(
                connection, keys, actor=who, subject=f"case:{number}", fields=("answers",), now=now
            )
        )


def case_pages(office: Office) -> Blueprint:
    """Return the pages under `/cases/<number>` but those of papers."""
    pages = Blueprint("cases", __name__)
    work, clock = Work(office), office.clock

    @pages.get("/cases/<number>")
    @allowed(*READERS)
    def case(number: str) -> Page:
        return work.page(number, done=request.args.get("done", ""))

    @pages.post("/cases/<number>/reveal")
    @allowed(*DESK)
    def reveal(number: str) -> Page:
        return work.page(number, is_revealed=True)

    @pages.post("/cases/<number>/move")
    @allowed(*DESK)
    def move(number: str) -> Page:
        to, note, seen_version = request.form.get("to", ""), _text("note"), request.form.get("seen", "")
        if not (seen_version.isascii() and seen_version.isdigit()):
            abort(400)
        return work.act(
            number,
            "moved",
            lambda worker, connection: worker.move(
                connection, number, to, now=clock(), note=note, seen=int(seen_version)
            ),
        )

    @pages.post("/cases/<number>/cancel")
    @allowed(*DESK)
    def cancel(number: str) -> Page:
        note = _text("note")
        return work.act(
            number, "cancelled", lambda worker, connection: worker.cancel(connection, number, now=clock(), note=note)
        )

    @pages.post("/cases/<number>/pause")
    @allowed(*DESK)
    def pause(number: str) -> Page:
        reason = _text("reason")
        return work.act(
            number, "paused", lambda worker, connection: worker.pause(connection, number, reason, now=clock())
        )

    @pages.post("/cases/<number>/resume")
    @allowed(*DESK)
    def resume(number: str) -> Page:
        return work.act(number, "resumed", lambda worker, connection: worker.resume(connection, number, now=clock()))

    @pages.post("/cases/<number>/assign")
    @allowed(*DESK)
    def assign(number: str) -> Page:
        name = _text("owner")
        with office.store.reading() as connection:
            member = staff.named(connection, name) if name else None
        if name and (member is None or not member.is_active or member.role not in DESK):
            return work.page(number, wrong="没有这位同事，或已停用。", code=409)
        return work.act(
            number, "assigned", lambda worker, connection: worker.assign(connection, number, name or None, now=clock())
        )

    @pages.post("/cases/<number>/note")
    @allowed(*DESK)
    def note(number: str) -> Page:
        text = _text("note")
        return work.act(number, "noted", lambda worker, connection: worker.note(connection, number, text, now=clock()))

    return pages


def _text(field: str) -> str:
    return request.form.get(field, "").strip()[: LONGEST_REASON + 1]
