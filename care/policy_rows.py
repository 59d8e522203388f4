"""One row of an insurer's policies, checked whole: a policy with one insured person, or everything that is wrong.

The reasons are for operators; they name columns and never quote what stands in them.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date

from bot.slots.id_numbers import birth_of
from care.csv_file import Columns
from care.names import same_name
from care.policy import Insured, Policy
from care.row_cells import RowCells, RowRefused

REQUIRED = [
    *("policy_no", "product", "plan", "status", "effective_on", "expires_on"),
    *("holder_name", "holder_id_no", "holder_phone"),
    *("insured_name", "insured_id_no", "insured_birth", "insured_sex", "relation"),
]
OPTIONAL = ["options", "lapsed_on", "reinstated_on", "waiting_period_days"]
COLUMNS = Columns(required=REQUIRED, optional=OPTIONAL)
PLANS = ("", "standard", "plus")
STATUSES = ("active", "lapsed", "surrendered")
RELATIONS = ("self", "spouse", "child", "parent", "other")
OPTIONS = ("vaccine", "dental", "vision")
_NONE_BOUGHT = "none"
_LONGEST_WAIT_DAYS = 3650


def read_policy(cells: Mapping[str, str], *, products: Collection[str], today: date) -> Policy:
    """Return the policy of a row with its one insured person. Raises RowRefused with every fault found.

    Identity numbers are checked by birth date and check digit, not by area code (GB 11643-1999).
    """
    row = _Row(cells, today, optional=OPTIONAL)
    holder_name, holder_id = row.name("holder_name"), row.identity("holder_id_no")
    person = _insured(row, holder_name=holder_name, holder_id=holder_id)
    policy = Policy(
        number=row.number("policy_no"),
        product=row.product(products),
        plan=row.one_of("plan", PLANS),
        status=row.one_of("status", STATUSES),
        effective_on=row.day("effective_on") or today,
        expires_on=row.day("expires_on") or today,
        options=row.options(),
        waiting_period_days=row.days("waiting_period_days"),
        holder_name=holder_name,
        holder_id_number=holder_id,
        holder_phone=row.phone("holder_phone"),
        insured=(person,),
        lapsed_on=row.day("lapsed_on"),
        reinstated_on=row.day("reinstated_on"),
    )
    _check_days(row, policy)
    if row.faults:
        raise RowRefused(row.faults)
    return policy


def _insured(row: "_Row", *, holder_name: str, holder_id: str) -> Insured:
    name, id_number = row.name("insured_name"), row.identity("insured_id_no")
    birth, sex = row.day("insured_birth"), row.one_of("insured_sex", ("M", "F"))
    relation = row.one_of("relation", RELATIONS)
    if id_number and birth and birth_of(id_number) != birth:
        row.fault("insured_birth is not the birth date in insured_id_no")
    if id_number and sex and (int(id_number[16]) % 2 == 1) != (sex == "M"):
        row.fault("insured_sex is not the sex in insured_id_no")
    if id_number and holder_id and relation:
        _check_relation(row, is_self=relation == "self", is_holder=id_number == holder_id)
        if id_number == holder_id and name and holder_name and not same_name(name, holder_name):
            row.fault("holder and insured have the same identity number but different names")
    return Insured(name=name, id_number=id_number, birth=birth or row.today, sex=sex, relation=relation)


def _check_relation(row: "_Row", *, is_self: bool, is_holder: bool) -> None:
    if is_self and not is_holder:
        row.fault("relation is self, but insured_id_no is not holder_id_no")
    if is_holder and not is_self:
        row.fault("insured_id_no is holder_id_no, but relation is not self")


def _check_days(row: "_Row", policy: Policy) -> None:
    later = {
        "expires_on": policy.expires_on,
        "lapsed_on": policy.lapsed_on,
        "reinstated_on": policy.reinstated_on,
    }
    for name, day in later.items():
        if day and day < policy.effective_on and not row.has_fault(name, "effective_on"):
            row.fault(f"{name} is before effective_on")


class _Row(RowCells):
    """The cells that only a policy has."""

    def product(self, products: Collection[str]) -> str:
        text = self.narrow("product")
        if text not in products:
            self.fault(f"product is unknown; use one of {', '.join(sorted(products))}")
        return text

    def days(self, column: str) -> int | None:
        text = self.narrow(column)
        if not text:
            return None
        if re.fullmatch(r"\d{1,5}", text, re.ASCII) and int(text) <= _LONGEST_WAIT_DAYS:
            return int(text)
        self.fault(f"{column} must be a whole number of days from 0 to {_LONGEST_WAIT_DAYS}")
        return None

    def options(self) -> frozenset[str] | None:
        """None for an empty cell (unknown what was bought); the word none for nothing bought."""
        chosen = [one.strip() for one in self.narrow("options").split(";") if one.strip()]
        if chosen == [_NONE_BOUGHT]:
            return frozenset()
        if not set(chosen) <= set(OPTIONS):
            self.fault(f"options holds an unknown one; use {';'.join(OPTIONS)}, none, or leave it empty if unknown")
        return frozenset(chosen) or None
