"""`flask eligibility`: the verdict in the contract's shape, from policy data and the uses that are taken."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.keys import KeyRing
from bot.store.store import open_store
from care.policy_import import DEMO_POLICIES, import_policies
from handlers.eligibility_command import eligibility_command
from knowledge.library import Library
from tests.clocks import FixedClock
from tests.handlers.guards import as_served

Ask = Callable[..., Result]
# Of the demo's policies.
FAMILY, NEW, UNSAID, LAPSED, CHILDREN = "DEMO-WX-0001", "DEMO-WX-0002", "DEMO-JL-0002", "DEMO-JL-0003", "DEMO-CZ-0001"


@pytest.fixture
def ask(database_url: str, keys: KeyRing, clock: FixedClock, library: Library) -> Ask:
    store = open_store(database_url, keys)
    import_policies(DEMO_POLICIES, store=store, products=library.handbooks, clock=clock)
    store.close()
    command = eligibility_command(
        open_store=lambda: open_store(database_url, keys), library=lambda: library, guard=as_served
    )

    def run(policy: str, service: str, on: str, *more: str) -> Result:
        return CliRunner().invoke(command, ["--policy", policy, "--service", service, "--on", on, *more])

    return run


def verdict(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    [line] = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    assert set(found) == {"decision", "eligible_from", "uses_left", "needs", "checks"}
    assert all(set(check) == {"check", "result", "why", "clause"} for check in found["checks"])
    return found


@pytest.mark.parametrize(
    ("policy", "service", "on", "decision", "eligible_from", "uses_left"),
    [
        (FAMILY, "inpatient-advance", "2026-11-22", "eligible", "2025-04-14", 1),
        (FAMILY, "text-consultation", "2026-11-22", "eligible", "2025-03-15", None),
        (NEW, "inpatient-advance", "2026-10-09", "not_eligible", "2026-10-10", 1),
        (NEW, "inpatient-advance", "2026-10-10", "eligible", "2026-10-10", 1),
        (UNSAID, "car-t", "2026-11-22", "unknown", None, 1),
        (FAMILY, "car-t", "2026-11-22", "not_eligible", None, 0),
    ],
)
def test_a_verdict_has_the_shape_of_the_contract(
    ask: Ask, policy: str, service: str, on: str, decision: str, eligible_from: str | None, uses_left: int | None
) -> None:
    found = verdict(ask(policy, service, on, "--json"))
    assert (found["decision"], found["eligible_from"], found["uses_left"]) == (decision, eligible_from, uses_left)


def test_a_lapsed_policy_names_the_checks_that_fail(ask: Ask) -> None:
    found = verdict(ask(LAPSED, "video-consultation", "2026-11-22", "--json"))
    assert found["decision"] == "not_eligible"
    assert [check["check"] for check in found["checks"] if check["result"] == "fail"] == ["policy_in_force", "no_lapse"]


def test_a_policy_of_several_wants_a_name(ask: Ask) -> None:
    done = ask(CHILDREN, "vaccine-appointment", "2026-11-22", "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "error: --insured is missing: the policy covers several people; name one\n"
    named = ask(CHILDREN, "vaccine-appointment", "2026-11-22", "--json", "--insured", "演示大宝")
    assert verdict(named)["decision"] == "eligible"
    assert ask(CHILDREN, "vaccine-appointment", "2026-11-22", "--insured", "演示甲").exit_code == 2


def test_without_json_a_person_reads_it(ask: Ask) -> None:
    done = ask(FAMILY, "inpatient-advance", "2026-11-22")
    assert done.exit_code == 0
    assert done.stdout.startswith("eligible (from 2025-04-14, uses left 1)\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("NO-SUCH", "car-t", "2026-11-22"), "--policy NO-SUCH: there is no such policy"),
        ((FAMILY, "no-such", "2026-11-22"), "--service no-such: no product has it; use one of car-t, "),
        ((FAMILY, "inpatient-advance", "2026-02-30"), "--on 2026-02-30: no date; write YYYY-MM-DD"),
        ((FAMILY, "inpatient-advance", "22.11.2026"), "--on 22.11.2026: no date"),
    ],
)
def test_what_is_called_wrongly_ends_with_2_and_one_line(ask: Ask, arguments: tuple[str, ...], words: str) -> None:
    done = ask(*arguments, "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {words}")
    assert done.stderr.count("\n") == 1
