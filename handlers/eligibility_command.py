"""The command that judges eligibility from policy data, in the contract's shape."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import date
from typing import Any

import click

from bot.errors import UserFault
from bot.store.store import Store
from care import policies
from care.eligibility import Verdict, judge
from care.insurer import insured_named
from care.policy import Insured, Policy
from care.uses import HOLDER, taken
from knowledge.library import Library

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]


def eligibility_command(
    *, open_store: Callable[[], Store], library: Callable[[], Library], guard: Guard
) -> click.Command:
    """Return the command `eligibility`. `guard` turns its faults into an exit code and a line."""

    @click.command("eligibility")
    @click.option("--policy", "policy_no", required=True, help="The policy's number.")
    @click.option("--service", required=True, help="The service's id, such as inpatient-advance.")
    @click.option("--on", "on", required=True, help="The day asked about, YYYY-MM-DD.")
    @click.option("--insured", help="Whom it is for, where the policy covers several.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
    @guard
    def eligibility(policy_no: str, service: str, on: str, insured: str | None, as_json: bool) -> None:
        """Judge whether a service may be used on a day, with every check and its clause."""
        with closing(open_store()) as store:
            verdict = _verdict(store, library(), policy_no=policy_no, service=service, on=_day(on), name=insured)
        if as_json:
            click.echo(json.dumps(verdict.to_json(), ensure_ascii=False))
            return
        click.echo(f"{verdict.decision} (from {verdict.eligible_from or '-'}, uses left {verdict.uses_left})")
        for check in verdict.checks:
            click.echo(f"{check.result:>8} {check.check}: {check.why} {' '.join(check.clause)}")

    return eligibility


def _verdict(store: Store, library: Library, *, policy_no: str, service: str, on: date, name: str | None) -> Verdict:
    with store.reading() as connection:
        policy = policies.by_number(connection, store.keys, policy_no)
        if policy is None or policy.id is None:
            raise UserFault(f"--policy {policy_no}: there is no such policy; import it, or check the number")
        handbook = library.handbooks.get(policy.product)
        flow = handbook.flows.get(service) if handbook else None
        if flow is None and not any(service in one.flows for one in library):
            raise UserFault(f"--service {service}: no product has it; use one of {_services(library)}")
        insured = _insured(policy, name)
        person = HOLDER if insured is None or insured.relation == "self" else str(insured.id)
        used = taken(connection, policy.id, person, service)
    return judge(flow.eligibility if flow else None, policy, on=on, insured=insured, taken=used)


def _insured(policy: Policy, name: str | None) -> Insured | None:
    if name is not None:
        found = insured_named(policy, name)
        if found is not None:
            return found
        if name.strip() == policy.holder_name:
            return None
        raise UserFault("--insured: the policy covers nobody, or several, of this name; check it")
    if len(policy.insured) == 1:
        return policy.insured[0]
    own = [one for one in policy.insured if one.relation == "self"]
    if own:
        return own[0]
    raise UserFault("--insured is missing: the policy covers several people; name one")


def _services(library: Library) -> str:
    return ", ".join(sorted({service for handbook in library for service in handbook.flows}))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserFault(f"--on {text}: no date; write YYYY-MM-DD") from error
