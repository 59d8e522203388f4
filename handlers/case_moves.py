"""Moves cases for those who work on them, and tells the policyholder of each move in plain words."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.errors import UserFault
from bot.keys import KeyRing, Unreadable
from bot.store import outbox
from care import audit, cases
from care.case_records import Case, case_of
from care.workdays import WorkCalendar
from handlers.reaching import where_open
from handlers.replanning import replan_case
from handlers.wording import say
from knowledge.flow import Flow
from knowledge.library import Library


@dataclass(frozen=True, kw_only=True)
class CaseMover:
    """Who moves cases: `actor` is user:<name> or command; `windowless`: accounts whose people can always be told."""

    library: Library
    keys: KeyRing
    calendar: WorkCalendar
    actor: str
    windowless: frozenset[str] = frozenset()

    def move(
        self, connection: Connection, number: str, to: str, *, now: datetime, note: str = "", seen: int | None = None
    ) -> Case:
        """Move a case to a step and tell its policyholder. Raises UserFault for a move that is not legal."""
        flow = self.flow_of(self.known(connection, number))
        moved = cases.move(
            connection, self.keys, flow, number, to,
            actor=self.actor, now=now, calendar=self.calendar, note=note, seen_version=seen,
        )  # fmt: skip
        self._record(connection, "case moved", number, now)
        self._tell(connection, moved.case, moved.tell, now)
        replan_case(connection, self, moved.case, now=now)
        return moved.case

    def cancel(self, connection: Connection, number: str, *, now: datetime, note: str = "") -> Case:
        """Withdraw a case at its policyholder's wish, and tell them what became of the use."""
        flow = self.flow_of(self.known(connection, number))
        withdrawn = cases.cancel(
            connection, self.keys, flow, number, actor=self.actor, now=now, calendar=self.calendar, note=note
        )
        self._record(connection, "case withdrawn", number, now)
        use = say(f"withdrawn_{withdrawn.use}") if withdrawn.use else ""
        self._tell(connection, withdrawn.case, say("case_withdrawn_for_you", use=use), now)
        replan_case(connection, self, withdrawn.case, now=now)
        return withdrawn.case

    def known(self, connection: Connection, number: str) -> Case:
        """Return a case. Raises UserFault for an unknown number."""
        case = case_of(connection, self.keys, number)
        if case is None:
            raise UserFault(f"there is no case {number}")
        return case

    def flow_of(self, case: Case) -> Flow:
        """Return how a case's service is run. Raises UserFault where the handbook is gone."""
        handbook = self.library.handbooks.get(case.product)
        flow = handbook.flows.get(case.service) if handbook else None
        if flow is None:
            raise UserFault(f"case {case.number}: {case.product}/{case.service} has no flow any more; restore it")
        return flow

    def _record(self, connection: Connection, action: str, number: str, now: datetime) -> None:
        audit.append(connection, self.keys, actor=self.actor, action=action, subject=f"case:{number}", now=now)

    def _tell(self, connection: Connection, case: Case, tell: str, now: datetime) -> None:
        service = self.library.handbooks[case.product].service(case.service)
        text = say("case_told", service=service.short if service else case.service, number=case.number, tell=tell)
        place, windowless = (case.contact_id, case.conversation_id), self.windowless
        try:
            outbox.add(
                connection,
                self.keys,
                conversation_id=where_open(connection, *place, windowless=windowless, now=now),
                kind="case",
                text=text,
                key=f"case-{case.id}-{case.version}",
                now=now,
            )
        except Unreadable:
            return  # the person was deleted: the case goes on, and nobody is there to be told
