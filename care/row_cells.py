"""The cells of one row that an operator imports, read one by one; what is wrong with them is gathered.

The reasons are for operators; they name columns and never quote what stands in them.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from bot.slots.id_numbers import fault_of
from bot.slots.phones import is_phone

_ID_FAULTS = {
    "length": "must have 17 digits and a check digit",
    "birth": "holds a birth date that cannot be",
    "check": "has a wrong check digit",
}


class RowRefused(Exception):
    """What is wrong with a row: plain sentences, one a fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))


class RowCells:
    """The cells of a row; gathers what is wrong with them. A faulty or empty cell reads as "" or None."""

    def __init__(self, cells: Mapping[str, str], today: date, *, optional: Collection[str]) -> None:
        self._cells = cells
        self._optional = optional
        self.today = today
        self.faults: list[str] = []

    def fault(self, reason: str) -> None:
        """Note what is wrong."""
        self.faults.append(reason)

    def has_fault(self, *columns: str) -> bool:
        """Whether something is wrong with one of these columns."""
        return any(fault.startswith(f"{column} ") for fault in self.faults for column in columns)

    def number(self, column: str) -> str:
        """Read a policy number; a spreadsheet may have rounded it."""
        text = self.narrow(column)
        if not re.search(r"[0-9A-Za-z]", text) or len(text) > 64 or not text.isprintable():
            self.fault(f"{column} is empty" if not text else f"{column} is no policy number")
        elif re.fullmatch(r"\d(\.\d+)?E\+\d+", text, re.IGNORECASE):
            self.fault(f"{column} was rounded by a spreadsheet (…E+…): format the column as text and export it again")
        return text

    def one_of(self, column: str, choices: tuple[str, ...]) -> str:
        """Read one of a few words."""
        text = self.narrow(column)
        if text in choices:
            return text
        allowed = ", ".join(choice or "(empty)" for choice in choices)
        self.fault(f"{column} {'is empty' if not text else 'is unknown'}; use one of {allowed}")
        return ""

    def name(self, column: str) -> str:
        """Read a person's name."""
        text = self._cells.get(column, "").strip()
        if not text:
            self.fault(f"{column} is empty")
        elif len(text) > 60 or not text.isprintable() or re.search(r"\d{3}", text):
            self.fault(f"{column} is no name")
        return text

    def identity(self, column: str) -> str:
        """Read an identity number (GB 11643-1999)."""
        text = self.narrow(column).replace(" ", "").upper()
        fault = fault_of(text, today=self.today)
        if fault is None:
            return text
        if "E+" in text:
            self.fault(f"{column} was rounded by a spreadsheet (…E+…): format the column as text and export it again")
        else:
            self.fault(f"{column} {_ID_FAULTS[fault] if text else 'is empty'}")
        return ""

    def phone(self, column: str) -> str:
        """Read a telephone number of mainland China."""
        text = re.sub(r"^(\+86|0086)|[\s()-]", "", self.narrow(column).replace(" ", ""))
        if not is_phone(text):
            self.fault(f"{column} is empty" if not text else f"{column} is no telephone number of mainland China")
        return text

    def day(self, column: str) -> date | None:
        """Read a day written YYYY-MM-DD."""
        text = self.narrow(column)
        if not text and column in self._optional:
            return None
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) and text >= "1900":
                return date.fromisoformat(text)
        except ValueError:
            pass
        self.fault(f"{column} {'is no day' if text else 'is empty'}; write it as YYYY-MM-DD")
        return None

    def narrow(self, column: str) -> str:
        """Return a cell with wide letters and figures made narrow."""
        return unicodedata.normalize("NFKC", self._cells.get(column, "")).strip()
