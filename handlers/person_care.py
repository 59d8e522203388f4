"""What a health manager does for a person beside their cases: locks, reminders, calls, a child's doses.

Each act is one transaction's work, with an audit row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.keys import KeyRing
from care import (
    attempts,
    audit,
    bindings,
    call_attempts,
    child_records,
    children,
    person_reminders,
    policies,
    reminders,
)
from care.call_attempts import Call, Outcome
from care.case_records import case_with_id
from care.child import Child, RecordRefused
from care.quiet_hours import next_allowed
from care.workdays import WorkCalendar
from handlers.case_work import LONGEST_REASON, Refused
from handlers.replanning import kinds, replan_child, replan_person
from knowledge.library import Library

AGAIN_AFTER = timedelta(hours=2)  # when nobody was reached, unless somebody says otherwise
_FURTHEST = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class PersonWorker:
    """Looks after people as `actor` (user:<name> or command)."""

    library: Library
    keys: KeyRing
    calendar: WorkCalendar
    actor: str

    def unlock(self, connection: Connection, contact_id: int, *, now: datetime) -> int:
        """Let somebody verify again who was locked; returns how many locks ended. Raises Refused where none stood."""
        ended = attempts.unlock(connection, contact_id, now=now)
        if not ended:
            raise Refused("没有锁定，可以直接核对。")
        self._audited(connection, "verification unlocked", f"contact:{contact_id}", now, {"locks": ended})
        return ended

    def unlock_policy(self, connection: Connection, number: str, *, now: datetime) -> None:
        """Let a policy be verified again. Raises Refused where it wasn't locked."""
        if not attempts.unlock_policy(connection, policies.number_index(self.keys, number), now=now):
            raise Refused("这张保单没有锁定。")
        policy = policies.by_number(connection, self.keys, number)
        subject = f"policy:{policy.id}" if policy is not None else "policy"
        self._audited(connection, "verification unlocked", subject, now)

    def stop_reminders(self, connection: Connection, contact_id: int, kind: str, *, now: datetime) -> None:
        """Send no more reminders of a kind (or "all") to a person. Raises Refused."""
        if kind != reminders.EVERY_KIND and kind not in kinds():
            raise Refused("没有这种提醒。")
        reminders.opt_out(connection, contact_id=contact_id, kind=kind, now=now)
        replan_person(connection, self, contact_id, now=now)  # what is work on their cases stays
        self._audited(connection, "reminders stopped", f"contact:{contact_id}", now, {"kind": kind})

    def resume_reminders(self, connection: Connection, contact_id: int, *, now: datetime) -> None:
        """Send all reminders again that a person's facts want. Raises Refused where none were stopped."""
        if not reminders.opt_in(connection, contact_id=contact_id):
            raise Refused("提醒没有停过。")
        replan_person(connection, self, contact_id, now=now)
        self._audited(connection, "reminders resumed", f"contact:{contact_id}", now)

    def send_now(self, connection: Connection, contact_id: int, id: int, *, now: datetime) -> datetime:
        """Let a planned reminder go out now; returns when: not in the quiet hours. Raises Refused."""
        self._reminder(connection, contact_id, id)
        if not person_reminders.bring_forward(connection, id, now=now):
            raise Refused("这条提醒已经发出或过期了。")
        self._audited(connection, "reminder brought forward", f"contact:{contact_id}", now, {"reminder": id})
        return next_allowed(now, seed=str(id))

    def skip(self, connection: Connection, contact_id: int, id: int, *, now: datetime) -> None:
        """Don't send one planned reminder. Raises Refused."""
        self._reminder(connection, contact_id, id)
        if not person_reminders.drop(connection, id, now=now, reason="a manager skipped it"):
            raise Refused("这条提醒已经发出或过期了。")
        self._audited(connection, "reminder skipped", f"contact:{contact_id}", now, {"reminder": id})

    def confirm_dose(
        self, connection: Connection, contact_id: int, child_id: int, dose_id: int, *, now: datetime
    ) -> None:
        """Note that the clinic's record shows a dose. Raises Refused."""
        child = self._child(connection, contact_id, child_id)
        dose = next((one for one in child.doses if one.id == dose_id), None)
        if dose is None or dose.source == "clinic_confirmed":
            raise Refused("这一针已经核对过，或已被改动。")
        confirmed = type(dose)(on=dose.on, vaccine=dose.vaccine, product=dose.product, source="clinic_confirmed")
        self._record(connection, child, confirmed, now)

    def add_dose(self, connection: Connection, contact_id: int, child_id: int, dose: Any, *, now: datetime) -> None:
        """Record a dose that a photo of the clinic's record shows. Raises Refused."""
        self._record(connection, self._child(connection, contact_id, child_id), dose, now)

    def drop_dose(self, connection: Connection, contact_id: int, child_id: int, dose_id: int, *, now: datetime) -> None:
        """Take back a dose that the clinic's record does not show. Raises Refused."""
        child = self._child(connection, contact_id, child_id)
        if not child_records.drop_dose(connection, child, dose_id, by=self.actor, now=now):
            raise Refused("这一针已被改动。")
        self._after_dose(connection, child, "dose taken back", now)

    def called(
        self,
        connection: Connection,
        call_id: int,
        outcome: Outcome,
        *,
        now: datetime,
        again_at: datetime | None = None,
        note: str = "",
    ) -> Call:
        """Note how a call went; one to make again is due at `again_at`, in two hours without it. Raises Refused."""
        due_at = None if outcome == "done" else again_at or now + AGAIN_AFTER
        if due_at is not None and not now < due_at <= now + _FURTHEST:
            raise Refused("再打的时间要在现在之后、30 天以内。")
        text = " ".join(note.split())[:LONGEST_REASON]
        if not call_attempts.note_attempt(
            connection, self.keys, call_id, outcome, actor=self.actor, now=now, due_at=due_at, note=text
        ):
            raise Refused("这个电话已经有人打过了。")
        self._audited(connection, f"call {outcome}".replace("_", " "), f"call:{call_id}", now)
        found = call_attempts.call(connection, self.keys, call_id)
        assert found is not None  # noqa: S101 - it was just changed
        return found

    def phone_of(self, connection: Connection, call: Call) -> str:
        """Return whom to call about a task: the number of the application, else the policyholder's; "" where none is
        known. The caller audits it."""
        about, _, id = call.subject.partition(":")
        policy_id: int | None = None
        if about == "case":
            case = case_with_id(connection, self.keys, int(id))
            if case is not None and case.answers.get("phone"):
                return str(case.answers["phone"])
            policy_id = case.policy_id if case else None
        elif about == "policy":
            policy_id = int(id)
        elif about == "child":
            child = children.child_with_id(connection, self.keys, int(id))
            policy_id = child.policy_id if child else None
        if policy_id is None and call.contact_id is not None:
            bound = bindings.of_contact(connection, call.contact_id)
            policy_id = bound[0].policy_id if bound else None
        policy = policies.by_id(connection, self.keys, policy_id) if policy_id is not None else None
        return policy.holder_phone if policy else ""

    def _reminder(self, connection: Connection, contact_id: int, id: int) -> None:
        found = person_reminders.reminder(connection, id)
        if found is None or found.contact_id != contact_id:
            raise Refused("没有这条提醒。")

    def _child(self, connection: Connection, contact_id: int, child_id: int) -> Child:
        if not children.is_of_contact(connection, child_id, contact_id):
            raise Refused("这位客户没有这个孩子的档案。")
        found = children.child_with_id(connection, self.keys, child_id)
        assert found is not None  # noqa: S101 - just found to be theirs
        return found

    def _record(self, connection: Connection, child: Child, dose: Any, now: datetime) -> None:
        try:
            child_records.add_doses(connection, self.keys, child, [dose], by=self.actor, now=now)
        except RecordRefused as fault:
            raise Refused(_DOSE_FAULTS.get(fault.fault, "这一针记不上，请核对。")) from fault
        self._after_dose(connection, child, "dose confirmed", now)

    def _after_dose(self, connection: Connection, child: Child, action: str, now: datetime) -> None:
        again = children.child_with_id(connection, self.keys, child.id)
        if again is not None:
            replan_child(connection, self, again, now=now)
        self._audited(connection, action, f"child:{child.id}", now)

    def _audited(
        self, connection: Connection, action: str, subject: str, now: datetime, detail: Mapping[str, Any] | None = None
    ) -> None:
        audit.append(connection, self.keys, actor=self.actor, action=action, subject=subject, now=now, detail=detail)


_DOSE_FAULTS = {
    "unknown_vaccine": "没有这种疫苗。",
    "before_birth": "日期早于孩子出生，请核对。",
    "future": "日期在今天之后，请核对。",
    "same_day": "同一天已经记了同类的另一针，请先核对那一针。",
}
