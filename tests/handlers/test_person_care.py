"""What is done for a person beside their cases: locks ended, reminders and calls looked after, doses confirmed."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection

from bot.keys import KeyRing
from bot.store.store import open_store
from care import attempts, audit, call_attempts, call_tasks, child_records, children, person_reminders, policies
from care.child import Child, Dose
from care.policies import number_index
from care.workdays import WorkCalendar
from handlers.audit_commands import audit_group
from handlers.case_work import Refused
from handlers.child_facts import add_children_of
from handlers.person_care import PersonWorker
from handlers.verification_commands import verification_group
from knowledge.library import Library
from tests.clocks import FixedClock
from tests.handlers.guards import as_served
from tests.handlers.office import POLICY, Office

CHILDREN = ("成长优享", "DEMO-CZ-0001", "演示大宝", "0105")
PERSON = 1


@pytest.fixture
def worker(office: Office, library: Library) -> PersonWorker:
    return PersonWorker(library=library, keys=office.store.keys, calendar=WorkCalendar.load(), actor="user:guan")


def do(office: Office, worker: PersonWorker, act: str, *arguments: Any, **more: Any) -> Any:
    return office.store.write(
        lambda connection: getattr(worker, act)(connection, *arguments, now=office.clock(), **more)
    )


def actions(office: Office) -> list[str]:
    with office.store.reading() as connection:
        return [one.action for one in reversed(audit.entries(connection, office.store.keys, actor="user:guan"))]


def fail(office: Office, times: int, *, contact_id: int = PERSON, at: bytes | None = None) -> None:
    def work(connection: Connection) -> None:
        for _ in range(times):
            attempts.record(connection, contact_id=contact_id, policy_index=at, succeeded=False, now=office.clock())

    office.store.write(work)


def locks(office: Office, contact_id: int = PERSON) -> list[str]:
    with office.store.reading() as connection:
        return [one.of for one in attempts.locks_of(connection, contact_id, now=office.clock())]


def test_a_lock_ends_when_somebody_has_proved_who_they_are_by_telephone(office: Office, worker: PersonWorker) -> None:
    office.says("你好")
    with pytest.raises(Refused, match="没有锁定"):
        do(office, worker, "unlock", PERSON)
    fail(office, 5)
    assert locks(office) == ["contact"]
    do(office, worker, "unlock", PERSON)
    assert locks(office) == []
    assert office.verified().startswith("核对好了")
    assert actions(office) == ["verification unlocked"]


def test_unlocking_a_person_also_frees_the_policy_that_they_looked_for(office: Office, worker: PersonWorker) -> None:
    index = number_index(office.store.keys, POLICY)
    for contact in ("o-a", "o-b", "o-c", "o-d", "o-e"):
        office.says("你好", contact=contact)
    for contact_id in (1, 2, 3, 4, 5):
        fail(office, 4, contact_id=contact_id, at=index)
    assert locks(office, 2) == ["policy"]
    do(office, worker, "unlock", 2)
    assert locks(office, 2) == locks(office, 3) == []


def test_locks_are_listed_and_ended_by_command(
    office: Office, library: Library, database_url: str, keys: KeyRing, clock: FixedClock
) -> None:
    office.says("你好")
    fail(office, 5)
    fail(office, 20, at=number_index(keys, POLICY))
    group = verification_group(
        open_store=lambda: open_store(database_url, keys), library=lambda: library, clock=clock, guard=as_served
    )

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(group, list(arguments))

    [listed] = [json.loads(line) for line in run("locks").stdout.splitlines()]
    assert (listed["account"], listed["contact"]) == ("demo", "o-lin")
    for wrong in ((), ("--account", "demo"), ("--account", "demo", "--contact", "o-nobody")):
        assert run("unlock", *wrong).exit_code == 2
    assert run("unlock", "--policy", POLICY).exit_code == 0
    assert run("unlock", "--policy", POLICY).exit_code == 2
    assert run("unlock", "--account", "demo", "--contact", "o-lin").exit_code == 0
    assert locks(office) == []
    assert run("locks").stdout == ""


def test_the_trail_is_read_and_checked_by_command(office: Office, database_url: str, keys: KeyRing) -> None:
    office.verified()
    group = audit_group(open_store=lambda: open_store(database_url, keys), guard=as_served)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(group, list(arguments))

    rows = [json.loads(line) for line in run("list", "--actor", "contact:1", "--limit", "5").stdout.splitlines()]
    assert rows
    assert all(set(row) == {"id", "at", "actor", "action", "subject", "detail"} for row in rows)
    end = run("verify").stdout.strip()
    assert run("verify", "--known", end).stdout.strip() == end
    cut_off = run("verify", "--known", f"{int(end.split(':')[0]) + 1}:{'0' * 64}")
    assert (cut_off.exit_code, "broken at row" in cut_off.stderr) == (1, True)
    assert run("verify", "--known", "nonsense").exit_code == 2


def coming(office: Office) -> list[person_reminders.Seen]:
    with office.store.reading() as connection:
        return person_reminders.coming(connection, PERSON, now=office.clock())


def test_reminders_are_skipped_stopped_and_resumed(office: Office, worker: PersonWorker) -> None:
    office.submitted()
    planned = coming(office)
    assert planned
    first = planned[0]
    do(office, worker, "skip", PERSON, first.id)
    assert first.id not in [one.id for one in coming(office)]
    with pytest.raises(Refused, match="已经发出或过期"):
        do(office, worker, "skip", PERSON, first.id)
    do(office, worker, "stop_reminders", PERSON, "all")
    assert coming(office) == []
    do(office, worker, "resume_reminders", PERSON)
    assert {one.id for one in coming(office)} == {one.id for one in planned} - {first.id}
    with pytest.raises(Refused, match="没有停过"):
        do(office, worker, "resume_reminders", PERSON)
    with pytest.raises(Refused, match="没有这种提醒"):
        do(office, worker, "stop_reminders", PERSON, "nonsense")
    assert actions(office) == ["reminder skipped", "reminders stopped", "reminders resumed"]


def test_a_reminder_is_brought_forward_but_not_into_the_night(office: Office, worker: PersonWorker) -> None:
    office.submitted()
    [first, *_] = coming(office)
    assert do(office, worker, "send_now", PERSON, first.id) == office.clock()
    assert next(one.due_at for one in coming(office) if one.id == first.id) == office.clock()
    office.clock.now = office.clock.now.replace(hour=15)  # 23:00 in China
    assert do(office, worker, "send_now", PERSON, first.id) > office.clock()
    with pytest.raises(Refused, match="没有这条提醒"):
        do(office, worker, "send_now", 99, first.id)


def add_call(office: Office, subject: str, **more: Any) -> int:
    told = {"kind": "discharge", "contact_id": PERSON, "due_at": office.clock(), "detail": {}, "now": office.clock()}
    office.store.write(
        lambda connection: call_tasks.add(connection, office.store.keys, subject=subject, **{**told, **more})
    )
    with office.store.reading() as connection:
        return call_attempts.calls(connection, office.store.keys)[-1].id


def test_a_call_is_tried_until_somebody_is_reached_and_each_try_is_kept(office: Office, worker: PersonWorker) -> None:
    case = office.submitted()
    id = add_call(office, f"case:{case.id}")
    missed = do(office, worker, "called", id, "not_reached", note=" 没人\n接 ")
    assert missed.due_at == office.clock() + timedelta(hours=2)
    later = office.clock() + timedelta(days=1)
    assert do(office, worker, "called", id, "later", again_at=later).due_at == later
    for wrong in (office.clock(), office.clock() + timedelta(days=31)):
        with pytest.raises(Refused, match="30 天"):
            do(office, worker, "called", id, "later", again_at=wrong)
    with office.store.reading() as connection:
        assert call_attempts.count(connection, due_by=office.clock()) == 0
        assert call_attempts.count(connection) == 1
    made = do(office, worker, "called", id, "done")
    assert (made.done_by, [(one.outcome, one.note) for one in made.attempts]) == (
        "user:guan",
        [("not_reached", "没人 接"), ("later", ""), ("done", "")],
    )
    with pytest.raises(Refused, match="已经有人打过"):
        do(office, worker, "called", id, "done")
    with office.store.reading() as connection:
        assert call_attempts.calls(connection, office.store.keys) == []
        [ended] = call_attempts.calls(connection, office.store.keys, is_open=False)
        assert ended.id == id
    assert actions(office) == ["call not reached", "call later", "call done"]


def test_the_number_to_call_is_the_application_s_else_the_policyholder_s(office: Office, worker: PersonWorker) -> None:
    case = office.submitted()
    numbers = []
    for subject in (f"case:{case.id}", f"policy:{case.policy_id}", "conversation:1"):
        id = add_call(office, subject)
        with office.store.reading() as connection:
            call = call_attempts.call(connection, office.store.keys, id)
            assert call is not None
            numbers.append(worker.phone_of(connection, call))
    assert numbers[0] == "13800138000"
    assert numbers[1] == numbers[2]
    assert numbers[1].endswith("0101")


def child_of(office: Office, worker: PersonWorker) -> Child:
    def work(connection: Connection) -> None:
        policy = policies.by_number(connection, office.store.keys, CHILDREN[1])
        assert policy is not None
        add_children_of(connection, worker, policy, now=office.clock())

    office.store.write(work)
    with office.store.reading() as connection:
        return children.children_of_contact(connection, office.store.keys, PERSON)[0]


def test_doses_are_confirmed_from_a_photo_of_the_clinic_s_record(office: Office, worker: PersonWorker) -> None:
    office.verified(told=CHILDREN)
    child, keys = child_of(office, worker), office.store.keys
    told = [Dose(on=child.birth, vaccine="HepB"), Dose(on=date(2026, 3, 4), vaccine="MMR")]
    first, second = office.store.write(
        lambda connection: child_records.add_doses(connection, keys, child, told, by="contact:1", now=office.clock())
    )
    do(office, worker, "confirm_dose", PERSON, child.id, first.id)
    do(office, worker, "drop_dose", PERSON, child.id, second.id)
    added = Dose(on=date(2026, 4, 5), vaccine="MMR", source="clinic_confirmed")
    do(office, worker, "add_dose", PERSON, child.id, added)
    again = child_of(office, worker)
    assert [(one.vaccine, one.on, one.source) for one in again.doses] == [
        ("HepB", child.birth, "clinic_confirmed"),
        ("MMR", date(2026, 4, 5), "clinic_confirmed"),
    ]
    for act, *more in (
        ("confirm_dose", first.id),
        ("drop_dose", second.id),
        ("add_dose", Dose(on=child.birth - timedelta(days=1), vaccine="MMR")),
        ("add_dose", Dose(on=date(2030, 1, 1), vaccine="MMR")),
        ("add_dose", Dose(on=date(2026, 4, 5), vaccine="nonsense")),
    ):
        with pytest.raises(Refused):
            do(office, worker, act, PERSON, child.id, *more)
    office.says("你好", contact="o-stranger")
    with pytest.raises(Refused, match="没有这个孩子"):
        do(office, worker, "add_dose", 2, child.id, added)
