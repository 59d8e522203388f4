"""`flask cases …`: what an operator sees, what is masked, what is audited, what the policyholder is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.keys import KeyRing
from bot.store.store import Store, open_store
from care import audit, staff
from care.workdays import WorkCalendar
from handlers.case_commands import cases_group
from handlers.case_work import CaseWorker
from knowledge.library import Library
from tests.care import papers
from tests.clocks import FixedClock
from tests.handlers.guards import as_served
from tests.handlers.office import POLICY, Office

KEYS = {"number", "product", "service", "policy_no", "insured", "step", "answers", "materials", "deadlines"}
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, keys: KeyRing, clock: FixedClock, library: Library) -> Run:
    """Run a command on a store of its own, beside the one that serves."""
    group = cases_group(
        open_store=lambda: open_store(database_url, keys), library=lambda: library, clock=clock, guard=as_served
    )
    return lambda *arguments: CliRunner().invoke(group, list(arguments))


def rows(done: Result) -> list[dict[str, Any]]:
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def readings(store: Store) -> list[tuple[str, str]]:
    with store.reading() as connection:
        trail = audit.entries(connection, store.keys, actor="command")
    return [(one.action, one.subject) for one in trail]


def test_a_case_is_listed_in_the_shape_of_the_contract(office: Office, run: Run) -> None:
    case = office.submitted()
    office.sends(papers.photo())
    office.says("1")
    office.works()
    [row] = rows(run("list", "--json"))
    assert set(row) == KEYS
    assert (row["number"], row["product"], row["service"]) == (case.number, "zhenai-wuxian-2023", "inpatient-advance")
    assert (row["policy_no"], row["insured"], row["step"]) == (POLICY, "演示甲", "submitted")
    assert row["materials"] == [{"material": "first-diagnosis-proof", "state": "kept", "type": "image/jpeg"}]
    [deadline] = row["deadlines"]
    assert (deadline["start"], deadline["due"], deadline["state"]) == ("2026-09-30", "2026-10-10", "running")


def test_answers_are_dates_and_chinese_choices_with_phones_masked(office: Office, run: Run) -> None:
    office.submitted()
    answers = rows(run("list", "--json"))[0]["answers"]
    assert answers["diagnosed_on"] == "2026-09-28"
    assert answers["item"] == "申请住院垫付"
    assert (answers["insured"], answers["applicant"], answers["medical"]) == ("演示甲", "本人办", "是")
    assert answers["phone"] == "尾号8000"
    assert "13800138000" not in run("list", "--json").output


def test_cases_are_listed_by_policy(office: Office, run: Run) -> None:
    office.submitted()
    assert len(rows(run("list", "--json", "--policy", POLICY))) == 1
    assert rows(run("list", "--json", "--policy", "DEMO-JL-0001")) == []
    unknown = run("list", "--json", "--policy", "DEMO-XX-0001")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert unknown.stderr == "error: --policy DEMO-XX-0001: there is no such policy; import it, or check the number\n"


def test_a_withdrawn_case_is_cancelled(office: Office, run: Run) -> None:
    office.submitted()
    office.says("取消申请", "确定")
    [row] = rows(run("list", "--json"))
    assert (row["step"], row["deadlines"][0]["state"]) == ("cancelled", "dropped")


def test_reading_a_case_is_audited_and_a_plain_list_shows_nothing_of_people(office: Office, run: Run) -> None:
    case = office.submitted()
    plain = run("list").stdout
    assert plain == f"{case.number}\tzhenai-wuxian-2023\tinpatient-advance\tsubmitted\n"
    assert ("reveal", f"case:{case.number}") not in readings(office.store)
    run("list", "--json")
    run("show", case.number)
    assert readings(office.store).count(("reveal", f"case:{case.number}")) == 2
    with office.store.reading() as connection:
        assert audit.verify(connection, office.store.keys) is None


def test_a_case_is_shown_with_its_timeline_and_its_legal_moves(office: Office, run: Run) -> None:
    case = office.submitted()
    shown = json.loads(run("show", case.number).stdout)
    assert shown["timeline"][0]["kind"] == "opened"
    assert shown["moves"]
    assert run("move", case.number, shown["moves"][0]).exit_code == 0


def test_a_move_tells_the_policyholder_in_plain_words(office: Office, run: Run) -> None:
    case = office.submitted()
    to = json.loads(run("show", case.number).stdout)["moves"][0]
    done = run("move", case.number, to, "--note", "只给同事看")
    assert done.stdout == f"{case.number}: {to}\n"
    [told] = office.works()
    assert case.number in told
    assert "新进展" in told
    assert "只给同事看" not in told
    assert ("case moved", f"case:{case.number}") in readings(office.store)


@pytest.mark.parametrize("arguments", [("move", "nowhere"), ("move", "submitted")])
def test_an_illegal_move_names_the_legal_ones_and_moves_nothing(
    office: Office, run: Run, arguments: tuple[str, str]
) -> None:
    case = office.submitted()
    done = run(arguments[0], case.number, arguments[1])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "it can go to" in done.stderr
    assert office.works() == []


def test_an_unknown_case_ends_with_2_and_one_line(office: Office, run: Run) -> None:
    for command in (("show", "20260101-XXXXXX"), ("move", "20260101-XXXXXX", "a"), ("cancel", "20260101-XXXXXX")):
        done = run(*command)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == "error: there is no case 20260101-XXXXXX\n"


def test_withdrawing_for_a_policyholder_tells_them_what_became_of_the_use(office: Office, run: Run) -> None:
    case = office.submitted()
    assert run("cancel", case.number).stdout == f"{case.number}: cancelled\n"
    [told] = office.works()
    assert "撤回" in told
    assert "次数已退回" in told
    again = run("cancel", case.number)
    assert again.exit_code == 2
    assert "closed" in again.stderr


def test_nobody_is_told_of_the_case_of_a_deleted_person(office: Office, run: Run) -> None:
    case = office.submitted()
    office.says("删除我的信息", "确定")
    to = json.loads(run("show", case.number).stdout)["moves"][0]
    assert run("move", case.number, to).exit_code == 0
    assert office.works() == []


def test_a_long_list_comes_whole_and_in_order(office: Office, run: Run) -> None:
    case = office.submitted()
    numbers = office.copied(case, times=450)
    assert [row["number"] for row in rows(run("list", "--json"))] == [case.number, *numbers]
    newest_first = [row["number"] for row in rows(run("list", "--json", "--policy", POLICY))]
    assert newest_first == [*reversed(numbers), case.number]


def test_a_shown_case_tells_of_its_papers_and_how_they_were_judged(office: Office, run: Run, library: Library) -> None:
    case = office.submitted()
    office.sends(papers.photo())
    office.says("1")
    office.works()
    worker = CaseWorker(library=library, keys=office.store.keys, calendar=WorkCalendar.load(), actor="user:li")
    office.store.write(lambda connection: worker.refuse(connection, case.number, 1, "缺页", now=office.clock()))
    [paper] = json.loads(run("show", case.number).stdout)["papers"]
    assert (paper["number"], paper["material"], paper["state"]) == (1, "first-diagnosis-proof", "refused")
    assert paper["judged"] == {"verdict": "refused", "by": "user:li", "reason": "缺页"}


def test_a_case_is_given_to_a_health_manager_by_name_only(office: Office, run: Run) -> None:
    case = office.submitted()
    for name, role in (("li", "manager"), ("shen", "auditor")):
        told = {"name": name, "role": role, "password_hash": "x", "must_change": False, "now": office.clock()}
        office.store.write(lambda connection, told=told: staff.add_member(connection, **told))
    assert run("assign", case.number, "li").stdout == f"{case.number}: li\n"
    assert json.loads(run("show", case.number).stdout)["owner"] == "li"
    for wrong in ("shen", "nobody"):
        done = run("assign", case.number, wrong)
        assert (done.exit_code, "no health manager" in done.stderr) == (2, True)
    assert run("assign", case.number).stdout == f"{case.number}: -\n"
    assert ("case assigned", f"case:{case.number}") in readings(office.store)
