"""An insurer's core system as a place to verify policies (docs/insurer-api.yaml). The call itself is handed in.

Its answer is checked like a row of a file, and against the claim: a core system that answers too freely gives nobody
a policy that is not theirs.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from bot.clock import Clock, in_china
from bot.errors import RefusedInput
from care.insurer import Claim, Found, agreeing, digits_of
from care.policies import plain_number
from care.policy import Policy
from care.policy_rows import OPTIONAL, REQUIRED, read_policy
from care.row_cells import RowRefused

Ask = Callable[[str, Mapping[str, Any]], Any]

FIND = "/v1/policies/find"
_MOST_POLICIES = 50
_MOST_INSURED = 50
_OF_INSURED = ("insured_name", "insured_id_no", "insured_birth", "insured_sex", "relation")
_OF_POLICY = tuple(column for column in (*REQUIRED, *OPTIONAL) if column not in (*_OF_INSURED, "options"))


class CoreSystem:
    """Implements Insurer by asking the insurer's core system each time."""

    def __init__(self, ask: Ask, *, clock: Clock) -> None:
        """`ask` POSTs a question to a path and returns the answer's JSON, None for "not found" (SignedApi.ask)."""
        self._ask, self._clock = ask, clock

    def find(self, claim: Claim) -> Found | None:
        """See Insurer. Raises also RefusedInput for an answer that the interface does not allow."""
        answer = self._ask(FIND, _question(claim))
        if answer is None:
            return None
        today = in_china(self._clock()).date()
        policies = [_policy(one, today) for one in _listed(answer, "policies") if _is_of(one, claim.product)]
        return agreeing(policies, claim)


def _question(claim: Claim) -> dict[str, str]:
    question = {
        "product": claim.product,
        "insured_name": claim.insured_name.strip(),
        "phone_last4": digits_of(claim.phone_last4),
    }
    if claim.number is not None:
        return {**question, "policy_no": claim.number.strip()}
    return {**question, "holder_id_no": plain_number(claim.holder_id_number or "")}


def _is_of(told: Any, product: str) -> bool:
    if not isinstance(told, dict):
        raise _refused("a policy is no object")
    return bool(told.get("product") == product)


def _policy(told: Mapping[str, Any], today: date) -> Policy:
    people = _listed(told, "insured")
    if not people:
        raise _refused("a policy without insured persons")
    shared = {column: _text(told, column) for column in _OF_POLICY}
    shared["options"] = _options(told)
    rows = [_row(shared, person, today) for person in people]
    return replace(rows[0], insured=tuple(row.insured[0] for row in rows))


def _row(shared: Mapping[str, str], person: Any, today: date) -> Policy:
    if not isinstance(person, dict):
        raise _refused("an insured person is no object")
    cells = {column: _text(person, column) for column in _OF_INSURED}
    try:
        return read_policy({**shared, **cells}, products=[shared["product"]], today=today)
    except RowRefused as refused:
        raise _refused(str(refused)) from refused


def _options(told: Mapping[str, Any]) -> str:
    """An absent list, or null: unknown what was bought; an empty one: nothing."""
    options = told.get("options")
    if options is None:
        return ""
    if not isinstance(options, list) or not all(isinstance(one, str) for one in options):
        raise _refused("options is no list of words")
    return ";".join(options) or "none"


def _text(told: Mapping[str, Any], column: str) -> str:
    value = told.get(column)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _refused(f"{column} is no text")
    return str(value)


def _listed(told: Any, name: str) -> list[Any]:
    most = _MOST_POLICIES if name == "policies" else _MOST_INSURED
    listed = told.get(name) if isinstance(told, dict) else None
    if not isinstance(listed, list) or len(listed) > most:
        raise _refused(f"{name} is no list of at most {most}")
    return listed


def _refused(reason: str) -> RefusedInput:
    return RefusedInput(f"core system: {reason}")
