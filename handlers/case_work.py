"""What a health manager does to a case beside moving it: judge papers, stop the clock, assign, note.

Each act is one transaction's work, with an audit row; what the person must know leaves by the outbox.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.errors import UserFault
from bot.keys import Unreadable
from bot.store import outbox
from care import audit, cases, material_reviews, media, promises, timeline
from care.case_records import Case
from care.material_reviews import Verdict
from care.media import Material
from handlers.case_moves import CaseMover
from handlers.case_words import acceptable_papers
from handlers.reaching import where_open
from handlers.replanning import replan_case
from handlers.wording import say

LONGEST_REASON = 200
UNSORTED = "材料"


class Refused(UserFault):
    """An act that is not possible now; `say` tells why in the words of the page."""

    def __init__(self, say: str) -> None:
        super().__init__(say)
        self.say = say


@dataclass(frozen=True, kw_only=True)
class CaseWorker(CaseMover):
    """Works on cases as `actor` (user:<name> or command)."""

    def assign(self, connection: Connection, number: str, owner: str | None, *, now: datetime) -> Case:
        """Give a case to a health manager by name, or to nobody. Raises UserFault."""
        case = cases.assign(connection, self.keys, number, owner, actor=self.actor, now=now)
        self._audited(connection, "case assigned", number, now, {"to": owner or ""})
        return case

    def note(self, connection: Connection, number: str, note: str, *, now: datetime) -> Case:
        """Write a note into the timeline; nobody outside reads it but in the copy of their data. Raises UserFault."""
        text = _said(note, "备注")
        case = cases.add_note(connection, self.keys, number, text, actor=self.actor, now=now)
        self._audited(connection, "case noted", number, now)
        return case

    def pause(self, connection: Connection, number: str, reason: str, *, now: datetime) -> int:
        """Stop the clocks of a case for a reason; they run on when it is resumed or moved on. Raises Refused."""
        case, text = self.open_one(connection, number), _said(reason, "原因")
        stopped = promises.pause(connection, case.id, now=now)
        if not stopped:
            raise Refused("没有正在走的时限，不用暂停。")
        self._noted(connection, case, "paused", now, note=text)
        self._audited(connection, "clock paused", number, now)
        replan_case(connection, self, case, now=now)
        return stopped

    def resume(self, connection: Connection, number: str, *, now: datetime) -> int:
        """Let the clocks of a case run on. Raises Refused where none was stopped, or where the step waits for the
        customer: then moving the case on resumes them."""
        case = self.open_one(connection, number)
        flow = self.flow_of(case)
        step = flow.step(case.step)
        if step is not None and step.waits_for == "customer":
            raise Refused(f"“{step.name}”这一步在等客户，时限要等办到下一步才接着走。")
        resumed = promises.resume(connection, flow, case.id, now=now, calendar=self.calendar)
        if not resumed:
            raise Refused("时限没有暂停。")
        self._noted(connection, case, "resumed", now)
        self._audited(connection, "clock resumed", number, now)
        replan_case(connection, self, case, now=now)
        return resumed

    def accept(self, connection: Connection, number: str, paper_id: int, *, now: datetime) -> None:
        """Take a paper as it is; nobody is told. Raises Refused."""
        case, paper = self.known(connection, number), self.paper(connection, number, paper_id)
        self._judged(connection, case, paper, "accepted", now, "")

    def refuse(self, connection: Connection, number: str, paper_id: int, reason: str, *, now: datetime) -> bool:
        """Ask for a paper again for a reason, which its person reads; it counts as missing from now on.

        False where nobody is there to be told. Raises Refused.
        """
        case, paper = self.open_one(connection, number), self.paper(connection, number, paper_id)
        text = _said(reason, "原因")
        review = self._judged(connection, case, paper, "refused", now, text)
        told = self._ask_again(connection, case, paper, review, text, now)
        replan_case(connection, self, case, now=now)
        return told

    def sort(self, connection: Connection, number: str, paper_id: int, material: str, *, now: datetime) -> None:
        """Say which paper of the service's list one is. Raises Refused."""
        case, paper = self.known(connection, number), self.paper(connection, number, paper_id)
        if material not in {one.id for one in acceptable_papers(self.flow_of(case), case)}:
            raise Refused("这项服务没有这份材料。")
        media.assign(connection, paper.id, case_id=case.id, material=material)
        self._noted(connection, case, "sorted", now, note=material)
        self._audited(connection, "paper sorted", number, now, {"paper": paper.id})
        replan_case(connection, self, case, now=now)

    def paper(self, connection: Connection, number: str, paper_id: int) -> Material:
        """Return a paper of this very case. Raises Refused for any other."""
        found = media.material(connection, paper_id)
        if found is None or found.case_id != self.known(connection, number).id:
            raise Refused("这件申请里没有这份材料。")
        return found

    def open_one(self, connection: Connection, number: str) -> Case:
        """Return a case under way. Raises UserFault, Refused."""
        case = self.known(connection, number)
        if not case.is_open:
            raise Refused("这件申请已经结束了。")
        return case

    def paper_name(self, case: Case, paper: Material) -> str:
        """Return what a paper is called in its service's list."""
        found = next((one for one in self.flow_of(case).materials if one.id == paper.material), None)
        return found.name if found else UNSORTED

    def _judged(
        self, connection: Connection, case: Case, paper: Material, verdict: Verdict, now: datetime, reason: str
    ) -> int:
        review = material_reviews.judge(connection, self.keys, paper, verdict, actor=self.actor, now=now, reason=reason)
        if review is None:
            raise Refused("这份材料已经这样处理过，或者还没有取到。")
        note = f"{self.paper_name(case, paper)}：{reason}" if reason else self.paper_name(case, paper)
        self._noted(connection, case, verdict, now, note=note)
        self._audited(connection, f"paper {verdict}", case.number, now, {"paper": paper.id})
        return review

    def _ask_again(
        self, connection: Connection, case: Case, paper: Material, review: int, reason: str, now: datetime
    ) -> bool:
        service = self.library.handbooks[case.product].service(case.service)
        text = say(
            "paper_sent_back",
            name=self.paper_name(case, paper),
            service=service.short if service else case.service,
            number=case.number,
            reason=reason,
        )
        try:
            where = where_open(connection, case.contact_id, case.conversation_id, windowless=self.windowless, now=now)
            return outbox.add(
                connection, self.keys, conversation_id=where, kind="case", text=text,
                key=review_key(paper.id, review), now=now,
            )  # fmt: skip
        except Unreadable:
            return False  # the person was deleted

    def _noted(self, connection: Connection, case: Case, kind: timeline.Kind, now: datetime, note: str = "") -> None:
        timeline.record(connection, self.keys, case.id, kind, actor=self.actor, now=now, note=note)

    def _audited(
        self, connection: Connection, action: str, number: str, now: datetime, detail: dict[str, object] | None = None
    ) -> None:
        audit.append(
            connection, self.keys, actor=self.actor, action=action, subject=f"case:{number}", now=now, detail=detail
        )


def review_key(paper_id: int, review: int) -> str:
    """Return the outbox key of the message that asks for a paper again."""
    return f"paper-{paper_id}-review-{review}"


def _said(text: str, what: str) -> str:
    found = " ".join(text.split())
    if not found:
        raise Refused(f"请写明{what}。")
    if len(found) > LONGEST_REASON:
        raise Refused(f"{what}太长了，最多{LONGEST_REASON}个字。")
    return found
