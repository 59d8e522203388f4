"""The rows of one import, gathered on disk: memory stays bounded, and rows are judged beside each other.

The place is a nameless temporary SQLite database that goes with its connection. Cells lie in it sealed by a key that
only this import has, and policies and people as digests by another.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from hashlib import blake2b
from itertools import groupby
from typing import Any

from bot.keys import KEY_BYTES, Cipher
from care.policies import plain_number
from care.policy import Policy

# Columns of the file that tell about the policy as a whole, and must be the same in all of its rows.
_SHARED = {
    "product": "product",
    "plan": "plan",
    "status": "status",
    "effective_on": "effective_on",
    "expires_on": "expires_on",
    "lapsed_on": "lapsed_on",
    "reinstated_on": "reinstated_on",
    "waiting_period_days": "waiting_period_days",
    "options": "options",
    "holder_name": "holder_name",
    "holder_id_number": "holder_id_no",
    "holder_phone": "holder_phone",
}
_DIGEST_BYTES = 16
_TABLE = """
    CREATE TABLE rows (
        line INTEGER PRIMARY KEY, cells BLOB NOT NULL, reason TEXT,
        policy BLOB, shared BLOB, person BLOB, personal BLOB
    )
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the file: the number of its (last) line, and column → cell."""

    line: int
    cells: Mapping[str, str]


class GatheredRows:
    """Rows that were read: those that may be taken, and those refused with the reason."""

    def __init__(self) -> None:
        self._place = sqlite3.connect("", isolation_level=None)
        self._place.execute(_TABLE)
        self._place.execute("BEGIN")  # never committed: nobody else reads it
        self._cipher = Cipher(os.urandom(KEY_BYTES))
        self._digest_key = os.urandom(KEY_BYTES)

    def close(self) -> None:
        """Delete what was gathered."""
        self._place.close()

    def add(self, row: Row, policy: Policy) -> None:
        """Keep a row that reads as this policy with its one insured person."""
        [person] = policy.insured
        shared = b"".join(self._digest(getattr(policy, name)) for name in _SHARED)
        marks = (self._digest(plain_number(policy.number)), shared, self._digest(person.id_number))
        self._insert(row, None, *marks, self._digest(astuple(person)))

    def add_refused(self, row: Row, reason: str) -> None:
        """Keep a row that cannot be taken, whatever the others say."""
        self._insert(row, reason, None, None, None, None)

    def refuse(self, rows: Iterable[Row], reason: str) -> None:
        """Refuse rows that were kept to be taken."""
        self._place.executemany("UPDATE rows SET reason = ? WHERE line = ?", [(reason, row.line) for row in rows])

    def refuse_contradictions(self) -> None:
        """Refuse the rows that contradict others of their policy (each of them: nobody knows which is right), and
        those that only repeat an earlier one."""
        self._place.execute("CREATE INDEX by_policy ON rows (policy, person) WHERE reason IS NULL")
        query = "SELECT policy, {} FROM rows WHERE reason IS NULL GROUP BY {} HAVING {}"
        differing = query.format("NULL", "policy", "min(shared) <> max(shared)")
        for policy, _ in self._place.execute(differing).fetchall():
            self._refuse_policy(policy)
        doubled = query.format("person", "policy, person", "count(*) > 1")
        for policy, person in self._place.execute(doubled).fetchall():
            self._refuse_doubled(policy, person)

    def policies(self) -> Iterator[list[Row]]:
        """Yield the rows to be taken, those of one policy together, in the order of the file."""
        query = """
            SELECT policy, line, cells FROM rows
            JOIN (SELECT policy, min(line) AS first FROM rows WHERE reason IS NULL GROUP BY policy) USING (policy)
            WHERE reason IS NULL ORDER BY first, line
        """
        for _, found in groupby(self._place.execute(query), key=lambda row: row[0]):
            yield [Row(line=line, cells=self._opened(line, cells)) for _, line, cells in found]

    def refused(self) -> Iterator[tuple[Row, str]]:
        """Yield the refused rows with their reasons, in the order of the file."""
        query = "SELECT line, cells, reason FROM rows WHERE reason IS NOT NULL ORDER BY line"
        for line, cells, reason in self._place.execute(query):
            yield Row(line=line, cells=self._opened(line, cells)), reason

    def count_refused(self) -> int:
        """Return how many rows are refused so far."""
        [(count,)] = self._place.execute("SELECT count(*) FROM rows WHERE reason IS NOT NULL")
        return int(count)

    def _refuse_policy(self, policy: bytes) -> None:
        query = "SELECT line, shared FROM rows WHERE policy = ? AND reason IS NULL ORDER BY line"
        found = self._place.execute(query, (policy,)).fetchall()
        digests = [_cut(shared) for _, shared in found]
        columns = [
            column for place, column in enumerate(_SHARED.values()) if len({digest[place] for digest in digests}) > 1
        ]
        reason = f"the rows of this policy ({_lines(line for line, _ in found)}) contradict each other in "
        self._refuse_lines((line for line, _ in found), reason + ", ".join(columns))

    def _refuse_doubled(self, policy: bytes, person: bytes) -> None:
        query = "SELECT line, personal FROM rows WHERE policy = ? AND person = ? AND reason IS NULL ORDER BY line"
        found = self._place.execute(query, (policy, person)).fetchall()
        lines = [line for line, _ in found]
        if len({personal for _, personal in found}) > 1:
            self._refuse_lines(lines, f"these rows tell one insured person differently: {_lines(lines)}")
        else:
            self._refuse_lines(lines[1:], f"this insured person of this policy is already in line {lines[0]}")

    def _refuse_lines(self, lines: Iterable[int], reason: str) -> None:
        self._place.executemany("UPDATE rows SET reason = ? WHERE line = ?", [(reason, line) for line in lines])

    def _insert(self, row: Row, reason: str | None, *marks: bytes | None) -> None:
        plain = json.dumps(dict(row.cells), ensure_ascii=False).encode("utf-8", "surrogatepass")
        sealed = self._cipher.seal(plain, place=_place(row.line))
        self._place.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)", (row.line, sealed, reason, *marks))

    def _opened(self, line: int, sealed: bytes) -> Mapping[str, str]:
        plain = self._cipher.open(sealed, place=_place(line)).decode("utf-8", "surrogatepass")
        cells: Mapping[str, str] = json.loads(plain)
        return cells

    def _digest(self, value: Any) -> bytes:
        written = ";".join(sorted(value)) if isinstance(value, frozenset) else repr(value)
        return blake2b(written.encode(), key=self._digest_key, digest_size=_DIGEST_BYTES).digest()


def _cut(shared: bytes) -> list[bytes]:
    return [shared[start : start + _DIGEST_BYTES] for start in range(0, len(shared), _DIGEST_BYTES)]


def _lines(lines: Iterable[int], *, most: int = 5) -> str:
    named = [str(line) for line in lines]
    rest = f" and {len(named) - most} more" if len(named) > most else ""
    return f"lines {', '.join(named[:most])}{rest}"


def _place(line: int) -> str:
    return f"rows|cells|{line}"
