"""One row of an insurer's policies, checked whole: a policy with one insured person, or everything that is wrong.

The reasons are for operators; they name columns and never quote what stands in them.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from bot.slots.id_numbers import birth_of, fault_of
from bot.slots.phones import is_phone
from care.names import same_name
from care.policy import Insured, Policy

REQUIRED = [
    *("policy_no", "product", "plan", "status", "effective_on", "expires_on"),
    *("holder_name", "holder_id_no", "holder_phone"),
    *("insured_name", "insured_id_no", "insured_birth", "insured_sex", "relation"),
]
OPTIONAL = ["options", "lapsed_on", "reinstated_on", "waiting_period_days"]
PLANS = ("", "standard", "plus")
STATUSES = ("active", "lapsed", "surrendered")
RELATIONS = ("self", "spouse", "child", "parent", "other")
OPTIONS = ("vaccine", "dental", "vision")
_NONE_BOUGHT = "none"
_LONGEST_WAIT_DAYS = 3650
_ID_FAULTS = {
    "length": "must have 17 digits and a check digit",
    "birth": "holds a birth date that cannot be",
    "check": "has a wrong check digit",
}


class RowRefused(Exception):
    """What is wrong with a row: plain sentences, one a fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))


def read_policy(cells: Mapping[str, str], *, products: Collection[str], today: date) -> Policy:
    """Return the policy of a row with its one insured person. Raises RowRefused with every fault found.

    Identity numbers are checked by birth date and check digit, not by area code (GB 11643-1999).
    """
    row = _Row(cells, today)
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


class _Row:
    """The cells of a row; gathers what is wrong with them. A faulty or empty cell reads as "" or None."""

    def __init__(self, cells: Mapping[str, str], today: date) -> None:
        self._cells = cells
        self.today = today
        self.faults: list[str] = []

    def fault(self, reason: str) -> None:
        self.faults.append(reason)

    def has_fault(self, *columns: str) -> bool:
        return any(fault.startswith(f"{column} ") for fault in self.faults for column in columns)

    def number(self, column: str) -> str:
        text = self._narrow(column)
        if not re.search(r"[0-9A-Za-z]", text) or len(text) > 64 or not text.isprintable():
            self.fault(f"{column} is empty" if not text else f"{column} is no policy number")
        elif re.fullmatch(r"\d(\.\d+)?E\+\d+", text, re.IGNORECASE):
            self.fault(f"{column} was rounded by a spreadsheet (…E+…): format the column as text and export it again")
        return text

    def product(self, products: Collection[str]) -> str:
        text = self._narrow("product")
        if text not in products:
            self.fault(f"product is unknown; use one of {', '.join(sorted(products))}")
        return text

    def one_of(self, column: str, choices: tuple[str, ...]) -> str:
        text = self._narrow(column)
        if text in choices:
            return text
        allowed = ", ".join(choice or "(empty)" for choice in choices)
        self.fault(f"{column} {'is empty' if not text else 'is unknown'}; use one of {allowed}")
        return ""

    def name(self, column: str) -> str:
        text = self._cells.get(column, "").strip()
        if not text:
            self.fault(f"{column} is empty")
        elif len(text) > 60 or not text.isprintable() or re.search(r"\d{3}", text):
            self.fault(f"{column} is no name")
        return text

    def identity(self, column: str) -> str:
        text = self._narrow(column).replace(" ", "").upper()
        fault = fault_of(text, today=self.today)
        if fault is None:
            return text
        if "E+" in text:
            self.fault(f"{column} was rounded by a spreadsheet (…E+…): format the column as text and export it again")
        else:
            self.fault(f"{column} {_ID_FAULTS[fault] if text else 'is empty'}")
        return ""

    def phone(self, column: str) -> str:
        text = re.sub(r"^(\+86|0086)|[\s()-]", "", self._narrow(column).replace(" ", ""))
        if not is_phone(text):
            self.fault(f"{column} is empty" if not text else f"{column} is no telephone number of mainland China")
        return text

    def day(self, column: str) -> date | None:
        text = self._narrow(column)
        if not text and column in OPTIONAL:
            return None
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) and text >= "1900":
                return date.fromisoformat(text)
        except ValueError:
            pass
        self.fault(f"{column} {'is no day' if text else 'is empty'}; write it as YYYY-MM-DD")
        return None

    def days(self, column: str) -> int | None:
        text = self._narrow(column)
        if not text:
            return None
        if re.fullmatch(r"\d{1,5}", text, re.ASCII) and int(text) <= _LONGEST_WAIT_DAYS:
            return int(text)
        self.fault(f"{column} must be a whole number of days from 0 to {_LONGEST_WAIT_DAYS}")
        return None

    def options(self) -> frozenset[str] | None:
        """None for an empty cell (unknown what was bought); the word none for nothing bought."""
        chosen = [one.strip() for one in self._narrow("options").split(";") if one.strip()]
        if chosen == [_NONE_BOUGHT]:
            return frozenset()
        if not set(chosen) <= set(OPTIONS):
            self.fault(f"options holds an unknown one; use {';'.join(OPTIONS)}, none, or leave it empty if unknown")
        return frozenset(chosen) or None

    def _narrow(self, column: str) -> str:
        return unicodedata.normalize("NFKC", self._cells.get(column, "")).strip()
